//! What the API server's answers mean for the register.

use serde_json::Value;
use understudy_protocol::{Observed, Record, RegisterFailure, WriteAnswer};

use super::content;
use crate::kubernetes::{Place, Refusal};

/// What a read has shown.
pub fn of_read(
    place: &Place,
    answer: Result<&Value, Refusal>,
) -> Result<Observed, RegisterFailure> {
    match answer {
        Ok(lease) => content::decode(lease)
            .map_err(|damage| RegisterFailure::Damaged(format!("{place} {damage}"))),
        Err(Refusal::NotFound(_)) => Err(RegisterFailure::Missing(missing(place))),
        // Neither a right that is lacking nor a silent server says anything about the register.
        Err(Refusal::Conflict(why) | Refusal::Forbidden(why) | Refusal::Unclear(why)) => {
            Err(RegisterFailure::Unreachable(why))
        }
    }
}

/// What has come of a write of `record`.
pub fn of_write(
    place: &Place,
    record: &Record,
    base: &Observed,
    answer: Result<&Value, Refusal>,
) -> WriteAnswer {
    match answer {
        Ok(stored) => match content::decode(stored) {
            Ok(now) if now.uid == base.uid && now.record.as_ref() == Some(record) => {
                WriteAnswer::Written
            }
            // An admission webhook may change what is stored, and its author must look at it.
            _ => WriteAnswer::NoAnswer(changed(place)),
        },
        Err(Refusal::Conflict(_)) => WriteAnswer::Conflict,
        Err(Refusal::NotFound(_)) => WriteAnswer::NoAnswer(missing(place)),
        Err(Refusal::Forbidden(why) | Refusal::Unclear(why)) => WriteAnswer::NoAnswer(why),
    }
}

/// Something else is stored than what was sent.
pub fn changed(place: &Place) -> String {
    format!("the API server has stored something else in {place}: which webhook changes it?")
}

fn missing(place: &Place) -> String {
    format!(
        "there is no {place}: is it the right name and namespace? If it was deleted, bring it back or \
         recover by order; nobody makes another one by himself"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;
    use understudy_protocol::{ClusterId, Incarnation, Nonce, RegisterUid};

    use super::*;
    use crate::kubernetes::Kind;

    fn place() -> Place {
        Place::new(Kind::Lease, "ns", "pair").unwrap()
    }

    fn record(nonce: u128) -> Record {
        Record {
            cluster: ClusterId(1),
            epoch: 2,
            primary: Incarnation(1),
            members: Vec::new(),
            floor: 0,
            nonce: Nonce(nonce),
        }
    }

    fn base() -> Observed {
        Observed { uid: RegisterUid(5), version: "1".into(), record: None }
    }

    fn stored(uid: u128, nonce: u128) -> Value {
        let uid = RegisterUid(uid).to_string();
        let mut lease = json!({"metadata": {"uid": uid, "resourceVersion": "2"}});
        content::edit(&mut lease, &record(nonce), jiff::Timestamp::UNIX_EPOCH);
        lease
    }

    fn write(answer: Result<&Value, Refusal>) -> WriteAnswer {
        of_write(&place(), &record(9), &base(), answer)
    }

    #[test]
    fn written_is_only_what_is_stored_in_the_same_object() {
        assert_eq!(write(Ok(&stored(5, 9))), WriteAnswer::Written);
        for other in [stored(5, 8), stored(6, 9), json!({}), json!({"kind": "Status"})] {
            assert!(matches!(write(Ok(&other)), WriteAnswer::NoAnswer(_)), "{other}");
        }
    }

    #[test]
    fn only_the_servers_word_that_it_moved_is_a_conflict() {
        assert_eq!(write(Err(Refusal::Conflict("x".into()))), WriteAnswer::Conflict);
        for refusal in [
            Refusal::NotFound("x".into()),
            Refusal::Forbidden("x".into()),
            Refusal::Unclear("x".into()),
        ] {
            let answer = write(Err(refusal.clone()));
            assert!(matches!(answer, WriteAnswer::NoAnswer(_)), "{refusal:?}: {answer:?}");
        }
    }

    #[test]
    fn missing_damaged_and_unreachable_are_different() {
        let read = |answer| of_read(&place(), answer);
        let missing = read(Err(Refusal::NotFound("x".into())));
        assert!(matches!(missing, Err(RegisterFailure::Missing(_))));
        for refusal in [Refusal::Forbidden("x".into()), Refusal::Unclear("x".into())] {
            assert!(matches!(read(Err(refusal)), Err(RegisterFailure::Unreachable(_))));
        }
        let nothing = json!({});
        let Err(RegisterFailure::Damaged(why)) = read(Ok(&nothing)) else { panic!() };
        assert!(why.contains("Lease ns/pair"), "{why}");
        let stored = stored(5, 9);
        assert_eq!(read(Ok(&stored)).unwrap().record, Some(record(9)));
    }
}
