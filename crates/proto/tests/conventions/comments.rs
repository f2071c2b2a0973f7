//! Everything has a comment.

use std::collections::BTreeSet;

use prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use crate::is_map_entry;

// Field numbers of descriptor.proto: what the paths of source locations are made of.
const FILE_MESSAGE: i32 = 4;
const FILE_ENUM: i32 = 5;
const FILE_SERVICE: i32 = 6;
const MESSAGE_FIELD: i32 = 2;
const MESSAGE_NESTED: i32 = 3;
const MESSAGE_ENUM: i32 = 4;
const MESSAGE_ONEOF: i32 = 8;
const ENUM_VALUE: i32 = 2;
const SERVICE_METHOD: i32 = 2;

pub fn check(file: &FileDescriptorProto, found: &mut Vec<String>) {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    let commented = locations.filter(|l| !l.leading_comments().trim().is_empty());
    let mut check =
        Check { commented: commented.map(|l| l.path.clone()).collect(), file: file.name(), found };
    for (i, message) in (0..).zip(&file.message_type) {
        check.message(&[FILE_MESSAGE, i], message);
    }
    for (i, one) in (0..).zip(&file.enum_type) {
        check.one_enum(&[FILE_ENUM, i], one);
    }
    for (i, service) in (0..).zip(&file.service) {
        check.at(&[FILE_SERVICE, i], service.name());
        for (j, method) in (0..).zip(&service.method) {
            check.at(&[FILE_SERVICE, i, SERVICE_METHOD, j], method.name());
        }
    }
}

struct Check<'a> {
    commented: BTreeSet<Vec<i32>>,
    file: &'a str,
    found: &'a mut Vec<String>,
}

impl Check<'_> {
    fn at(&mut self, path: &[i32], name: &str) {
        if !self.commented.contains(path) {
            self.found.push(format!("{}: {name} has no comment", self.file));
        }
    }

    fn message(&mut self, path: &[i32], message: &DescriptorProto) {
        if is_map_entry(message) {
            return;
        }
        self.at(path, message.name());
        for (i, field) in (0..).zip(&message.field) {
            let name = format!("{}.{}", message.name(), field.name());
            self.at(&[path, &[MESSAGE_FIELD, i]].concat(), &name);
        }
        for (i, oneof) in (0..).zip(&message.oneof_decl) {
            if !oneof.name().starts_with('_') {
                let name = format!("{}.{}", message.name(), oneof.name());
                self.at(&[path, &[MESSAGE_ONEOF, i]].concat(), &name);
            }
        }
        for (i, nested) in (0..).zip(&message.nested_type) {
            self.message(&[path, &[MESSAGE_NESTED, i]].concat(), nested);
        }
        for (i, one) in (0..).zip(&message.enum_type) {
            self.one_enum(&[path, &[MESSAGE_ENUM, i]].concat(), one);
        }
    }

    fn one_enum(&mut self, path: &[i32], one: &EnumDescriptorProto) {
        self.at(path, one.name());
        for (i, value) in (0..).zip(&one.value) {
            self.at(&[path, &[ENUM_VALUE, i]].concat(), value.name());
        }
    }
}
