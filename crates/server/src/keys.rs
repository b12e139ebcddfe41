//! Keeps this process's key ring in step with the store.
//!
//! Requests read a snapshot, and take it once each; it is replaced as a whole. A server whose master key no longer opens
//! what is stored keeps what it has.

use std::sync::Arc;

use arc_swap::ArcSwap;
use jotgate_jose::KeySet;

use crate::app::App;
use crate::store::StoreError;
use crate::store::keys::{KeysVersion, LoadKeys};
use crate::tokens::keyring::{Keyring, KeyringError};
use crate::tokens::master_key::MasterKey;

/// The key ring as it is now, and what opens the stored keys.
#[derive(Debug)]
pub(crate) struct Keys {
    ring: ArcSwap<Keyring>,
    master: MasterKey,
}

/// Why the stored keys were not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowKeysError {
    #[error("the keys cannot be read: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

impl Keys {
    pub(crate) fn new(ring: Keyring, master: MasterKey) -> Self {
        Self { ring: ArcSwap::from_pointee(ring), master }
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

    /// Takes in the stored keys if they have changed.
    pub(crate) async fn follow_keys(&self) -> Result<(), FollowKeysError> {
        let inner = &self.inner;
        if inner.store.read(KeysVersion).await? == self.keyring().version() {
            return Ok(());
        }
        let stored = inner.store.read(LoadKeys).await?;
        inner.keys.replace(Keyring::open(&stored, &inner.config.tokens, &inner.terms, &inner.keys.master)?);
        Ok(())
    }
}
