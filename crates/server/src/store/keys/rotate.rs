//! What is asked for: a next key, and that it signs.

use super::{OtherMaster, PLAN, StoredKeys, activate, delete, insert, lock};
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};
use crate::domain::rotation::{Rotation, Turn, find};
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::tx::{Op, Tx, params};

/// What is asked of the next key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// That there is one.
    Exist,
    /// That it signs as soon as it may.
    Sign,
}

/// Makes a next key unless there is one, and lets it sign when that is asked, as soon as it may.
#[derive(Debug)]
pub(crate) struct NextKey {
    pub(crate) purpose: KeyPurpose,
    pub(crate) ask: Ask,
    pub(crate) rotation: Rotation,
    /// The key to take when there is none.
    pub(crate) made: StoredKey,
    /// The mark of the master key that `made` is sealed with.
    pub(crate) master: i64,
    pub(crate) now: Timestamp,
}

/// The next key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NextKeyOutcome {
    pub(crate) kid: String,
    /// Whether it was there before.
    pub(crate) was_there: bool,
    /// When it signs; nothing when nobody knows yet.
    pub(crate) turn: Option<Turn>,
}

impl Op for NextKey {
    type Output = Result<NextKeyOutcome, OtherMaster>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Output, StoreError> {
        let stored = lock(tx).await?;
        if stored.master.is_some_and(|master| master != self.master) {
            return Ok(Err(OtherMaster));
        }
        let present = find(&stored.keys, self.purpose, KeyState::Next);
        let wanted = present.filter(|next| self.rotation.wants(next));
        let next = wanted.unwrap_or(&self.made);
        if wanted.is_none() {
            if let Some(unwanted) = present {
                delete(tx, &unwanted.kid).await?;
            }
            insert(tx, next).await?;
        }
        let turn = self.turn(tx, &stored, next).await?;
        Ok(Ok(NextKeyOutcome { kid: next.kid.clone(), was_there: wanted.is_some(), turn }))
    }
}

impl NextKey {
    async fn turn<T: Tx>(&self, tx: &mut T, stored: &StoredKeys, next: &StoredKey) -> Result<Option<Turn>, StoreError> {
        let (rotation, active) =
            (self.rotation.remembering(stored.lives), find(&stored.keys, self.purpose, KeyState::Active));
        if self.ask == Ask::Exist {
            return Ok(active.and_then(|active| rotation.signs_from(next, active)).map(Turn::At));
        }
        let turn = rotation.asked(next, self.now);
        match turn {
            Turn::Now => activate(tx, &stored.keys, next, self.now).await?,
            Turn::At(at) => drop(tx.execute(PLAN, params![next.kid.as_str(), at]).await?),
        }
        Ok(Some(turn))
    }
}
