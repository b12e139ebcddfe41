//! `[clients.NAME]`: the programs that people log in with, where their sessions are to live by other limits.

use serde::{Deserialize, Serialize};

use super::{Config, Key, Seconds, Sessions};

/// One client; what it leaves out is as in `[sessions]`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// A session that has not been refreshed for this long is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_ttl: Option<Seconds>,
    /// A session is over after this long, however it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absolute_ttl: Option<Seconds>,
    /// How long after a refresh the previous refresh token gets the same answer again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_window: Option<Seconds>,
}

/// What stands for the name of a client or a role in the table of keys.
pub(super) const NAME: &str = "NAME";

const AS_IN_SESSIONS: &str = "(as in [sessions])";

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "clients.NAME.idle_ttl",
        default: AS_IN_SESSIONS,
        meaning: "idle limit of the sessions of one client: NAME is the `client_id` that it logs in with",
    },
    Key {
        path: "clients.NAME.absolute_ttl",
        default: AS_IN_SESSIONS,
        meaning: "absolute limit of its sessions; a client names itself, so a longer limit than in [sessions] is for whoever has a password",
    },
    Key { path: "clients.NAME.retry_window", default: AS_IN_SESSIONS, meaning: "retry window of its refresh tokens" },
];

impl Config {
    /// `[sessions]` as it holds for a client. Nothing for a client that is not known: known are those of `[clients]` and
    /// `tokens.client_id`, which needs no section.
    #[must_use]
    pub fn sessions_of(&self, client_id: &str) -> Option<Sessions> {
        match self.clients.get(client_id) {
            Some(client) => Some(client.over(&self.sessions)),
            None if client_id == self.tokens.client_id => Some(self.sessions.clone()),
            None => None,
        }
    }
}

impl Client {
    /// The limits of all with this client's over them.
    pub(crate) fn over(&self, sessions: &Sessions) -> Sessions {
        Sessions {
            idle_ttl: self.idle_ttl.unwrap_or(sessions.idle_ttl),
            absolute_ttl: self.absolute_ttl.unwrap_or(sessions.absolute_ttl),
            retry_window: self.retry_window.unwrap_or(sessions.retry_window),
            max_per_user: sessions.max_per_user,
        }
    }
}
