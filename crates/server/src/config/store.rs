//! `[store]`: where the data is.

use serde::{Deserialize, Serialize};

use super::Key;

/// Where the data is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// `sqlite:FILE`; a relative file is beside the configuration.
    pub url: String,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { url: "sqlite:jotgate.db".into() }
    }
}

pub(super) const KEYS: &[Key] = &[Key {
    path: "store.url",
    default: "\"sqlite:jotgate.db\"",
    meaning: "the database; a relative file is beside the configuration file",
}];
