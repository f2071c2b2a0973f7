//! Which object, and what every object says of itself.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::uri::{NameError, check_name};

/// The kinds of object that a replica has to do with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `coordination.k8s.io/v1`: the register.
    Lease,
    /// What leads clients to the primary.
    Service,
    /// A replica's process.
    Pod,
    /// What has happened to another object, for people.
    Event,
}

impl Kind {
    /// As in a Role's `resources`.
    pub fn plural(self) -> &'static str {
        match self {
            Kind::Lease => "leases",
            Kind::Service => "services",
            Kind::Pod => "pods",
            Kind::Event => "events",
        }
    }

    fn api(self) -> &'static str {
        match self {
            Kind::Lease => "/apis/coordination.k8s.io/v1",
            Kind::Service | Kind::Pod | Kind::Event => "/api/v1",
        }
    }
}

/// Where an object is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// What it is.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Place {
    /// An object's place.
    ///
    /// # Errors
    /// [`NameError`] if no object can have such a name.
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Result<Self, NameError> {
        for name in [namespace, name] {
            check_name(name)?;
        }
        Ok(Place { kind, namespace: namespace.into(), name: name.into() })
    }

    /// The path of all objects of its kind in its namespace.
    pub(super) fn collection(&self) -> String {
        format!("{}/namespaces/{}/{}", self.kind.api(), self.namespace, self.kind.plural())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// The text at this path of fields; `None` if there is none.
pub fn field<'a>(object: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(object, |at, name| at.get(name))?.as_str()
}

/// Sets the field at this path, making the objects on the way.
pub fn set(object: &mut Value, path: &[&str], value: Value) {
    let mut at = object;
    for name in path {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        at = &mut at[*name];
    }
    *at = value;
}

/// The object's identity: another object of the same name has another one.
pub fn uid_of<T: FromStr>(object: &Value) -> Option<T> {
    field(object, &["metadata", "uid"])?.parse().ok()
}

/// The version for the next test-and-set.
pub fn version_of(object: &Value) -> Option<&str> {
    field(object, &["metadata", "resourceVersion"])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_cannot_change_the_path() {
        assert!(Place::new(Kind::Lease, "ns", "../x").is_err());
        assert!(Place::new(Kind::Lease, "a/b", "name").is_err());
        let place = Place::new(Kind::Lease, "kube-system", "a.b-0").unwrap();
        assert_eq!(
            place.collection(),
            "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
        );
        assert_eq!(place.to_string(), "Lease kube-system/a.b-0");
    }

    #[test]
    fn a_field_is_set_where_nothing_was_and_leaves_its_neighbours() {
        let mut object = json!({"spec": {"a": 1}, "metadata": null});
        set(&mut object, &["metadata", "annotations", "x/y"], json!("1"));
        set(&mut object, &["spec", "b"], json!("2"));
        assert_eq!(field(&object, &["metadata", "annotations", "x/y"]), Some("1"));
        assert_eq!(object["spec"], json!({"a": 1, "b": "2"}));
        assert_eq!(field(&object, &["spec", "a"]), None, "no text");
    }
}
