//! `[accounts]`: what an account has to show of itself.

use serde::{Deserialize, Serialize};

use super::Key;

/// What an account has to show of itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Whether an address has to be proven to be its owner's.
    pub verification: Verification,
}

/// Whether an address has to be proven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verification {
    /// Nobody is asked to.
    Off,
    /// Whoever registers gets a mail with a link, and may log in without having followed it.
    #[default]
    Optional,
    /// Nobody logs in before. Registering is answered alike for known and unknown addresses.
    Required,
}

pub(super) const KEYS: &[Key] = &[Key {
    path: "accounts.verification",
    default: "\"optional\"",
    meaning: "whether addresses have to be proven by a link in a mail: \"off\", \"optional\" (the mail is sent, where mail is configured) or \"required\" (nobody logs in before, and registering tells nobody whether an address is known)",
}];
