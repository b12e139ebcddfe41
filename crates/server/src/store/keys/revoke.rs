//! The emergency: keys that stop at once.

use super::{Change, OtherMaster, activate, delete, insert, lock};
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};
use crate::domain::revocation::Subject;
use crate::domain::rotation::{find, heir};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::revocations::append;
use crate::store::tx::{Op, Tx};

/// Forgets keys at once. What signing keys have signed is named in the revocation feed, and where an active key is among them
/// another signs from this moment on: the next one that is published already, or a new one.
#[derive(Debug)]
pub(crate) struct RevokeKeys {
    pub(crate) kids: Vec<String>,
    /// Active keys to take where no next key can take over.
    pub(crate) heirs: Vec<StoredKey>,
    /// The mark of the master key that `heirs` are sealed with.
    pub(crate) master: i64,
    pub(crate) now: Timestamp,
    pub(crate) forget_at: Timestamp,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RevokeOutcome {
    Revoked(Vec<Change>),
    /// There is no such key. Nothing was changed.
    Unknown(String),
    /// An active key would have no heir. Nothing was changed.
    NoHeir(KeyPurpose),
    OtherMaster(OtherMaster),
}

impl Op for RevokeKeys {
    type Output = RevokeOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<RevokeOutcome, StoreError> {
        let stored = lock(tx).await?;
        if stored.master.is_some_and(|master| master != self.master) {
            return Ok(RevokeOutcome::OtherMaster(OtherMaster));
        }
        let Some(heirs) = self.heirs(&stored.keys) else {
            return Ok(self.refused(&stored.keys));
        };
        let mut changes = Vec::new();
        for kid in &self.kids {
            delete(tx, kid).await?;
            changes.push(Change::Revoked(kid.clone()));
        }
        for heir in heirs {
            if heir.state == KeyState::Active {
                insert(tx, heir).await?;
            } else {
                activate(tx, &[], heir, self.now).await?;
            }
            changes.push(Change::Activated(heir.kid.clone()));
        }
        append(tx, &self.subjects(&stored.keys), self.forget_at).await?;
        Ok(RevokeOutcome::Revoked(changes))
    }
}

impl RevokeKeys {
    /// Who takes over from each active key that is revoked; nothing when a key is unknown or nobody can.
    fn heirs<'k>(&'k self, keys: &'k [StoredKey]) -> Option<Vec<&'k StoredKey>> {
        let revoked = |key: &&StoredKey| self.kids.contains(&key.kid);
        if keys.iter().filter(revoked).count() != self.kids.len() {
            return None;
        }
        let purposes = keys.iter().filter(revoked).filter(|key| key.state == KeyState::Active).map(|key| key.purpose);
        purposes.map(|purpose| self.heir(keys, purpose)).collect()
    }

    fn heir<'k>(&'k self, keys: &'k [StoredKey], purpose: KeyPurpose) -> Option<&'k StoredKey> {
        let fresh = || self.heirs.iter().find(|heir| heir.purpose == purpose && !self.kids.contains(&heir.kid));
        heir(keys, purpose, &self.kids).or_else(fresh)
    }

    fn refused(&self, keys: &[StoredKey]) -> RevokeOutcome {
        let unknown = self.kids.iter().find(|kid| keys.iter().all(|key| key.kid != **kid));
        if let Some(kid) = unknown {
            return RevokeOutcome::Unknown(kid.clone());
        }
        let active = find(keys, KeyPurpose::Signing, KeyState::Active);
        let is_signing = active.is_some_and(|active| self.kids.contains(&active.kid));
        RevokeOutcome::NoHeir(if is_signing { KeyPurpose::Signing } else { KeyPurpose::Refresh })
    }

    /// The feed is for those who verify access tokens.
    fn subjects(&self, keys: &[StoredKey]) -> Vec<Subject> {
        let signing = keys.iter().filter(|key| key.purpose == KeyPurpose::Signing && self.kids.contains(&key.kid));
        signing.map(|key| Subject::Key(key.kid.clone())).collect()
    }
}
