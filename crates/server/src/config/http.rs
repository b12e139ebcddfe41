//! `[http]`: the listener, the origins of browsers, and limits.

use serde::{Deserialize, Serialize};

use super::{Key, Network, Seconds};

/// The listener, the origins of browsers, and limits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Address and port to listen on.
    pub listen: String,
    /// Origins whose pages may call this server with cookies, each as a browser writes it: `https://shop.example.com`.
    pub allowed_origins: Vec<String>,
    /// Networks of the proxies in front of this server. What they say about the original request counts, and what anybody
    /// else says does not; not even a loopback address is trusted unless it is named.
    pub trusted_proxies: Vec<Network>,
    /// The header in which they pass on the address of the client.
    pub proxy_header: ProxyHeader,
    /// Connections served at once; more wait in the system's queue. As many requests are served at once; more get 503.
    pub max_connections: u32,
    /// How long a connection may take to send a request's header.
    pub header_timeout: Seconds,
    /// How long a request may take, its body included.
    pub request_timeout: Seconds,
    /// How long a stopping server waits for the requests it has accepted.
    pub shutdown_grace: Seconds,
}

/// The header in which a proxy passes on the address of the client. A proxy that keeps up one of them hands the other
/// through as the client wrote it, so exactly one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProxyHeader {
    /// The one that nearly every proxy keeps up.
    #[serde(rename = "X-Forwarded-For")]
    XForwardedFor,
    /// That of RFC 7239.
    Forwarded,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:4400".into(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::XForwardedFor,
            max_connections: 4096,
            header_timeout: Seconds(10),
            request_timeout: Seconds(30),
            shutdown_grace: Seconds(30),
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key { path: "http.listen", default: "\"127.0.0.1:4400\"", meaning: "address and port to listen on" },
    Key {
        path: "http.allowed_origins",
        default: "[]",
        meaning: "origins of pages that may call this server with cookies, such as \"https://shop.example.com\"",
    },
    Key {
        path: "http.trusted_proxies",
        default: "[]",
        meaning: "networks of the proxies in front, such as \"10.0.0.0/8\" or \"127.0.0.1\"; what they say of the original request counts",
    },
    Key {
        path: "http.proxy_header",
        default: "\"X-Forwarded-For\"",
        meaning: "where they pass on the client's address: \"X-Forwarded-For\" or \"Forwarded\" (RFC 7239)",
    },
    Key {
        path: "http.max_connections",
        default: "4096",
        meaning: "connections served at once (more wait), and requests served at once (more get 503)",
    },
    Key { path: "http.header_timeout", default: "\"10s\"", meaning: "how long a request's header may take to arrive" },
    Key { path: "http.request_timeout", default: "\"30s\"", meaning: "how long a request may take, its body included" },
    Key {
        path: "http.shutdown_grace",
        default: "\"30s\"",
        meaning: "how long a stopping server waits for the requests it has accepted",
    },
];
