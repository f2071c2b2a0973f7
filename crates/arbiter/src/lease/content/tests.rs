//! Round trips, and what is told apart.
#![allow(clippy::unwrap_used)]

use understudy_protocol::{ClusterId, Incarnation, Member, Nonce, RegisterUid};

use super::*;

fn record(epoch: Epoch) -> Record {
    let member = |n: u128| Member {
        incarnation: Incarnation(n),
        name: format!("pair-{n}"),
        peer_address: "[::1]:7001".into(),
        client_address: String::new(),
    };
    Record {
        cluster: ClusterId(u128::MAX),
        epoch,
        primary: Incarnation(7),
        members: vec![member(8), member(7)],
        floor: 1 << 63,
        nonce: Nonce(1),
    }
}

fn lease() -> Value {
    json!({
        "metadata": {
            "name": "pair",
            "uid": "6f1e2d3c-0000-4000-8000-00000000000a",
            "resourceVersion": "17",
            "labels": {"app": "pair"},
            "annotations": {"meta.helm.sh/release-name": "pair"},
        },
        "spec": {},
        "anything": [1],
    })
}

fn written(epoch: Epoch) -> Value {
    let mut lease = lease();
    edit(&mut lease, &record(epoch), "2026-01-02T03:04:05.6Z".parse().unwrap());
    lease
}

fn annotation(lease: &Value) -> &str {
    lease["metadata"]["annotations"][ANNOTATION].as_str().unwrap()
}

/// The Lease with its annotation changed.
fn annotated(change: impl FnOnce(&str) -> String) -> Value {
    let mut lease = written(3);
    let text = change(annotation(&lease));
    set(&mut lease, &["metadata", "annotations", ANNOTATION], json!(text));
    lease
}

#[test]
fn what_is_written_is_read_and_all_else_stays() {
    let lease = written(u64::MAX);
    let observed = decode(&lease).unwrap();
    assert_eq!(observed.record, Some(record(u64::MAX)));
    assert_eq!(observed.uid, RegisterUid(0x6f1e_2d3c_0000_4000_8000_0000_0000_000a));
    assert_eq!(observed.version, "17");
    assert_eq!(lease["anything"], json!([1]));
    assert_eq!(lease["metadata"]["labels"]["app"], "pair");
    assert_eq!(lease["metadata"]["annotations"]["meta.helm.sh/release-name"], "pair");
}

#[test]
fn people_see_the_primarys_name_the_epoch_and_the_time() {
    let spec = &written(3)["spec"];
    let wanted = json!({
        "holderIdentity": "pair-7",
        "leaseTransitions": 3,
        "acquireTime": "2026-01-02T03:04:05.600000Z",
    });
    assert_eq!(*spec, wanted);
}

#[test]
fn an_epoch_beyond_the_field_for_people_is_still_the_epoch() {
    for epoch in [1 << 31, u64::MAX] {
        let lease = written(epoch);
        assert_eq!(lease["spec"]["leaseTransitions"], i32::MAX);
        assert_eq!(decode(&lease).unwrap().record.unwrap().epoch, epoch);
    }
}

#[test]
fn blank_is_without_annotation_and_never_held() {
    for spec in [json!(null), json!({}), json!({"holderIdentity": "", "leaseTransitions": 0})] {
        let mut lease = lease();
        lease["spec"] = spec;
        assert_eq!(decode(&lease).unwrap().record, None);
    }
    for (name, value) in [
        ("holderIdentity", json!("somebody")),
        ("leaseTransitions", json!(1)),
        ("acquireTime", json!("2026-01-02T03:04:05.600000Z")),
        ("renewTime", json!("2026-01-02T03:04:05.600000Z")),
    ] {
        let mut lease = lease();
        lease["spec"][name] = value;
        assert_eq!(decode(&lease), Err(Damage::Foreign(name)));
    }
}

#[test]
fn an_empty_annotation_is_not_blank() {
    for text in ["", " ", "null", "{}", "[]", "7"] {
        let damage = decode(&annotated(|_| text.into())).unwrap_err();
        assert!(matches!(damage, Damage::Malformed(_)), "{text:?}: {damage:?}");
    }
    let mut lease = lease();
    lease["metadata"]["annotations"][ANNOTATION] = json!(null);
    assert!(matches!(decode(&lease), Err(Damage::Malformed(_))));
}

#[test]
fn a_newer_format_is_named_as_such_whatever_else_it_says() {
    let lease = annotated(|_| r#"{"format": 2, "record": "somewhere else"}"#.into());
    assert_eq!(decode(&lease), Err(Damage::Newer(2)));
    let lease = annotated(|text| text.replace("\"format\":1", "\"format\":0"));
    assert!(matches!(decode(&lease), Err(Damage::Malformed(_))));
}

#[test]
fn every_cut_and_every_changed_letter_is_noticed() {
    let good = annotation(&written(3)).to_owned();
    for at in 0..good.len() {
        decode(&annotated(|text| text[..at].into())).unwrap_err();
        for letter in ["0", "x", "9", ""] {
            let changed = format!("{}{letter}{}", &good[..at], &good[at + 1..]);
            if changed != good {
                let read = decode(&annotated(|_| changed.clone()));
                assert!(read.is_err(), "{changed} is read as {read:?}");
            }
        }
    }
}

#[test]
fn an_edit_by_hand_is_told_from_another_layout() {
    let edited = annotated(|text| text.replace("\"epoch\":3", "\"epoch\":4"));
    assert!(matches!(decode(&edited), Err(Damage::Edited { .. })));
    let pretty = annotated(|text| {
        let value: Value = serde_json::from_str(text).unwrap();
        serde_json::to_string_pretty(&value).unwrap()
    });
    assert_eq!(decode(&pretty).unwrap().record, Some(record(3)));
}

#[test]
fn every_damage_says_what_to_do_on_one_line() {
    let damages = [
        Damage::Foreign("renewTime"),
        Damage::Newer(2),
        decode(&annotated(|_| "{\"a\nb\": 1}".into())).unwrap_err(),
        Damage::Edited { said: "a".into(), found: "b".into() },
        Damage::NoObject("metadata.uid"),
    ];
    for damage in damages {
        let text = damage.to_string();
        assert!(!text.contains('\n') && text.contains(": "), "{text}");
    }
}

#[test]
fn another_object_keeps_labels_and_annotations_but_no_identity() {
    let other = without_identity(&written(3));
    let metadata = other["metadata"].as_object().unwrap();
    assert_eq!(metadata.keys().collect::<Vec<_>>(), ["annotations", "labels", "name"]);
    assert!(matches!(decode(&other), Err(Damage::NoObject(_))));
}
