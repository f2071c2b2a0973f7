//! Whom the Service leads to, and when that is to be changed: decided without asking anybody.
//!
//! Nothing else knows the selector and the annotation.

use serde_json::{Value, json};
use understudy_arbiter::kubernetes::{field, set};
use understudy_protocol::Epoch;

/// The epoch whose primary wrote the selector last.
const ANNOTATION: &str = "understudy.dev/epoch";
/// The label by which a StatefulSet names each of its pods.
const POD: &str = "statefulset.kubernetes.io/pod-name";

/// Where the Service shall lead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pointer {
    /// The primary's pod.
    pub pod: String,
    /// The epoch that it has won.
    pub epoch: Epoch,
}

/// What a primary does about a Service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// It leads here already.
    Leave,
    /// It is to be written.
    Write,
    /// A newer primary has written it: this one has lost and does not know it yet.
    Stop(Epoch),
}

impl Pointer {
    /// What to do about the Service as it is.
    pub fn step(&self, service: &Value) -> Step {
        match written_by(service) {
            // Never back, whatever the selector says: a late loser must not take the clients along.
            Some(epoch) if epoch > self.epoch => Step::Stop(epoch),
            Some(epoch) if epoch == self.epoch && self.is_selected(service) => Step::Leave,
            _ => Step::Write,
        }
    }

    fn is_selected(&self, service: &Value) -> bool {
        service["spec"]["selector"] == json!({POD: self.pod})
    }

    /// Writes selector and epoch into the Service and leaves all else of it as it is.
    pub fn write(&self, service: &mut Value) {
        set(service, &["spec", "selector"], json!({POD: self.pod}));
        set(service, &["metadata", "annotations", ANNOTATION], json!(self.epoch.to_string()));
    }
}

/// `None` if nobody has, or the annotation is not a number: then it forbids nothing.
fn written_by(service: &Value) -> Option<Epoch> {
    field(service, &["metadata", "annotations", ANNOTATION])?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(epoch: Epoch) -> Pointer {
        Pointer { pod: "pair-0".into(), epoch }
    }

    fn service(epoch: Option<&str>, selector: Value) -> Value {
        let mut service = json!({
            "metadata": {"labels": {"app": "pair"}},
            "spec": {"clusterIP": "10.0.0.1", "selector": selector},
        });
        if let Some(epoch) = epoch {
            service["metadata"]["annotations"] = json!({ANNOTATION: epoch, "other": "x"});
        }
        service
    }

    #[test]
    fn a_newer_primarys_service_is_never_written() {
        for selector in [json!({POD: "pair-0"}), json!({POD: "pair-1"}), json!(null)] {
            assert_eq!(pointer(7).step(&service(Some("8"), selector)), Step::Stop(8));
        }
    }

    #[test]
    fn an_older_or_untouched_service_is_written() {
        for epoch in [None, Some("6"), Some(""), Some("x"), Some("-1")] {
            for selector in [json!({POD: "pair-0"}), json!({POD: "pair-1"}), json!(null)] {
                assert_eq!(pointer(7).step(&service(epoch, selector)), Step::Write, "{epoch:?}");
            }
        }
    }

    #[test]
    fn its_own_is_left_alone_unless_somebody_changed_the_selector() {
        let own = service(Some("7"), json!({POD: "pair-0"}));
        assert_eq!(pointer(7).step(&own), Step::Leave);
        for selector in [
            json!({POD: "pair-1"}),
            json!({POD: "pair-0", "app": "pair"}),
            json!({"app": "pair"}),
            json!({}),
            json!(null),
        ] {
            assert_eq!(pointer(7).step(&service(Some("7"), selector)), Step::Write);
        }
    }

    #[test]
    fn what_is_written_is_left_alone_and_all_else_stays() {
        for mut service in [service(None, json!(null)), service(Some("3"), json!({"app": "x"}))] {
            pointer(7).write(&mut service);
            assert_eq!(pointer(7).step(&service), Step::Leave);
            assert_eq!(service["metadata"]["labels"]["app"], "pair");
            assert_eq!(service["spec"]["clusterIP"], "10.0.0.1");
        }
        let mut with_others = service(Some("3"), json!(null));
        pointer(7).write(&mut with_others);
        assert_eq!(with_others["metadata"]["annotations"]["other"], "x");
    }
}
