//! Rules of the house that buf does not know.

use std::collections::BTreeSet;

use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

const HEADER: &str = ".understudy.kv.v1.ResponseHeader";
const STAMP: &str = ".understudy.kv.v1.RequestStamp";
const PREFIX: &str = "ERROR_REASON_";

pub fn check(set: &FileDescriptorSet, found: &mut Vec<String>) {
    for file in set.file.iter().filter(|file| !file.package().contains("replication")) {
        for message in &file.message_type {
            check_message(message, found);
        }
    }
    check_error_table(set, found);
    let reasons = reasons(set);
    for file in &set.file {
        check_errors_named(file, &reasons, found);
    }
}

/// Responses begin with a header, requests that have a stamp begin with it.
fn check_message(message: &DescriptorProto, found: &mut Vec<String>) {
    let name = message.name();
    let first = message.field.iter().find(|field| field.number() == 1);
    let first = first.map(|field| (field.name(), field.type_name()));
    if name.ends_with("Response") && first != Some(("header", HEADER)) {
        found.push(format!("{name}: does not begin with `ResponseHeader header = 1`"));
    }
    let stamped = message.field.iter().any(|field| field.type_name() == STAMP);
    if stamped && first != Some(("stamp", STAMP)) {
        found.push(format!("{name}: does not begin with `RequestStamp stamp = 1`"));
    }
}

/// The reasons without their prefix.
fn reasons(set: &FileDescriptorSet) -> BTreeSet<String> {
    let enums = set.file.iter().flat_map(|file| &file.enum_type);
    let values = enums.filter(|one| one.name() == "ErrorReason").flat_map(|one| &one.value);
    values.filter_map(|value| value.name().strip_prefix(PREFIX)).map(str::to_owned).collect()
}

/// Each reason has a row in the table of `errors.proto`, and each row a reason.
fn check_error_table(set: &FileDescriptorSet, found: &mut Vec<String>) {
    let comments = set.file.iter().flat_map(comments).collect::<Vec<_>>().join("\n");
    let rows = comments.lines().filter_map(|line| line.trim().strip_prefix("| "));
    let rows: BTreeSet<&str> = rows
        .filter_map(|row| row.split(" |").next())
        .filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase()))
        .collect();
    for reason in reasons(set) {
        let covered = rows.contains(&reason[..])
            || (reason.starts_with("INVALID_") && rows.contains("INVALID_..."));
        if !covered && reason != "UNSPECIFIED" {
            found.push(format!("errors.proto: the table has no row for {reason}"));
        }
    }
    for row in rows.into_iter().filter(|row| *row != "INVALID_...") {
        if !reasons(set).contains(row) {
            found.push(format!("errors.proto: the table has a row for {row}, which is no reason"));
        }
    }
}

/// What comments list as errors exists.
fn check_errors_named(
    file: &FileDescriptorProto,
    reasons: &BTreeSet<String>,
    found: &mut Vec<String>,
) {
    const CODES: [&str; 2] = ["UNIMPLEMENTED", "INVALID_ARGUMENT"];
    for comment in comments(file) {
        let Some((_, listed)) = comment.split_once("Errors: ") else { continue };
        let words = listed.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for word in words.filter(|word| word.len() > 3 && **word == word.to_ascii_uppercase()) {
            if !reasons.contains(word) && !CODES.contains(&word) {
                found.push(format!("{}: comments name an unknown error {word}", file.name()));
            }
        }
    }
}

fn comments(file: &FileDescriptorProto) -> impl Iterator<Item = &str> {
    let locations = file.source_code_info.iter().flat_map(|info| &info.location);
    locations.map(|location| location.leading_comments())
}
