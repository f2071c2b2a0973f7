//! Reasons and codes are those of the contract.

use super::*;

/// The table in the contract: reason and code of each line.
fn documented() -> Vec<(String, String)> {
    include_str!("../../../../proto/understudy/kv/v1/errors.proto")
        .lines()
        .filter_map(|line| line.strip_prefix("// | "))
        .map(|line| line.split(" | ").map(str::to_string).collect::<Vec<_>>())
        .filter(|cells| cells[0].chars().all(|c| c.is_ascii_uppercase() || c == '_'))
        .map(|cells| (cells[0].clone(), cells[1].clone()))
        .collect()
}

fn name(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

#[test]
fn every_reason_has_the_code_that_the_contract_documents() {
    let documented = documented();
    assert!(documented.len() > 20, "{documented:?}");
    for number in 1.. {
        let Ok(reason) = ErrorReason::try_from(number) else { break };
        let short = reason.as_str_name().trim_start_matches("ERROR_REASON_");
        let line = documented.iter().find(|(name, _)| name == short);
        match line {
            Some((_, wanted)) => assert_eq!(name(code(reason)), *wanted, "{short}"),
            None => {
                assert!(short.starts_with("INVALID_"), "{short} is not documented");
                assert_eq!(code(reason), Code::InvalidArgument, "{short}");
            }
        }
    }
}

#[test]
fn a_status_carries_reason_metadata_and_how_long_to_wait() {
    let status = Status::from(Refusal::not_primary(Some("b:1".into()), 7, "not me"));
    let info = status.get_details_error_info().unwrap();
    assert_eq!((&info.reason[..], &info.domain[..]), ("NOT_PRIMARY", "understudy"));
    assert_eq!(info.metadata["primary"], "b:1");
    assert_eq!(info.metadata["epoch"], "7");
    assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());

    let status = Status::from(Refusal::outcome_unknown("the life ended"));
    assert_eq!(status.code(), Code::Aborted);
    assert!(status.get_details_retry_info().is_none());
}

#[test]
fn an_operation_of_a_stream_fails_as_a_single_call_does() {
    let refusals = [
        Refusal::not_primary(Some("b:1".into()), 7, "not me"),
        Refusal::outcome_unknown("the life ended"),
        Refusal::unimplemented("this option"),
    ];
    for refusal in refusals {
        let (status, failure) = (Status::from(refusal.clone()), ExecuteFailure::from(refusal));
        let details = status.get_error_details();
        let info = details.error_info();
        let reason = failure.reason().as_str_name().trim_start_matches("ERROR_REASON_");
        assert_eq!((status.code(), status.message()), (failure.code.into(), &failure.message[..]));
        assert_eq!(info.map_or("UNSPECIFIED", |info| &info.reason), reason);
        assert_eq!(info.map(|info| info.metadata.clone()).unwrap_or_default(), failure.metadata);
        let wait = details.retry_info().and_then(|retry| retry.retry_delay).unwrap_or_default();
        assert_eq!(wait, Duration::from_millis(failure.retry_after_ms.unsigned_abs()));
    }
}

#[test]
fn every_failure_of_the_machine_has_a_reason_of_its_own_kind() {
    for number in 1.. {
        let Ok(code) = FailureCode::try_from(number) else { break };
        let refusal = Refusal::failed(&Failure::beyond(code, Limit::Keys, 1, 2));
        assert_ne!(refusal.reason, ErrorReason::Unspecified, "{code:?}");
        assert!(!refusal.message.contains('\n'), "{code:?}");
    }
}
