//! How things are spelled.

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use crate::{enums, messages};

pub fn check(file: &FileDescriptorProto, found: &mut Vec<String>) {
    for message in messages(file) {
        check_message(message, found);
    }
    for one in enums(file) {
        check_enum(one, found);
    }
    for service in &file.service {
        if !is_pascal(service.name()) || !service.name().ends_with("Service") {
            found.push(format!("{}: is not PascalCase ending in Service", service.name()));
        }
        for method in service.method.iter().filter(|method| !is_pascal(method.name())) {
            found.push(format!("{}.{}: is not PascalCase", service.name(), method.name()));
        }
    }
}

fn check_message(message: &DescriptorProto, found: &mut Vec<String>) {
    if !is_pascal(message.name()) {
        found.push(format!("{}: message is not PascalCase", message.name()));
    }
    let oneofs = message.oneof_decl.iter().map(|oneof| oneof.name());
    // proto3 `optional` makes a oneof of its own, whose name begins with an underscore.
    let oneofs = oneofs.map(|name| name.strip_prefix('_').unwrap_or(name));
    for name in message.field.iter().map(|field| field.name()).chain(oneofs) {
        if !is_lower_snake(name) {
            found.push(format!("{}.{name}: is not lower_snake_case", message.name()));
        }
    }
}

fn check_enum(one: &EnumDescriptorProto, found: &mut Vec<String>) {
    let name = one.name();
    if !is_pascal(name) {
        found.push(format!("{name}: enum is not PascalCase"));
    }
    if one.options.as_ref().is_some_and(|options| options.allow_alias()) {
        found.push(format!("{name}: allows aliases"));
    }
    let prefix = upper_snake(name);
    let zero = format!("{prefix}_UNSPECIFIED");
    if one.value.first().is_none_or(|first| first.number() != 0 || first.name() != zero) {
        found.push(format!("{name}: does not begin with {zero} = 0"));
    }
    for value in &one.value {
        let rest = value.name().strip_prefix(&prefix).and_then(|rest| rest.strip_prefix('_'));
        if !rest.is_some_and(|rest| is_lower_snake(&rest.to_ascii_lowercase()))
            || value.name() != value.name().to_ascii_uppercase()
        {
            found.push(format!("{name}.{}: is not {prefix}_UPPER_SNAKE_CASE", value.name()));
        }
    }
}

/// Words of lower-case letters and digits, joined by single underscores.
pub fn is_lower_snake(name: &str) -> bool {
    name.split('_').all(|word| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    }) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_pascal(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// `EventType` as `EVENT_TYPE`.
fn upper_snake(pascal: &str) -> String {
    let mut out = String::new();
    for c in pascal.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}
