//! What an answer of the API server means that is not the object asked for.

use std::error::Error;

use thiserror::Error as ThisError;

use super::object::Place;

/// Why a request did not do what was asked; one line that says what to do.
#[derive(Clone, PartialEq, Eq, Debug, ThisError)]
pub enum Refusal {
    /// There is no such object: the API server itself says so.
    #[error("{0}")]
    NotFound(String),
    /// The object is not what the request was based on. Nothing was done.
    #[error("{0}")]
    Conflict(String),
    /// The caller may not do this. Nothing was done.
    #[error("{0}")]
    Forbidden(String),
    /// No answer, or one that proves nothing: it may have been done, or may be done later.
    #[error("{0}")]
    Unclear(String),
}

impl Refusal {
    /// What an error answer means. `verb` is as in a Role.
    pub(super) fn of_status(
        verb: &str,
        place: &Place,
        code: u16,
        reason: &str,
        message: &str,
    ) -> Self {
        let message = one_line(message);
        let role = || {
            format!("a Role must allow {verb:?} on {} named {:?}", place.kind.plural(), place.name)
        };
        match (code, reason) {
            // A proxy on the way, or a wrong address, knows 404, too; only the reason is the API
            // server's own.
            (404, "NotFound") => Refusal::NotFound(format!("there is no {place}")),
            (409, "Conflict") => Refusal::Conflict(format!("{place} is another by now: {message}")),
            (403, _) => {
                Refusal::Forbidden(format!("not allowed to {verb} {place}: {} ({message})", role()))
            }
            (401, _) => Refusal::Forbidden(format!(
                "the API server does not know who asks to {verb} {place}: is the service account's \
                 token mounted and its account there? ({message})"
            )),
            (429, _) => {
                Refusal::Unclear(format!("the API server has too much to do to {verb} {place}"))
            }
            _ => Refusal::Unclear(format!(
                "the API server answers {code} when asked to {verb} {place}: {message}"
            )),
        }
    }

    pub(super) fn of_error(verb: &str, place: &Place, error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => {
                Self::of_status(verb, place, status.code, &status.reason, &status.message)
            }
            other => Refusal::Unclear(format!("cannot {verb} {place}: {}", with_causes(other))),
        }
    }
}

/// The cause at the bottom is what tells people something ("connection refused").
pub(super) fn with_causes(error: &dyn Error) -> String {
    let mut text = one_line(&error.to_string());
    let mut cause = error.source();
    while let Some(error) = cause {
        let line = one_line(&error.to_string());
        if !text.contains(&line) {
            text = format!("{text}: {line}");
        }
        cause = error.source();
    }
    text
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::object::Kind;
    use super::*;

    fn of(code: u16, reason: &str) -> Refusal {
        let place = Place::new(Kind::Lease, "ns", "pair").unwrap();
        Refusal::of_status("update", &place, code, reason, "the\nserver's words")
    }

    #[test]
    fn only_the_api_servers_own_words_say_that_something_is_missing_or_has_moved() {
        assert!(matches!(of(404, "NotFound"), Refusal::NotFound(_)));
        assert!(matches!(of(404, "Failed to parse error data"), Refusal::Unclear(_)));
        assert!(matches!(of(409, "Conflict"), Refusal::Conflict(_)));
        assert!(matches!(of(409, "AlreadyExists"), Refusal::Unclear(_)));
    }

    #[test]
    fn what_proves_nothing_is_unclear() {
        for code in [400, 410, 422, 429, 500, 502, 503, 504] {
            assert!(matches!(of(code, "Whatever"), Refusal::Unclear(_)), "{code}");
        }
    }

    #[test]
    fn a_missing_right_is_named_with_verb_and_object_on_one_line() {
        let Refusal::Forbidden(why) = of(403, "Forbidden") else { panic!("{:?}", of(403, "")) };
        assert!(why.contains("a Role must allow \"update\" on leases named \"pair\""), "{why}");
        assert!(why.contains("the server's words"), "{why}");
        assert!(matches!(of(401, "Unauthorized"), Refusal::Forbidden(_)));
    }

    #[test]
    fn the_cause_at_the_bottom_is_told() {
        let bottom = std::io::Error::other("connection\nrefused");
        let error = kube::Error::Service(Box::new(std::io::Error::other(bottom)));
        let place = Place::new(Kind::Pod, "ns", "a-0").unwrap();
        let Refusal::Unclear(why) = Refusal::of_error("get", &place, &error) else { panic!() };
        assert!(why.contains("cannot get Pod ns/a-0"), "{why}");
        assert!(why.contains("connection refused") && !why.contains('\n'), "{why}");
    }
}
