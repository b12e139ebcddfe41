//! `[roles.NAME]`: the scopes that a role grants.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Config, Key};
use crate::domain::scope::Grants;

/// What everyone with a role may do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Role {
    /// The scopes that it grants.
    pub scopes: Vec<String>,
    /// Whether everyone has its scopes, and nobody has to be given the role.
    pub everyone: bool,
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "roles.NAME.scopes",
        default: "[]",
        meaning: "scopes in the tokens of those who have the role NAME, from their next refresh on; \"jotgate:admin\" makes administrators of this server",
    },
    Key {
        path: "roles.NAME.everyone",
        default: "false",
        meaning: "whether everyone has these scopes, also without the role",
    },
];

impl Config {
    /// What each role grants.
    pub(crate) fn grants(&self) -> Grants {
        let of_role: BTreeMap<_, _> =
            self.roles.iter().map(|(name, role)| (name.clone(), role.scopes.clone())).collect();
        let everyone = self.roles.values().filter(|role| role.everyone);
        let everyone: BTreeSet<_> = everyone.flat_map(|role| role.scopes.iter().cloned()).collect();
        Grants::new(of_role, everyone)
    }
}
