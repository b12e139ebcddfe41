//! `[passwords]`: password rules and the cost of hashing.

use serde::{Deserialize, Serialize};

use super::{Key, Seconds};

/// Password rules, the cost of Argon2id, and how many hashes may run and wait at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Passwords {
    /// Fewest code points of a new password (NIST SP 800-63B-4 §3.1.1.2: 15 where it is the only factor).
    pub min_length: u32,
    /// Argon2id memory, in KiB.
    pub memory_kib: u32,
    /// Argon2id passes over the memory.
    pub iterations: u32,
    /// Hashes computed at once; 0 means one for each core, and one less while other requests come (one at least). Each holds
    /// `memory_kib`.
    pub workers: u32,
    /// What all hashes together may hold, in MiB: fewer are computed at once where it is short. Imported hashes that need
    /// much memory have what the workers leave.
    pub max_memory_mib: u32,
    /// Hashes that may wait for a worker; more are refused with 503.
    pub max_waiting: u32,
    /// How long one may wait before it is refused with 503.
    pub max_wait: Seconds,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            min_length: 15,
            memory_kib: 19 * 1024,
            iterations: 2,
            workers: 0,
            max_memory_mib: 512,
            max_waiting: 256,
            max_wait: Seconds(5),
        }
    }
}

pub(super) const KEYS: &[Key] = &[
    Key { path: "passwords.min_length", default: "15", meaning: "fewest characters of a new password; at least 8" },
    Key { path: "passwords.memory_kib", default: "19456", meaning: "Argon2id memory of one hash, in KiB" },
    Key { path: "passwords.iterations", default: "2", meaning: "Argon2id passes over the memory" },
    Key {
        path: "passwords.workers",
        default: "0",
        meaning: "hashes computed at once; 0 is one for each core, and one less while other requests come",
    },
    Key {
        path: "passwords.max_memory_mib",
        default: "512",
        meaning: "memory of all hashes together, in MiB; imported ones have what the workers leave of it",
    },
    Key { path: "passwords.max_waiting", default: "256", meaning: "hashes that may wait; more get 503" },
    Key { path: "passwords.max_wait", default: "\"5s\"", meaning: "how long a hash may wait before it gets 503" },
];
