//! Where a register is, as people write it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// Where a register is: `dir:PATH`, `lease:NAMESPACE/NAME` or `lease:NAME`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RegisterUri {
    /// A directory that all replicas share.
    Directory(PathBuf),
    /// A Lease of the Kubernetes cluster.
    Lease {
        /// Its namespace; `None`: the caller's.
        namespace: Option<String>,
        /// Its name.
        name: String,
    },
}

/// A text that names no register.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("write it as dir:PATH, lease:NAMESPACE/NAME or lease:NAME{0}")]
pub struct UriError(String);

/// A name that no object of Kubernetes can have.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{0:?} is not a valid name of a Kubernetes object: small letters, digits, - and .")]
pub struct NameError(String);

impl FromStr for RegisterUri {
    type Err = UriError;

    fn from_str(uri: &str) -> Result<Self, UriError> {
        match uri.split_once(':') {
            Some(("dir", path)) if !path.is_empty() => Ok(RegisterUri::Directory(path.into())),
            Some(("lease", path)) => {
                let (namespace, name) = match path.split_once('/') {
                    Some((namespace, name)) => (Some(namespace.to_owned()), name),
                    None => (None, path),
                };
                for name in namespace.iter().map(String::as_str).chain([name]) {
                    check_name(name).map_err(|error| UriError(format!(": {error}")))?;
                }
                Ok(RegisterUri::Lease { namespace, name: name.to_owned() })
            }
            _ => Err(UriError(String::new())),
        }
    }
}

impl fmt::Display for RegisterUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegisterUri::Directory(path) => write!(f, "dir:{}", path.display()),
            RegisterUri::Lease { namespace: Some(namespace), name } => {
                write!(f, "lease:{namespace}/{name}")
            }
            RegisterUri::Lease { namespace: None, name } => write!(f, "lease:{name}"),
        }
    }
}

/// As a DNS subdomain: what goes into a request's path must not be able to change it.
///
/// # Errors
/// [`NameError`] if no object can have this name.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = (1..=253).contains(&name.len())
        && name.starts_with(plain)
        && name.ends_with(plain)
        && name.chars().all(|c| plain(c) || c == '-' || c == '.')
        && !name.contains("..");
    fits.then_some(()).ok_or_else(|| NameError(name.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_written_is_what_is_meant() {
        for uri in ["dir:/a/b", "dir:r", "lease:ns/pair", "lease:pair"] {
            assert_eq!(uri.parse::<RegisterUri>().unwrap().to_string(), uri);
        }
        let lease = RegisterUri::Lease { namespace: Some("ns".into()), name: "pair".into() };
        assert_eq!("lease:ns/pair".parse(), Ok(lease));
    }

    #[test]
    fn anything_else_is_refused_and_says_how() {
        for uri in ["", "dir:", "/a/b", "lease:", "lease:/x", "lease:x/", "lease:a/b/c", "etcd:x"] {
            let error = uri.parse::<RegisterUri>().unwrap_err().to_string();
            assert!(error.contains("lease:NAMESPACE/NAME"), "{uri}: {error}");
        }
    }

    #[test]
    fn a_name_cannot_change_a_path() {
        for name in ["", "a/b", "../x", "a?b", "a b", "A", "-a", "a.", "a..b", "ä", "a%2f"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name(&"a".repeat(254)).is_err());
        check_name("a.b-0").unwrap();
    }
}
