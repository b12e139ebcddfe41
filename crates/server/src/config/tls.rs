//! `[tls]`: plain TLS by certificate and key file. Both or neither.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Key;

/// Certificate and key of the listener; without them it speaks plain HTTP (behind a proxy, or on a loopback address).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate chain, the server's own first.
    pub certificate: Option<PathBuf>,
    /// PEM file with the private key of the certificate.
    pub key: Option<PathBuf>,
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "tls.certificate",
        default: "(none)",
        meaning: "PEM file with the certificate chain; without it the listener speaks plain HTTP",
    },
    Key { path: "tls.key", default: "(none)", meaning: "PEM file with the private key of the certificate" },
];
