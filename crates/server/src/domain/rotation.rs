//! When a key is made, when it signs, when it stops, and when it goes: *next* → *active* → *retired* → gone.
//!
//! - A key signs only after everyone who verifies must know it: when it has been published for longer than the key set may
//!   be kept, and every server has noticed it. Only the successor of a revoked key may be earlier. How long key sets that were
//!   published before may be kept is remembered, since the configuration may say less by now.
//! - A retired key stays until the last token that it signed has expired.
//! - A configured secret is in no key set. Only its operator knows when its verifiers have it, so it signs when asked to.

use super::key::{KeyPurpose, KeyState, StoredKey};
use super::time::Timestamp;

/// Seconds until every server on a store has noticed a new key: each looks once a minute when nothing wakes it, and clocks
/// may differ by half a minute.
const NOTICED_AFTER: i64 = 90;

/// Seconds before its time that the next key is made, at most.
const AHEAD: i64 = 7 * 86_400;

/// What a server wants of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rotation {
    pub(crate) wanted: Wanted,
    /// Seconds that a key signs; nothing for as long as nobody asks.
    pub(crate) every: Option<i64>,
    /// Seconds that verifiers may keep the key set (`max-age`).
    pub(crate) cache_life: i64,
    /// Until when they may keep one of before.
    pub(crate) caches_until: Timestamp,
    /// Seconds that a retired signing key stays.
    pub(crate) keep_signing: i64,
    /// Seconds that a retired key of refresh tokens stays.
    pub(crate) keep_refresh: i64,
}

/// What is remembered of how long verifiers may keep key sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CacheLives {
    /// Seconds that those may be kept which are published now.
    pub(crate) life: i64,
    /// Until when those may be kept that were published with another life.
    pub(crate) until: Timestamp,
}

impl CacheLives {
    /// The same when a server publishes with this life from now on; nothing when that is no change.
    pub(crate) fn published_with(self, life: i64, now: Timestamp) -> Option<Self> {
        let is_first = self.life == 0;
        let until = if is_first { self.until } else { self.until.max(now.plus_seconds(self.life)) };
        (life != self.life).then_some(Self { life, until })
    }
}

/// What is to sign access tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A key pair of this algorithm.
    Pair(String),
    /// The configured secret with this key id.
    Secret(String),
}

/// One step of a key's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make the next key, in the place of one that is no longer wanted.
    Make { purpose: KeyPurpose, activate_at: Option<Timestamp>, instead_of: Option<String> },
    /// Let a next key sign; the active one retires.
    Activate(String),
    /// Forget a retired key.
    Drop(String),
}

/// Which step is due for a next key that was asked to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It may sign now.
    Now,
    /// It may sign from then on.
    At(Timestamp),
}

impl Rotation {
    /// The same, with what is remembered.
    pub(crate) fn remembering(&self, lives: CacheLives) -> Self {
        Self { caches_until: lives.until, ..self.clone() }
    }

    /// The steps that are due.
    pub(crate) fn due(&self, keys: &[StoredKey], now: Timestamp) -> Vec<Step> {
        let gone = keys.iter().filter(|key| self.gone_at(key).is_some_and(|at| at <= now));
        let mut steps: Vec<_> = gone.map(|key| Step::Drop(key.kid.clone())).collect();
        steps.extend(
            [KeyPurpose::Signing, KeyPurpose::Refresh].iter().filter_map(|purpose| self.turn(*purpose, keys, now)),
        );
        steps
    }

    fn turn(&self, purpose: KeyPurpose, keys: &[StoredKey], now: Timestamp) -> Option<Step> {
        let active = find(keys, purpose, KeyState::Active)?;
        let next = find(keys, purpose, KeyState::Next);
        match next.filter(|next| self.wants(next)) {
            Some(next) => {
                self.signs_from(next, active).filter(|at| *at <= now).map(|_| Step::Activate(next.kid.clone()))
            }
            None => self.make(purpose, active, next, now),
        }
    }

    fn make(&self, purpose: KeyPurpose, active: &StoredKey, next: Option<&StoredKey>, now: Timestamp) -> Option<Step> {
        let instead_of = next.map(|next| next.kid.clone());
        let earliest = self.known_to_all(purpose, now);
        if !self.wants(active) {
            let activate_at = matches!(self.wanted, Wanted::Pair(_)).then_some(earliest);
            return Some(Step::Make { purpose, activate_at, instead_of });
        }
        let turn = self.rotates_at(active)?;
        let ahead = AHEAD.min(self.every.unwrap_or(0) / 2).max(self.published_for(purpose));
        let is_time = turn.minus_seconds(ahead) <= now;
        is_time.then_some(Step::Make { purpose, activate_at: Some(turn.max(earliest)), instead_of })
    }

    /// Whether this is a key that is to sign, as things are configured.
    pub(crate) fn wants(&self, key: &StoredKey) -> bool {
        match (key.purpose, &self.wanted) {
            (KeyPurpose::Refresh, _) => true,
            (KeyPurpose::Signing, Wanted::Pair(algorithm)) => {
                !key.is_configured_secret() && key.algorithm == *algorithm
            }
            (KeyPurpose::Signing, Wanted::Secret(kid)) => key.is_configured_secret() && key.kid == *kid,
        }
    }

    /// When a next key begins to sign, if that is known: when it is its turn, and not before everyone must know it.
    pub(crate) fn signs_from(&self, next: &StoredKey, active: &StoredKey) -> Option<Timestamp> {
        let turn = match next.purpose {
            // It is chosen by this time, so the time never changes by itself.
            KeyPurpose::Refresh => next.activate_at,
            KeyPurpose::Signing if next.is_configured_secret() => next.activate_at,
            KeyPurpose::Signing if self.wants(active) => {
                [next.activate_at, self.rotates_at(active)].into_iter().flatten().min()
            }
            KeyPurpose::Signing => Some(next.created_at),
        };
        turn.map(|turn| turn.max(self.earliest(next)))
    }

    /// From when on everyone must know a next key.
    pub(crate) fn earliest(&self, next: &StoredKey) -> Timestamp {
        self.known_to_all(next.purpose, next.created_at)
    }

    /// From when on everyone must know a key that is published then.
    fn known_to_all(&self, purpose: KeyPurpose, published_at: Timestamp) -> Timestamp {
        let known = published_at.plus_seconds(self.published_for(purpose));
        match purpose {
            KeyPurpose::Signing if self.caches_until > published_at => {
                known.max(self.caches_until.plus_seconds(NOTICED_AFTER))
            }
            _ => known,
        }
    }

    /// Seconds from making a key to the first signature by it.
    pub(crate) fn published_for(&self, purpose: KeyPurpose) -> i64 {
        match purpose {
            KeyPurpose::Signing => self.cache_life + NOTICED_AFTER,
            KeyPurpose::Refresh => NOTICED_AFTER,
        }
    }

    /// When the active key has signed for long enough. A configured secret changes when the configuration does.
    pub(crate) fn rotates_at(&self, active: &StoredKey) -> Option<Timestamp> {
        let every = self.every.filter(|_| !active.is_configured_secret())?;
        active.activated_at.map(|since| since.plus_seconds(every))
    }

    /// When a retired key goes.
    pub(crate) fn gone_at(&self, key: &StoredKey) -> Option<Timestamp> {
        let keep = match key.purpose {
            KeyPurpose::Signing => self.keep_signing,
            KeyPurpose::Refresh => self.keep_refresh,
        };
        key.retired_at.filter(|_| key.state == KeyState::Retired).map(|since| since.plus_seconds(keep))
    }

    /// When a key that is asked to sign as soon as it may will do so.
    pub(crate) fn asked(&self, next: &StoredKey, now: Timestamp) -> Turn {
        // Other servers choose a key of refresh tokens by the time that they know, so a change of it needs to be noticed too.
        let noticed = now.plus_seconds(NOTICED_AFTER);
        let earliest = match next.purpose {
            KeyPurpose::Signing => self.earliest(next),
            KeyPurpose::Refresh => next.activate_at.map_or(noticed, |planned| planned.min(noticed)),
        };
        if earliest <= now { Turn::Now } else { Turn::At(earliest) }
    }
}

/// The key that takes over when active ones are revoked: one that was published already, if there is one that verifiers are
/// sure to know.
pub(crate) fn heir<'k>(keys: &'k [StoredKey], purpose: KeyPurpose, revoked: &[String]) -> Option<&'k StoredKey> {
    find(keys, purpose, KeyState::Next).filter(|next| !revoked.contains(&next.kid) && !next.is_configured_secret())
}

/// The key of a purpose in a state; there is one at most that is active, and one that is next.
pub(crate) fn find(keys: &[StoredKey], purpose: KeyPurpose, state: KeyState) -> Option<&StoredKey> {
    keys.iter().find(|key| key.purpose == purpose && key.state == state)
}

#[cfg(test)]
mod tests;
