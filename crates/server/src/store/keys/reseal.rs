//! Another master key: everything that is sealed, sealed anew.

use super::{RESEAL, SET_MASTER, lock};
use crate::store::error::StoreError;
use crate::store::tx::{Op, Tx, params};

/// A key with what is secret of it under the new master key.
#[derive(Clone)]
pub(crate) struct Resealed {
    pub(crate) kid: String,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) public: Option<Vec<u8>>,
}

impl std::fmt::Debug for Resealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resealed").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Puts every key anew, all of them or none.
#[derive(Debug)]
pub(crate) struct Reseal {
    /// The version that the keys were read at. If they have changed since, nothing happens.
    pub(crate) version: u64,
    pub(crate) keys: Vec<Resealed>,
    /// The mark of the new master key.
    pub(crate) master: i64,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResealOutcome {
    Done,
    /// The keys have changed in between.
    Changed,
}

impl Op for Reseal {
    type Output = ResealOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<ResealOutcome, StoreError> {
        let stored = lock(tx).await?;
        // Taking the lock has counted once more.
        if stored.version != self.version + 1 || stored.keys.len() != self.keys.len() {
            return Ok(ResealOutcome::Changed);
        }
        for key in &self.keys {
            let values = params![key.kid.as_str(), key.sealed.as_deref(), key.public.as_deref()];
            if tx.execute(RESEAL, values).await? != 1 {
                return Err(StoreError::Internal("a key that was there is not there".to_owned()));
            }
        }
        tx.execute(SET_MASTER, params![self.master]).await?;
        Ok(ResealOutcome::Done)
    }
}
