//! Which pod holds which copy of the log.

use std::net::IpAddr;

use serde_json::Value;
use understudy_arbiter::kubernetes::field;
use understudy_protocol::Member;

/// The uid of `pod` if it is the one that holds this member's copy: its name is the replica's, and the
/// copy was found at its address. A pod that came in its place has another address.
pub fn uid_of_holder<'a>(pod: &'a Value, member: &Member) -> Option<&'a str> {
    let address = host(&member.peer_address)?;
    let addresses = pod["status"]["podIPs"].as_array()?;
    let is_there = addresses
        .iter()
        .any(|one| field(one, &["ip"]).and_then(|ip| ip.parse::<IpAddr>().ok()) == Some(address));
    let named = field(pod, &["metadata", "name"]) == Some(member.name.as_str());
    field(pod, &["metadata", "uid"]).filter(|_| is_there && named)
}

/// The address of `host:port`; `None` if the host is a name, which tells no two pods apart.
fn host(address: &str) -> Option<IpAddr> {
    let (host, _) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use understudy_protocol::Incarnation;

    use super::*;

    fn member(peer_address: &str) -> Member {
        Member {
            incarnation: Incarnation(1),
            name: "pair-1".into(),
            peer_address: peer_address.into(),
            client_address: String::new(),
        }
    }

    fn pod(name: &str, addresses: &[&str]) -> Value {
        let addresses: Vec<Value> = addresses.iter().map(|ip| json!({"ip": ip})).collect();
        json!({"metadata": {"name": name, "uid": "u"}, "status": {"podIPs": addresses}})
    }

    #[test]
    fn the_pod_at_the_copys_address_holds_it() {
        let both = pod("pair-1", &["10.0.0.1", "fd00::1"]);
        for address in ["10.0.0.1:7441", "[fd00::1]:7441", "[fd00:0:0::1]:7441"] {
            assert_eq!(uid_of_holder(&both, &member(address)), Some("u"), "{address}");
        }
    }

    #[test]
    fn a_replacement_another_pod_and_an_address_that_proves_nothing_do_not() {
        let address = "10.0.0.1:7441";
        assert_eq!(uid_of_holder(&pod("pair-1", &["10.0.0.2"]), &member(address)), None);
        assert_eq!(uid_of_holder(&pod("pair-0", &["10.0.0.1"]), &member(address)), None);
        assert_eq!(uid_of_holder(&pod("pair-1", &[]), &member(address)), None);
        assert_eq!(uid_of_holder(&json!({}), &member(address)), None);
        for name in ["pair-1.pair-replicas.ns.svc:7441", "", "10.0.0.1"] {
            assert_eq!(uid_of_holder(&pod("pair-1", &["10.0.0.1"]), &member(name)), None);
        }
    }
}
