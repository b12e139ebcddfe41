//! Which addresses an issuer's documents are fetched from. What a name resolves to is checked, and only what was checked is
//! connected to, so that another answer of the DNS in between changes nothing.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::issuer_url::IssuerUrl;

/// How far a guard reaches for the documents of one issuer. Public addresses are always within it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reach {
    loopback: bool,
    private: bool,
}

/// Where an address is, by the registries of special-purpose addresses (RFC 6890).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Public,
    Private,
    Loopback,
    /// Where no issuer lives: unspecified, link-local (and with it the metadata services of clouds), multicast, reserved.
    Nowhere,
}

impl Reach {
    /// Loopback addresses belong to an issuer that is named by one, and everything inside to one for which that was said.
    pub(crate) fn of(issuer: &IssuerUrl, private_network: bool) -> Self {
        Self { loopback: private_network || issuer.is_loopback(), private: private_network }
    }

    fn has(self, address: IpAddr) -> bool {
        match place(address) {
            Place::Public => true,
            Place::Private => self.private,
            Place::Loopback => self.loopback,
            Place::Nowhere => false,
        }
    }

    /// Refuses an URL whose host is an address out of reach; nobody resolves those.
    pub(crate) fn check(self, url: &Url) -> Result<(), String> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            _ => return Ok(()),
        };
        if self.has(address) { Ok(()) } else { Err(out_of_reach(url.as_str())) }
    }
}

fn out_of_reach(what: &str) -> String {
    format!("{what} leads to an address inside, where nothing is fetched from unless .private_network() says so")
}

fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => place_v4(address),
        IpAddr::V6(address) => place_v6(address),
    }
}

fn place_v4(address: Ipv4Addr) -> Place {
    match address.octets() {
        [127, ..] => Place::Loopback,
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Place::Private,
        [0 | 224..=255, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Place::Nowhere,
        _ => Place::Public,
    }
}

/// An address that stands for one of version 4 is where that one is.
fn place_v6(address: Ipv6Addr) -> Place {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        place_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Place::Loopback,
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            v4(high, low)
        }
        [0xfc00..=0xfdff, ..] | [0x64, 0xff9b, 1, ..] => Place::Private,
        [0x2001, 0 | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Place::Nowhere,
        [0x2000..=0x3fff, ..] => Place::Public,
        _ => Place::Nowhere,
    }
}

/// Turns a name into addresses: the system's way, or a test's.
#[derive(Clone)]
pub(crate) struct Lookup(pub(crate) Arc<dyn Fn(String) -> Found + Send + Sync>);
pub(crate) type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

impl Default for Lookup {
    fn default() -> Self {
        let system =
            async |name| Ok(tokio::net::lookup_host((name, 0)).await?.map(|found: SocketAddr| found.ip()).collect());
        Self(Arc::new(move |name: String| Box::pin(system(name))))
    }
}

/// Resolves names to what is within reach.
#[derive(Clone)]
pub(crate) struct Resolver {
    pub(crate) reach: Reach,
    pub(crate) lookup: Lookup,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, Lookup(lookup)) = (self.reach, self.lookup.clone());
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found = match localhost(&name) {
                Some(addresses) => addresses,
                None => lookup(name.clone()).await?,
            };
            let mut allowed = found.into_iter().filter(|address| reach.has(*address)).peekable();
            if allowed.peek().is_none() {
                return Err(out_of_reach(&name).into());
            }
            let addresses = allowed.map(|address| SocketAddr::new(address, 0)).collect::<Vec<_>>();
            Ok::<Addrs, _>(Box::new(addresses.into_iter()))
        })
    }
}

/// `localhost` is this machine, whatever the DNS says (RFC 6761 §6.3).
fn localhost(name: &str) -> Option<Vec<IpAddr>> {
    let name = name.trim_end_matches('.');
    let is_local = name == "localhost" || name.ends_with(".localhost");
    is_local.then(|| vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("reach", &self.reach).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expected: Place, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(place(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn an_address_is_where_the_registries_say() {
        check(Place::Public, &["1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "192.0.1.1", "223.255.255.255"]);
        check(
            Place::Public,
            &["2606:4700::1111", "2001:4860::8888", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1", "2002:101:101::1"],
        );
        check(
            Place::Private,
            &["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.0.1"],
        );
        check(
            Place::Private,
            &["fc00::1", "fdff::1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:a00:1::1"],
        );
        check(Place::Loopback, &["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"]);
        check(Place::Nowhere, &["0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "255.255.255.255", "192.0.2.1"]);
        check(
            Place::Nowhere,
            &["::", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "3fff::1", "::10.0.0.1"],
        );
        check(Place::Nowhere, &["::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1", "100::1"]);
    }

    #[test]
    fn inside_is_reached_only_where_it_was_said() {
        let reach = |name: &str, private| Reach::of(&IssuerUrl::parse(name).unwrap(), private);
        for (reach, public, private, loopback) in [
            (reach("https://e.com", false), true, false, false),
            (reach("https://e.com", true), true, true, true),
            (reach("http://127.0.0.1:1", false), true, false, true),
            (reach("http://localhost", false), true, false, true),
        ] {
            let has = |address: &str| reach.has(address.parse().unwrap());
            assert_eq!((has("1.1.1.1"), has("10.0.0.1"), has("::1")), (public, private, loopback), "{reach:?}");
            assert!(!has("169.254.169.254"), "{reach:?}");
        }
    }

    #[test]
    fn localhost_is_not_looked_up() {
        for (name, is_local) in
            [("localhost", true), ("localhost.", true), ("a.localhost", true), ("localhost.evil.example", false)]
        {
            assert_eq!(localhost(name).is_some(), is_local, "{name}");
        }
    }
}
