//! `[keys]`: the master key that encrypts signing keys at rest.

use std::path::PathBuf;

use jotgate_wire::SecretText;
use serde::{Deserialize, Serialize};

use super::Key;

/// The master key: 32 bytes in base64url or hexadecimal, from the environment or a file. Without either, one is made
/// beside an embedded database.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keys {
    /// The key itself, from `JOTGATE_MASTER_KEY`.
    #[serde(skip_serializing)]
    pub master_key: Option<SecretText>,
    /// A file that holds the key.
    pub master_key_file: Option<PathBuf>,
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
];
