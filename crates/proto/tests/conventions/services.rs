//! One request and one response message for each call.

use std::collections::BTreeMap;

use prost_types::FileDescriptorSet;

pub fn check(set: &FileDescriptorSet, found: &mut Vec<String>) {
    let mut users: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                let call = format!("{}.{}", service.name(), method.name());
                for (name, suffix) in
                    [(method.input_type(), "Request"), (method.output_type(), "Response")]
                {
                    if name != format!(".{}.{}{suffix}", file.package(), method.name()) {
                        found.push(format!("{call}: {name} is not {}{suffix}", method.name()));
                    }
                    users.entry(name).or_default().push(call.clone());
                }
            }
        }
    }
    for (name, calls) in users.into_iter().filter(|(_, calls)| calls.len() > 1) {
        found.push(format!("{name}: is used by several calls: {}", calls.join(", ")));
    }
}
