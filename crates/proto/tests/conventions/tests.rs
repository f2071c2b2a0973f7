//! The contract holds to the conventions, and each convention notices when it is broken.

use prost_types::{FileDescriptorProto, FileDescriptorSet};

use crate::{contract, violations};

#[test]
fn the_contract_holds_to_the_conventions() {
    assert_eq!(violations(&contract()), Vec::<String>::new());
}

#[test]
fn the_contract_has_the_three_packages_and_all_services() {
    let set = contract();
    let services = set.file.iter().flat_map(|file| {
        file.service.iter().map(|service| format!("{}.{}", file.package(), service.name()))
    });
    let mut services: Vec<String> = services.collect();
    services.sort();
    assert_eq!(
        services,
        [
            "understudy.admin.v1.AdminService",
            "understudy.kv.v1.KeyValueService",
            "understudy.kv.v1.LeaseService",
            "understudy.kv.v1.RandomService",
            "understudy.kv.v1.SessionService",
            "understudy.kv.v1.WatchService",
            "understudy.replication.v1.ReplicationService",
        ]
    );
}

/// Breaks the contract and expects exactly this complaint among the violations.
fn broken(change: impl FnOnce(&mut FileDescriptorSet), complaint: &str) {
    let mut set = contract();
    change(&mut set);
    let found = violations(&set);
    assert!(found.iter().any(|line| line.contains(complaint)), "{complaint:?} not in {found:?}");
}

fn file<'a>(set: &'a mut FileDescriptorSet, name: &str) -> &'a mut FileDescriptorProto {
    set.file.iter_mut().find(|file| file.name().ends_with(name)).unwrap()
}

#[test]
fn a_file_out_of_place_is_noticed() {
    broken(|s| s.file[0].name = Some("elsewhere/x.proto".into()), "not in the folder");
    broken(|s| s.file[0].name = Some("understudy/kv/v1/X.proto".into()), "file name");
    broken(|s| s.file[0].package = Some("understudy.kv".into()), "its version");
    broken(|s| s.file[0].package = Some("understudy.Kv.v1".into()), "lower_snake.case");
    broken(|s| s.file[0].syntax = None, "proto3");
    broken(|s| s.file[0].public_dependency.push(0), "publicly");
    let import = "understudy/kv/v1/txn.proto".to_owned();
    broken(|s| file(s, "/errors.proto").dependency.push(import), "does not use its import");
}

#[test]
fn a_name_out_of_style_is_noticed() {
    let rename = |s: &mut FileDescriptorSet, name: &str| {
        file(s, "/txn.proto").message_type[0].field[0].name = Some(name.into());
    };
    broken(|s| rename(s, "leaseId"), "leaseId: is not lower_snake_case");
    broken(|s| rename(s, "lease__id"), "lease__id: is not lower_snake_case");
    let oneof = Some("Operand".into());
    broken(|s| file(s, "/txn.proto").message_type[0].oneof_decl[0].name = oneof, "Operand");
    let message = Some("compare_it".into());
    broken(|s| file(s, "/txn.proto").message_type[0].name = message, "message is not PascalCase");
    let service = Some("KeyValue".into());
    broken(|s| file(s, "/key_value_service.proto").service[0].name = service, "in Service");
    let method = Some("put".into());
    broken(
        |s| file(s, "/key_value_service.proto").service[0].method[0].name = method,
        "KeyValueService.put: is not PascalCase",
    );
}

#[test]
fn an_enum_out_of_style_is_noticed() {
    let value = |s: &mut FileDescriptorSet, at: usize, name: &str| {
        file(s, "/txn.proto").enum_type[0].value[at].name = Some(name.into());
    };
    broken(|s| value(s, 0, "COMPARE_OPERATOR_NONE"), "begin with COMPARE_OPERATOR_UNSPECIFIED");
    broken(|s| value(s, 1, "EQUAL"), "CompareOperator.EQUAL");
    broken(|s| value(s, 1, "COMPARE_OPERATOR_equal"), "CompareOperator.COMPARE_OPERATOR_equal");
    broken(|s| file(s, "/txn.proto").enum_type[0].value[0].number = Some(7), "= 0");
    broken(|s| file(s, "/txn.proto").enum_type[0].name = Some("operator".into()), "enum is not");
}

#[test]
fn a_missing_comment_is_noticed() {
    let strip = |s: &mut FileDescriptorSet, path: &[i32]| {
        let info = file(s, "/key_value_service.proto").source_code_info.as_mut().unwrap();
        info.location.iter_mut().find(|l| l.path == path).unwrap().leading_comments = None;
    };
    broken(|s| strip(s, &[6, 0]), "KeyValueService has no comment");
    broken(|s| strip(s, &[6, 0, 2, 0]), "Put has no comment");
    broken(|s| strip(s, &[4, 0]), "PutRequest has no comment");
    broken(|s| strip(s, &[4, 0, 2, 1]), "PutRequest.key has no comment");
    broken(|s| strip(s, &[4, 0, 8, 0]), "PutRequest.lifetime has no comment");
    broken(|s| strip(s, &[5, 0]), "ListOrder has no comment");
    broken(|s| strip(s, &[5, 0, 2, 0]), "LIST_ORDER_UNSPECIFIED has no comment");
}

#[test]
fn a_message_shared_by_calls_is_noticed() {
    let share = |s: &mut FileDescriptorSet| {
        let methods = &mut file(s, "/key_value_service.proto").service[0].method;
        methods[1].input_type = methods[0].input_type.clone();
    };
    broken(share, "PutRequest is not GetRequest");
    broken(share, "PutRequest: is used by several calls");
}

#[test]
fn a_broken_rule_of_the_house_is_noticed() {
    let message = |s: &mut FileDescriptorSet, name: &str, number: i32| {
        let messages = &mut file(s, "/key_value_service.proto").message_type;
        let found = messages.iter_mut().find(|m| m.name() == name).unwrap();
        found.field[0].number = Some(number);
    };
    broken(|s| message(s, "PutResponse", 99), "PutResponse: does not begin with");
    broken(|s| message(s, "PutRequest", 99), "PutRequest: does not begin with");
    let rename = |s: &mut FileDescriptorSet| {
        file(s, "/errors.proto").enum_type[0].value[9].name = Some("ERROR_REASON_GONE".into());
    };
    broken(rename, "no row for GONE");
    broken(rename, "row for COMPACTED, which is no reason");
    broken(rename, "comments name an unknown error COMPACTED");
}
