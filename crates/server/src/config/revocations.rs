//! `[revocations]`: the feed that verifiers elsewhere follow.

use serde::{Deserialize, Serialize};

use super::{Key, Seconds};

/// The feed that verifiers elsewhere follow.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Revocations {
    /// How often a stream says that nothing has ended, when nothing has.
    pub heartbeat: Seconds,
    /// Streams at once; more get 503, and ask again and again instead.
    pub max_streams: u32,
    /// Of these, streams to one network.
    pub max_streams_per_network: u32,
}

impl Default for Revocations {
    fn default() -> Self {
        Self { heartbeat: Seconds(2), max_streams: 1024, max_streams_per_network: 256 }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "revocations.heartbeat",
        default: "\"2s\"",
        meaning: "how often a stream says that nothing has ended; at most \"5s\", since a verifier takes 10 s of silence for an outage",
    },
    Key {
        path: "revocations.max_streams",
        default: "1024",
        meaning: "streams of the revocation feed at once; further verifiers ask every two seconds instead",
    },
    Key {
        path: "revocations.max_streams_per_network",
        default: "256",
        meaning: "of these, streams to one address (of IPv6: one network of 64 bits), so that nobody takes every place alone",
    },
];
