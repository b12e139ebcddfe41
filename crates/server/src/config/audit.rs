//! `[audit]`: the trail of what happened.

use serde::{Deserialize, Serialize};

use super::{Key, Seconds};

/// The trail of what happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// How long a line is kept.
    pub retention: Seconds,
}

impl Default for Audit {
    fn default() -> Self {
        Self { retention: Seconds(90 * 86_400) }
    }
}

pub(super) const KEYS: &[Key] = &[Key {
    path: "audit.retention",
    default: "\"90d\"",
    meaning: "how long a line of the audit trail is kept; at least \"1d\"",
}];
