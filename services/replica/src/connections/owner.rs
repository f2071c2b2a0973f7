//! Whose share counts what a connection makes in the store.

use std::net::{IpAddr, Ipv6Addr};

use bytes::Bytes;

/// The owner of what comes from an address, in words: the address itself; of IPv6 the network of 64 bits, since
/// a host that has one address there has all of them.
pub(crate) fn owner(address: IpAddr) -> Bytes {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let network = Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX));
            format!("{network}/64").into()
        }
        address => address.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_owner_and_in_ipv6_its_network_is() {
        let named = |text: &str| String::from_utf8(owner(text.parse().unwrap()).into()).unwrap();
        assert_eq!(named("10.0.0.7"), "10.0.0.7");
        assert_eq!(named("::ffff:10.0.0.7"), "10.0.0.7");
        assert_eq!(named("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(named("2001:db8:1:2::1"), "2001:db8:1:2::/64");
        assert_eq!(named("::1"), "::1");
    }
}
