//! Where to look for replicas.

use std::str::FromStr;
use std::sync::Arc;

use tonic::codegen::http::uri::Authority;

/// One or more addresses, each `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints(Vec<Arc<str>>);

/// The list of endpoints cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointsError {
    /// The list is empty.
    #[error("no endpoint is given: name at least one, as host:port")]
    None,
    /// One of them is not a valid address.
    #[error("endpoint {0:?} is not of the form host:port (or [ipv6]:port)")]
    Malformed(String),
}

impl Endpoints {
    /// The addresses in the order given, each once.
    pub fn addresses(&self) -> &[Arc<str>] {
        &self.0
    }
}

impl FromStr for Endpoints {
    type Err = EndpointsError;

    /// Reads `host:port,host:port`; blanks around the commas and a leading `http://` do no harm.
    fn from_str(list: &str) -> Result<Self, EndpointsError> {
        let mut addresses: Vec<Arc<str>> = Vec::new();
        for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let address = parse(part)?;
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() { Err(EndpointsError::None) } else { Ok(Self(addresses)) }
    }
}

/// One address, checked.
pub(crate) fn parse(text: &str) -> Result<Arc<str>, EndpointsError> {
    let malformed = || EndpointsError::Malformed(text.to_owned());
    let bare = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    let authority: Authority = bare.parse().map_err(|_| malformed())?;
    let good = authority.port_u16().is_some_and(|port| port > 0)
        && !authority.host().is_empty()
        && !bare.contains('@');
    if good { Ok(bare.into()) } else { Err(malformed()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_list_is_read_in_order_and_without_repetitions() {
        let endpoints: Endpoints = " a:1, http://b:2/ ,a:1,[::1]:3,".parse().unwrap();
        let expected: Vec<Arc<str>> = vec!["a:1".into(), "b:2".into(), "[::1]:3".into()];
        assert_eq!(endpoints.addresses(), expected);
    }

    #[test]
    fn what_is_no_address_is_named() {
        for bad in ["host", "host:", ":1", "host:0", "host:70000", "a b:1", "u@h:1", "h:1/x"] {
            let error = bad.parse::<Endpoints>().unwrap_err();
            assert_eq!(error, EndpointsError::Malformed(bad.to_owned()));
        }
        assert_eq!(" , ".parse::<Endpoints>(), Err(EndpointsError::None));
    }
}
