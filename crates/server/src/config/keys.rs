//! `[keys]`: the master key that encrypts keys at rest, and how keys change.

use std::path::PathBuf;

use jotgate_wire::SecretText;
use serde::{Deserialize, Serialize};

use super::{Key, Seconds};

/// The master key (32 bytes in base64url or hexadecimal, from the environment or a file; without either, one is made beside an
/// embedded database), and how keys change.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// The key itself, from `JOTGATE_MASTER_KEY`.
    #[serde(skip_serializing)]
    pub master_key: Option<SecretText>,
    /// A file that holds the key.
    pub master_key_file: Option<PathBuf>,
    /// How long a key signs. Nothing (`"0s"`) leaves it to `jotgate keys rotate`.
    pub rotate_every: Seconds,
    /// How long verifiers may keep the key set. A new key signs only after it was published for longer.
    pub jwks_max_age: Seconds,
}

impl Default for Keys {
    fn default() -> Self {
        Self { master_key: None, master_key_file: None, rotate_every: Seconds(90 * 86_400), jwks_max_age: Seconds(300) }
    }
}

impl Keys {
    /// Above a day a new key would wait too long for its turn, and verifiers elsewhere would trust a revoked one too long.
    pub(super) fn check_max_age(&self) -> Result<(), String> {
        match self.jwks_max_age {
            Seconds(0) => Err("0s is too short; at least 1s".into()),
            life if life > Seconds(86_400) => {
                Err(format!("{life} is too long; at most 1d, since verifiers elsewhere trust a revoked key that long"))
            }
            _ => Ok(()),
        }
    }

    /// What is allowed, but only for tests.
    pub(super) fn warning(&self) -> Option<String> {
        (self.jwks_max_age < Seconds(60)).then(|| {
            format!(
                "keys.jwks_max_age is {}; verifiers that ask no more than once a minute learn of a new key too late. Only for tests",
                self.jwks_max_age
            )
        })
    }

    pub(super) fn check_rotation(&self) -> Result<(), String> {
        let least = Seconds(self.jwks_max_age.0.saturating_mul(4).max(3600));
        match self.rotate_every {
            Seconds(0) => Ok(()),
            every if every < least => Err(format!(
                "{every} is too short; at least {least}, so that each key is known everywhere before it signs, or \"0s\" for never"
            )),
            _ => Ok(()),
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "keys.master_key",
        default: "(none)",
        meaning: "32 bytes in base64url or hexadecimal; set it as JOTGATE_MASTER_KEY, not in the file",
    },
    Key {
        path: "keys.master_key_file",
        default: "(none)",
        meaning: "a file that holds the master key; without either, one is made beside an embedded database, mode 0600",
    },
    Key {
        path: "keys.rotate_every",
        default: "\"90d\"",
        meaning: "how long a key signs; the next one is published a week before, or after half of it. \"0s\": only by `jotgate keys rotate`",
    },
    Key {
        path: "keys.jwks_max_age",
        default: "\"5m\"",
        meaning: "how long verifiers may keep the key set; a new key signs 90 s after that at the earliest",
    },
];
