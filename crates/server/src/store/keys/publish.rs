//! How long verifiers may keep the key sets that are published.

use super::{SET_LIFE, SET_UNTIL, lock};
use crate::domain::rotation::CacheLives;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::tx::{Op, Tx, params};

/// A server publishes its key set with this life from now on; gives what is remembered then.
#[derive(Debug)]
pub(crate) struct PublishWith {
    /// Seconds.
    pub(crate) life: i64,
    pub(crate) now: Timestamp,
}

impl Op for PublishWith {
    type Output = CacheLives;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<CacheLives, StoreError> {
        let stored = lock(tx).await?;
        let Some(lives) = stored.lives.published_with(self.life, self.now) else { return Ok(stored.lives) };
        tx.execute(SET_LIFE, params![lives.life]).await?;
        tx.execute(SET_UNTIL, params![lives.until]).await?;
        Ok(lives)
    }
}
