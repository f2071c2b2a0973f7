//! Checks of single options that are more than a number or a word, and of those that must fit each other.

use std::net::Ipv6Addr;

use understudy_arbiter::{RegisterUri, UriError, check_name};
use understudy_protocol::{MS, Timing, is_address, is_name};

use super::OptionsError;

pub(super) fn given<T>(option: &'static str, value: Option<T>) -> Result<T, OptionsError> {
    value.ok_or(OptionsError::Missing(option))
}

pub(super) fn wrong(
    option: &'static str,
    value: impl ToString,
    why: impl Into<String>,
) -> OptionsError {
    OptionsError::Wrong { option, value: value.to_string(), why: why.into() }
}

/// A network break must leave the sitting primary in its place, and a sign of life in time.
pub(super) fn check_order(timing: &Timing) -> Result<(), OptionsError> {
    if timing.drop >= timing.promote {
        let why = "it must be below promote-ms, so that a network break keeps the primary";
        return Err(wrong("drop-ms", timing.drop / MS, why));
    }
    if timing.heartbeat * 2 > timing.drop {
        let why = "it must be at most half of drop-ms, so that an idle replica is no silent one";
        return Err(wrong("heartbeat-ms", timing.heartbeat / MS, why));
    }
    Ok(())
}

pub(super) fn register(uri: &str) -> Result<RegisterUri, OptionsError> {
    uri.parse().map_err(|error: UriError| wrong("register", uri, error.to_string()))
}

pub(super) fn follows(service: String, register: &RegisterUri) -> Result<String, OptionsError> {
    check_name(&service).map_err(|error| wrong("service", &service, error.to_string()))?;
    match register {
        RegisterUri::Lease { .. } => Ok(service),
        RegisterUri::Directory(_) => {
            Err(wrong("service", service, "only with a Lease as the register (lease:...)"))
        }
    }
}

/// A bare IPv6 address gets the brackets that it needs before a port.
pub(super) fn advertised(host: &str) -> Result<String, OptionsError> {
    if host.parse::<Ipv6Addr>().is_ok() {
        return Ok(format!("[{host}]"));
    }
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let fits = match bracketed {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', ' ']),
    };
    let why = "it is a host's name or address, without a port";
    fits.then(|| host.to_owned()).ok_or_else(|| wrong("advertise-host", host, why))
}

pub(super) fn log(filter: String) -> Result<String, OptionsError> {
    crate::logging::filter(&filter).map_err(|why| wrong("log", &filter, why))?;
    Ok(filter)
}

pub(super) fn peers(name: &str, text: &str) -> Result<Vec<(String, String)>, OptionsError> {
    let mut peers: Vec<(String, String)> = Vec::new();
    for peer in text.split(',').map(str::trim).filter(|peer| !peer.is_empty()) {
        let (peer, address) = peer
            .split_once('=')
            .filter(|(name, address)| is_name(name) && is_address(address) && address.contains(':'))
            .ok_or_else(|| wrong("peers", peer, "each is NAME=HOST:PORT"))?;
        if peers.iter().any(|(other, _)| other == peer) {
            return Err(wrong("peers", peer, "it is there twice"));
        }
        peers.push((peer.to_string(), address.to_string()));
    }
    if !is_name(name) {
        let what = "it has 1 to 128 bytes, no comma, space, = or character that is not seen";
        return Err(wrong("name", name, what));
    }
    Ok(peers)
}
