//! The conventions of the contract: buf's STANDARD and COMMENTS rules without the tool, and the
//! house's own. `buf lint` in `proto/` says the same where buf is at hand.
#![allow(clippy::unwrap_used)]

mod comments;
mod files;
mod house;
mod names;
mod services;
mod tests;

use prost::Message as _;
use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet};

/// The contract as it ships.
fn contract() -> FileDescriptorSet {
    FileDescriptorSet::decode(understudy_proto::FILE_DESCRIPTOR_SET).unwrap()
}

/// Everything that breaks a convention, one line each.
fn violations(set: &FileDescriptorSet) -> Vec<String> {
    let mut found = Vec::new();
    for file in &set.file {
        files::check(file, &mut found);
        names::check(file, &mut found);
        comments::check(file, &mut found);
    }
    files::check_imports(set, &mut found);
    services::check(set, &mut found);
    house::check(set, &mut found);
    found
}

/// All messages of a file, nested ones too, but for the entries of maps.
fn messages(file: &FileDescriptorProto) -> Vec<&DescriptorProto> {
    let mut found: Vec<&DescriptorProto> = file.message_type.iter().collect();
    let mut next = 0;
    while let Some(message) = found.get(next).copied() {
        found.extend(message.nested_type.iter().filter(|m| !is_map_entry(m)));
        next += 1;
    }
    found
}

/// All enums of a file, nested ones too.
fn enums(file: &FileDescriptorProto) -> Vec<&EnumDescriptorProto> {
    let nested = messages(file).into_iter().flat_map(|m| &m.enum_type);
    file.enum_type.iter().chain(nested).collect()
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(|options| options.map_entry())
}
