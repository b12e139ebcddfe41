//! `[sessions]`: sessions and their refresh tokens.

use serde::{Deserialize, Serialize};

use super::{Key, Seconds};

/// Sessions and their refresh tokens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sessions {
    /// A session that has not been refreshed for this long is over.
    pub idle_ttl: Seconds,
    /// A session is over after this long, however it is used.
    pub absolute_ttl: Seconds,
    /// How long after a refresh the previous refresh token gets the same answer again.
    pub retry_window: Seconds,
    /// How many sessions a person may have; of more, the least recently used end.
    pub max_per_user: u32,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            idle_ttl: Seconds(30 * 86_400),
            absolute_ttl: Seconds(180 * 86_400),
            retry_window: Seconds(30),
            max_per_user: 100,
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key { path: "sessions.idle_ttl", default: "\"30d\"", meaning: "a session not refreshed for this long is over" },
    Key {
        path: "sessions.absolute_ttl",
        default: "\"180d\"",
        meaning: "a session is over after this long in any case",
    },
    Key {
        path: "sessions.retry_window",
        default: "\"30s\"",
        meaning: "how long the previous refresh token still gets the same successor (lost answers, several tabs)",
    },
    Key {
        path: "sessions.max_per_user",
        default: "100",
        meaning: "sessions a person may have; with one more the least recently used ends",
    },
];
