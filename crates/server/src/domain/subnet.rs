//! What counts as one network when tries are counted.

use std::net::{IpAddr, Ipv6Addr};

/// The addresses that one party commands: a single one of version 4, and a network of 64 bits of version 6, which is the least
/// that anybody is given (RFC 6177 §2, RFC 7421).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Subnet(IpAddr);

/// The bits of an address of version 6 that count.
const COUNTED: u128 = u128::MAX << 64;

impl Subnet {
    /// The network of an address. One of version 4 in the clothes of version 6 (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) is of
    /// version 4.
    pub(crate) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & COUNTED)),
            address @ IpAddr::V4(_) => address,
        })
    }

    /// The network of an address as text; nothing for a text that is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::of)
    }

    /// Whether it is this machine: then a proxy in front is not configured, and everyone seems to come from there.
    pub(crate) fn is_here(self) -> bool {
        // The loopback address of version 6 is the only one that is used of its network.
        self.0.is_loopback() || self.0 == IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Subnet;

    #[test]
    fn addresses_are_of_one_network_or_of_two() {
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "::ffff:c000:201", true),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
            ("2001:db8::1", "2001:db8:0:0:ffff:ffff:ffff:ffff", true),
            ("2001:db8::1", "2001:DB8:0:0::2", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("::1", "127.0.0.1", false),
        ] {
            assert_eq!(Subnet::parse(one).unwrap() == Subnet::parse(other).unwrap(), same, "{one} {other}");
        }
        for text in ["", "192.0.2", "192.0.2.1:80", "[::1]", "fe80::1%eth0", "unknown"] {
            assert_eq!(Subnet::parse(text), None, "{text}");
        }
    }

    #[test]
    fn this_machine_is_told() {
        for (text, here) in [("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true)] {
            assert_eq!(Subnet::parse(text).unwrap().is_here(), here, "{text}");
        }
        for text in ["10.0.0.1", "192.0.2.1", "2001:db8::1", "fe80::1"] {
            assert!(!Subnet::parse(text).unwrap().is_here(), "{text}");
        }
    }
}
