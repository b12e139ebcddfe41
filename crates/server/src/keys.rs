//! Keeps this process's key ring in step with the store, and the keys themselves in step with time.
//!
//! Requests read a snapshot, and take it once each; it is replaced as a whole. A server whose master key no longer opens
//! what is stored keeps what it has of that, and adds nothing; what is no longer stored is gone there too.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jotgate_jose::KeySet;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::App;
use crate::clock::monotonic;
use crate::config::Config;
use crate::domain::audit::{By, Event, Line};
use crate::domain::key::KeyPurpose;
use crate::domain::rotation::{Rotation, Step, Wanted};
use crate::domain::time::Timestamp;
use crate::revocations;
use crate::store::StoreError;
use crate::store::audit::Audited;
use crate::store::keys::{AdvanceKeys, Change, KeysVersion, LoadKeys, OtherMaster, PublishWith};
use crate::store::sessions::RotatedBefore;
use crate::tokens::generate::{Generator, secret_kid};
use crate::tokens::keyring::{Keyring, KeyringError, NoKey};
use crate::tokens::master_key::MasterKey;

/// The key ring as it is now, and what opens the stored keys.
#[derive(Debug)]
pub(crate) struct Keys {
    ring: ArcSwap<Keyring>,
    master: MasterKey,
    /// When the stored keys were last looked at because of a token whose key is not here, and whether they could be.
    looked: Mutex<Option<(Instant, bool)>>,
}

/// How long such a look holds. Anybody can make up the name of a key, and must not cause more than a query a second.
const LOOK_HOLDS: Duration = Duration::from_secs(1);

/// Why the stored keys were not taken in, or not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowKeysError {
    #[error("the database cannot be used: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

impl From<OtherMaster> for FollowKeysError {
    fn from(_: OtherMaster) -> Self {
        Self::Keyring(KeyringError::OtherMaster)
    }
}

impl Keys {
    pub(crate) fn new(ring: Keyring, master: MasterKey) -> Self {
        Self { ring: ArcSwap::from_pointee(ring), master, looked: Mutex::default() }
    }

    pub(crate) fn master(&self) -> &MasterKey {
        &self.master
    }

    /// Of two that are read at once the newer stays: a key that was taken away never comes back.
    fn replace(&self, ring: Keyring) {
        let ring = Arc::new(ring);
        self.ring
            .rcu(|present| if present.version() > ring.version() { Arc::clone(present) } else { Arc::clone(&ring) });
    }
}

impl App {
    /// The key ring as it is now. A request takes it once, so that all its parts fit each other.
    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        self.inner.keys.ring.load_full()
    }

    /// The keys that access tokens verify with now, for a guard in the same process. The same set is the same `Arc`; it is
    /// replaced as a whole when keys change, so ask for it at each use.
    #[must_use]
    pub fn verifying_keys(&self) -> Arc<KeySet> {
        Arc::clone(self.inner.keys.ring.load().verifying())
    }

    /// Takes in the stored keys if they have changed. Those that are gone are gone here too, also when it fails because another does
    /// not open; then it fails again until all of them do.
    pub(crate) async fn follow_keys(&self) -> Result<(), FollowKeysError> {
        let inner = &self.inner;
        let present = self.keyring();
        if present.failure().is_none() && inner.store.read(KeysVersion).await? == present.version() {
            return Ok(());
        }
        let stored = inner.store.read(LoadKeys).await?;
        let ring = present.follow(&stored, &inner.config.tokens, &inner.terms, &inner.keys.master)?;
        let failure = ring.failure().cloned();
        // Before a key is gone it is known why: its tokens are refused as revoked, and not as of an unknown key.
        let ended = self.follow_revocations().await;
        inner.keys.replace(ring);
        ended?;
        failure.map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Looks at the stored keys for somebody who names one that is not here. Everyone who asks within a second gets the same answer.
    /// Fails when they cannot be looked at; that one of them does not open is told by the key ring.
    pub(crate) async fn look_at_the_keys(&self) -> Result<(), NoKey> {
        let mut looked = self.inner.keys.looked.lock().await;
        let seen = match *looked {
            Some((at, seen)) if at.elapsed() < LOOK_HOLDS => seen,
            _ => {
                let seen = match self.follow_keys().await {
                    Ok(()) => true,
                    Err(FollowKeysError::Store(_)) => false,
                    Err(FollowKeysError::Keyring(_)) => self.keyring().failure().is_some(),
                };
                *looked = Some((monotonic(), seen));
                seen
            }
        };
        if seen { Ok(()) } else { Err(NoKey) }
    }

    /// Takes the steps that are due: makes keys ahead of time, lets them sign, forgets them. Any number of servers may do so at
    /// once; each step is taken by one.
    pub(crate) async fn advance_keys(&self) -> Result<Vec<Change>, FollowKeysError> {
        let (rotation, now) = (rotation(&self.inner.config), self.now());
        let mut stored = self.inner.store.read(LoadKeys).await?;
        if stored.lives.published_with(rotation.cache_life, now).is_some() {
            stored.lives = self.inner.store.write(PublishWith { life: rotation.cache_life, now }).await?;
        }
        let rotation = rotation.remembering(stored.lives);
        let (mut made, mut keep, mut due) = (Vec::new(), Vec::new(), 0);
        for step in rotation.due(&stored.keys, now) {
            match step {
                Step::Make { purpose, .. } => {
                    made.push(self.generator().next(purpose, &self.inner.config.tokens, now)?);
                }
                Step::Drop(kid) if self.may_be_presented(&stored.keys, &kid, now).await? => {
                    keep.push(kid);
                    continue;
                }
                Step::Drop(_) | Step::Activate(_) => {}
            }
            due += 1;
        }
        if due == 0 {
            return Ok(Vec::new());
        }
        let master = self.inner.keys.master.mark();
        let line = self.line(now, Event::KeyMake, &By::system());
        let advance = AdvanceKeys { rotation, made, keep, master, now };
        let lines = move |changes: &Result<Vec<_>, _>| change_lines(&line, changes.as_deref().unwrap_or_default());
        let changes = self.inner.store.write(Audited::new(advance, lines)).await??;
        self.follow_keys().await?;
        Ok(changes)
    }

    /// Whether a live session may still hold a refresh token by this key. The configured limits have passed by now, but a session
    /// keeps those it was opened with.
    async fn may_be_presented(
        &self,
        keys: &[crate::domain::key::StoredKey],
        kid: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let refresh = keys.iter().find(|key| key.kid == kid && key.purpose == KeyPurpose::Refresh);
        match refresh.and_then(|key| key.retired_at) {
            Some(retired_at) => self.inner.store.read(RotatedBefore { time: retired_at, now }).await,
            None => Ok(false),
        }
    }

    pub(crate) fn generator(&self) -> Generator<'_> {
        Generator { master: &self.inner.keys.master, random: &*self.inner.random }
    }
}

/// What the audit trail has of changes, in their order.
pub(crate) fn change_lines(line: &Line, changes: &[Change]) -> Vec<Line> {
    let numbered = (0..).zip(changes);
    let written = numbered.map(|(number, change)| {
        let (event, kid) = match change {
            Change::Made(kid, _) => (Event::KeyMake, kid),
            Change::Activated(kid) => (Event::KeyActivate, kid),
            Change::Dropped(kid) => (Event::KeyDrop, kid),
            Change::Revoked(kid) => (Event::KeyRevoke, kid),
        };
        line.beside(number, event).target(kid)
    });
    written.collect()
}

/// What the configuration wants of the keys.
pub(crate) fn rotation(config: &Config) -> Rotation {
    let wanted = match &config.tokens.secret {
        Some(secret) => Wanted::Secret(secret_kid(secret.expose())),
        None => Wanted::Pair(config.tokens.algorithm.name().to_owned()),
    };
    let sessions = config.clients.values().map(|client| client.over(&config.sessions).absolute_ttl);
    let longest = sessions.chain([config.sessions.absolute_ttl]).max().unwrap_or(config.sessions.absolute_ttl);
    let every = config.keys.rotate_every.get();
    Rotation {
        wanted,
        every: (every > 0).then_some(every),
        cache_life: config.keys.jwks_max_age.get(),
        caches_until: Timestamp::default(),
        keep_signing: revocations::LONGEST_TOKEN,
        keep_refresh: longest.get(),
    }
}

#[cfg(test)]
mod tests;
