//! What is due by itself: keys made ahead of time, rotated, and forgotten.

use super::{Change, OtherMaster, activate, delete, insert, lock};
use crate::domain::key::{KeyPurpose, StoredKey};
use crate::domain::rotation::{Rotation, Step};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::tx::{Op, Tx};

/// Takes every step that is due.
#[derive(Debug)]
pub(crate) struct AdvanceKeys {
    pub(crate) rotation: Rotation,
    /// Keys to take when one has to be made; the rule says whether one has, and when it signs.
    pub(crate) made: Vec<StoredKey>,
    /// Keys that may not be forgotten yet.
    pub(crate) keep: Vec<String>,
    /// The mark of the master key that `made` is sealed with.
    pub(crate) master: i64,
    pub(crate) now: Timestamp,
}

impl Op for AdvanceKeys {
    type Output = Result<Vec<Change>, OtherMaster>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Output, StoreError> {
        let stored = lock(tx).await?;
        if stored.master.is_some_and(|master| master != self.master) {
            return Ok(Err(OtherMaster));
        }
        let mut changes = Vec::new();
        for step in self.rotation.remembering(stored.lives).due(&stored.keys, self.now) {
            changes.extend(self.take(tx, &stored.keys, step).await?);
        }
        Ok(Ok(changes))
    }
}

impl AdvanceKeys {
    async fn take<T: Tx>(&self, tx: &mut T, keys: &[StoredKey], step: Step) -> Result<Option<Change>, StoreError> {
        match step {
            Step::Drop(kid) if self.keep.contains(&kid) => Ok(None),
            Step::Drop(kid) => {
                delete(tx, &kid).await?;
                Ok(Some(Change::Dropped(kid)))
            }
            Step::Activate(kid) => {
                let Some(next) = keys.iter().find(|key| key.kid == kid) else { return Ok(None) };
                activate(tx, keys, next, self.since(next)).await?;
                Ok(Some(Change::Activated(kid)))
            }
            Step::Make { purpose, activate_at, instead_of } => {
                // None was made for this: what is due has changed since somebody looked. The next round makes it.
                let Some(made) = self.made.iter().find(|made| made.purpose == purpose) else { return Ok(None) };
                if let Some(unwanted) = &instead_of {
                    delete(tx, unwanted).await?;
                }
                insert(tx, &StoredKey { activate_at, ..made.clone() }).await?;
                Ok(Some(Change::Made(made.kid.clone(), activate_at)))
            }
        }
    }

    /// Keys of refresh tokens are chosen by the time that every server knows, which is the planned one.
    fn since(&self, next: &StoredKey) -> Timestamp {
        match next.purpose {
            KeyPurpose::Signing => self.now,
            KeyPurpose::Refresh => next.activate_at.unwrap_or(self.now),
        }
    }
}
