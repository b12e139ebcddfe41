//! `[throttle]`: limits on wrong passwords.

use serde::{Deserialize, Serialize};

use super::Key;

/// Limits on wrong passwords.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Throttle {
    /// Whether wrong passwords are slowed down; false only for tests.
    pub enabled: bool,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { enabled: true }
    }
}

pub(super) const KEYS: &[Key] = &[Key {
    path: "throttle.enabled",
    default: "true",
    meaning: "growing delays after wrong passwords, for an account and for a network; false only for tests",
}];
