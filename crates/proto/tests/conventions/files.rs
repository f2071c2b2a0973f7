//! Files, packages and imports.

use std::collections::BTreeMap;

use prost_types::{FileDescriptorProto, FileDescriptorSet};

use crate::{enums, messages, names};

pub fn check(file: &FileDescriptorProto, found: &mut Vec<String>) {
    let path = file.name();
    let (folder, base) = path.rsplit_once('/').unwrap_or(("", path));
    if folder != file.package().replace('.', "/") {
        found.push(format!("{path}: is not in the folder of its package {}", file.package()));
    }
    if !names::is_lower_snake(base.trim_end_matches(".proto")) {
        found.push(format!("{path}: file name is not lower_snake_case"));
    }
    let parts: Vec<&str> = file.package().split('.').collect();
    if !parts.iter().all(|part| names::is_lower_snake(part)) {
        found.push(format!("{path}: package is not lower_snake.case"));
    }
    if !parts.last().is_some_and(|last| is_version(last)) {
        found.push(format!("{path}: package does not end in its version"));
    }
    if file.syntax() != "proto3" {
        found.push(format!("{path}: syntax is not proto3"));
    }
    if !file.public_dependency.is_empty() || !file.weak_dependency.is_empty() {
        found.push(format!("{path}: imports publicly or weakly"));
    }
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|n| n.parse::<u32>().is_ok_and(|n| n > 0))
}

/// Each import is of a file that defines a type which this file names.
pub fn check_imports(set: &FileDescriptorSet, found: &mut Vec<String>) {
    let mut homes = BTreeMap::new();
    for file in &set.file {
        let names = messages(file).into_iter().map(|m| m.name());
        for name in names.chain(enums(file).into_iter().map(|e| e.name())) {
            homes.insert(format!(".{}.{name}", file.package()), file.name());
        }
    }
    for file in &set.file {
        let fields = messages(file).into_iter().flat_map(|m| &m.field).map(|f| f.type_name());
        let methods = file.service.iter().flat_map(|s| &s.method);
        let methods = methods.flat_map(|m| [m.input_type(), m.output_type()]);
        let used: Vec<&str> =
            fields.chain(methods).filter_map(|name| homes.get(name).copied()).collect();
        for import in file.dependency.iter().filter(|import| !used.contains(&&import[..])) {
            found.push(format!("{}: does not use its import {import}", file.name()));
        }
    }
}
