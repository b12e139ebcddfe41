//! `[metrics]`: the listener that Prometheus asks.

use serde::{Deserialize, Serialize};

use super::Key;

/// The listener that Prometheus asks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Address and port to answer `GET /metrics` at; nothing for no such listener.
    pub listen: Option<String>,
    /// Whether that may be an address that other machines can reach. It asks nobody who they are, and has no TLS.
    pub expose: bool,
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "metrics.listen",
        default: "(none)",
        meaning: "address and port of a listener of its own for `GET /metrics` (Prometheus), such as \"127.0.0.1:4490\"; this machine's only, unless `metrics.expose`",
    },
    Key {
        path: "metrics.expose",
        default: "false",
        meaning: "whether `metrics.listen` may be reached by other machines; it has no TLS and asks nobody who they are",
    },
];
