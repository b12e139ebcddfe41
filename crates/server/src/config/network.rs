//! Networks of proxies, written as people write them: `"10.0.0.0/8"`, `"127.0.0.1"`, `"fd00::/8"`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An address with the number of its bits that count (CIDR, RFC 4632 §3.1).
///
/// An IPv4 address in the clothes of an IPv6 one (`::ffff:10.0.0.1`, RFC 4291 §2.5.5.2) is the IPv4 address, here and in
/// every address that is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Bits of the addresses before a mapped IPv4 address.
const MAPPED_BITS: u8 = 96;

impl Network {
    /// Reads an address, or an address with a number of bits behind a slash.
    ///
    /// # Errors
    ///
    /// A sentence that says how a network is written. The network of all addresses is refused: whoever trusts everybody
    /// believes whatever anybody says about where they come from.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refused =
            || format!("`{text}` is not a network; write such as \"10.0.0.0/8\", \"127.0.0.1\" or \"fd00::/8\"");
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| refused())?;
        let longest = longest(address);
        let bits = bits.map_or(Ok(longest), |bits| number(bits).ok_or_else(refused))?;
        if bits > longest {
            return Err(refused());
        }
        let network = Self { address, bits }.canonical().ok_or_else(refused)?;
        if network.bits == 0 {
            return Err(format!("`{text}` is everybody; name the proxies alone"));
        }
        let exact = Self { address: masked(network.address, network.bits), ..network };
        if exact == network {
            Ok(network)
        } else {
            Err(format!("`{text}` has bits beyond its length; write \"{exact}\""))
        }
    }

    /// Whether the address is of this network.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.bits) == self.address
    }

    fn canonical(self) -> Option<Self> {
        match (self.address, self.address.to_canonical()) {
            (IpAddr::V6(_), address @ IpAddr::V4(_)) => {
                Some(Self { address, bits: self.bits.checked_sub(MAPPED_BITS)? })
            }
            _ => Some(self),
        }
    }
}

/// Digits alone: the standard library would take a sign as well.
fn number(text: &str) -> Option<u8> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn longest(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address with all bits after the first so many cleared.
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(u32::from(32_u8.saturating_sub(bits))).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(u32::from(128_u8.saturating_sub(bits))).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Network;

    #[test]
    fn a_network_has_its_own_addresses_and_no_others() {
        for (network, inside, outside) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("127.0.0.1", "::ffff:127.0.0.1", "::1"),
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("192.0.2.128/25", "192.0.2.255", "192.0.2.127"),
            ("::1", "::1", "127.0.0.1"),
            ("fd00::/8", "fdff::1", "fc00::1"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3"),
            ("::ffff:10.0.0.7", "10.0.0.7", "10.0.0.8"),
            ("128.0.0.0/1", "255.0.0.1", "::1"),
        ] {
            let parsed = Network::parse(network).unwrap();
            assert!(parsed.contains(inside.parse().unwrap()), "{network} {inside}");
            assert!(!parsed.contains(outside.parse().unwrap()), "{network} {outside}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_how_to_write_it() {
        for (text, expected) in [
            ("", "is not a network"),
            ("proxy", "is not a network"),
            ("10.0.0.0/33", "is not a network"),
            ("10.0.0.0/+8", "is not a network"),
            ("10.0.0.0/", "is not a network"),
            ("10.0.0.0/8/8", "is not a network"),
            ("010.0.0.0/8", "is not a network"),
            ("::ffff:0:0/90", "is not a network"),
            ("::ffff:0:0/96", "is everybody"),
            ("0.0.0.0/0", "is everybody"),
            ("::/0", "is everybody"),
            ("10.0.0.1/8", "write \"10.0.0.0/8\""),
            ("fd00::1/8", "write \"fd00::/8\""),
        ] {
            let said = Network::parse(text).unwrap_err();
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}
