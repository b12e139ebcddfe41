//! Proxies in front of this server: whom to believe, and what they say about where a request comes from.
//!
//! Whatever a header says of the client counts only when the peer is of `http.trusted_proxies`. The header is read from its
//! end, which the nearest proxy wrote, and no further than the first address that is no proxy of ours: what stands before it
//! the client may have written itself.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::request::Parts;
use http::{HeaderMap, header};

use crate::config::{Http, Network, ProxyHeader};

/// The address of the peer, as the listener saw it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Who has sent the request to this process: from our own listener, or from that of the application that mounts us. Nothing
/// when neither says.
pub(super) fn peer(parts: &Parts) -> Option<IpAddr> {
    let own = parts.extensions.get::<Peer>().map(|peer| peer.0);
    let mounted = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    own.or(mounted).map(|address| address.ip().to_canonical())
}

/// Whether the peer is one of the configured proxies.
pub(super) fn is_trusted(parts: &Parts, config: &Http) -> bool {
    peer(parts).is_some_and(|peer| is_among(&config.trusted_proxies, peer))
}

/// Where the request began: the last address before our own proxies, as far as they say.
pub(super) fn client(parts: &Parts, config: &Http) -> Option<IpAddr> {
    let mut known = peer(parts)?;
    for hop in hops(&parts.headers, config.proxy_header).into_iter().rev() {
        match hop {
            Some(address) if is_among(&config.trusted_proxies, known) => known = address,
            _ => break,
        }
    }
    Some(known)
}

fn is_among(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}

/// The addresses that the proxies saw, the nearest last; nothing for one that is hidden or unreadable.
fn hops(headers: &HeaderMap, header: ProxyHeader) -> Vec<Option<IpAddr>> {
    let name = match header {
        ProxyHeader::XForwardedFor => "x-forwarded-for",
        ProxyHeader::Forwarded => header::FORWARDED.as_str(),
    };
    let lines = headers.get_all(name).iter().map(|line| line.to_str().unwrap_or_default());
    let parsed = lines.flat_map(|line| match header {
        ProxyHeader::XForwardedFor => line.split(',').map(node).collect::<Vec<_>>(),
        ProxyHeader::Forwarded => split(line, ',').into_iter().map(forwarded_for).collect(),
    });
    parsed.collect()
}

/// The `for` of one element (RFC 7239 §4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let pairs = split(element, ';');
    let mut nodes = pairs.into_iter().filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
    });
    let node_text = nodes.next()?;
    let unquoted = node_text.strip_prefix('"').map_or(Some(node_text), |text| text.strip_suffix('"'))?;
    // Two of one name are malformed (RFC 7239 §4), and nothing tells which is true.
    if nodes.next().is_some() { None } else { node(unquoted) }
}

/// Splits at a separator that does not stand in a quoted text (RFC 9110 §5.6.4).
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    let mut escaped = false;
    let parts = text.split(|c: char| {
        let splits = c == separator && !quoted;
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        splits
    });
    parts.collect()
}

/// An address with or without port; one of version 6 also in brackets.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn config(header: ProxyHeader) -> Http {
        let trusted_proxies = ["10.0.0.0/8", "::1"].map(|network| Network::parse(network).unwrap()).to_vec();
        Http { trusted_proxies, proxy_header: header, ..Http::default() }
    }

    fn check(header: ProxyHeader, peer: &str, lines: &[(&str, &str)], expected: &str) {
        let mut request = Request::builder();
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(Peer(SocketAddr::new(peer.parse().unwrap(), 1)));
        let found = client(&parts, &config(header)).unwrap();
        assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
    }

    #[test]
    fn nobody_is_believed_but_the_configured_proxies() {
        for peer in ["192.0.2.1", "127.0.0.1", "2001:db8::1"] {
            for header in [ProxyHeader::XForwardedFor, ProxyHeader::Forwarded] {
                check(header, peer, &[("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9")], peer);
            }
        }
    }

    #[test]
    fn the_last_address_before_our_proxies_is_the_client() {
        for (lines, expected) in [
            (&["203.0.113.9"][..], "203.0.113.9"),
            (&["6.6.6.6, 203.0.113.9"], "203.0.113.9"),
            (&["6.6.6.6, 203.0.113.9, 10.1.1.1"], "203.0.113.9"),
            (&["6.6.6.6", "203.0.113.9,10.1.1.1"], "203.0.113.9"),
            (&["6.6.6.6, ::ffff:203.0.113.9, ::ffff:10.1.1.1"], "203.0.113.9"),
            (&["203.0.113.9:4711, [::1]:80"], "203.0.113.9"),
            (&["2001:db8::9, [::1]"], "2001:db8::9"),
            (&["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
            (&["6.6.6.6, unknown, 10.1.1.1"], "10.1.1.1"),
            (&["6.6.6.6, "], "10.9.9.9"),
            (&["nonsense"], "10.9.9.9"),
            (&[], "10.9.9.9"),
        ] {
            let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            check(ProxyHeader::XForwardedFor, "10.9.9.9", &lines, expected);
            check(ProxyHeader::XForwardedFor, "::ffff:10.9.9.9", &lines, expected);
        }
    }

    #[test]
    fn the_header_of_rfc_7239_is_read_when_it_is_the_configured_one() {
        for (line, expected) in [
            ("for=203.0.113.9", "203.0.113.9"),
            ("For=203.0.113.9;proto=https;by=10.9.9.9", "203.0.113.9"),
            ("for=6.6.6.6, proto=https; for=\"203.0.113.9:4711\" , for=10.1.1.1", "203.0.113.9"),
            ("for=\"[2001:db8::9]:4711\"", "2001:db8::9"),
            ("for=6.6.6.6, for=_hidden, for=10.1.1.1", "10.1.1.1"),
            ("for=6.6.6.6, for=unknown", "10.9.9.9"),
            ("for=6.6.6.6, by=10.1.1.1", "10.9.9.9"),
            ("for=6.6.6.6;for=203.0.113.9", "10.9.9.9"),
            ("secret=\"a, for=6.6.6.6\"", "10.9.9.9"),
            ("for=203.0.113.9, for=\"10.1.1.1", "10.9.9.9"),
        ] {
            check(ProxyHeader::Forwarded, "10.9.9.9", &[("forwarded", line), ("x-forwarded-for", "7.7.7.7")], expected);
        }
        check(ProxyHeader::XForwardedFor, "10.9.9.9", &[("forwarded", "for=6.6.6.6")], "10.9.9.9");
    }
}
