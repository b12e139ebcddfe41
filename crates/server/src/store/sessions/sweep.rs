//! Clearing away sessions that have long been over, and whether old ones are left.

use crate::domain::session::SessionId;
use crate::domain::time::Timestamp;
use crate::store::error::StoreError;
use crate::store::sql::statements;
use crate::store::tx::{Op, Param, ReadOp, Tx, params};

statements! {
    LAST_OF_STEP = "SELECT id FROM sessions WHERE id > $1 ORDER BY id LIMIT 1 OFFSET $2";
    DELETE_UP_TO = "DELETE FROM sessions WHERE id > $1 AND id <= $3 \
                    AND (ended_at < $2 OR expires_at < $2 OR last_used_at + idle_for * 1000 < $2)";
    ROTATED_BEFORE = "SELECT id FROM sessions WHERE rotated_at < $1 AND ended_at IS NULL AND expires_at > $2 LIMIT 1";
    DELETE_REST = "DELETE FROM sessions WHERE id > $1 \
                   AND (ended_at < $2 OR expires_at < $2 OR last_used_at + idle_for * 1000 < $2)";
}

/// Looks at so many sessions, from after one of them on, and deletes those that were over before a time.
///
/// A step walks over the sessions in the order of their ids, so that no index has to be kept up by every refresh, and
/// is short, so that it holds up no one.
#[derive(Debug)]
pub(crate) struct DeleteDeadSessions {
    /// Sessions that ended or ran out before this are deleted.
    pub(crate) dead_before: Timestamp,
    /// Where the last step stopped.
    pub(crate) after: Option<SessionId>,
    /// How many sessions to look at, at least 1.
    pub(crate) scan: u32,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Swept {
    pub(crate) deleted: u64,
    /// Where to go on; nothing when the walk is over.
    pub(crate) next: Option<SessionId>,
}

impl Op for DeleteDeadSessions {
    type Output = Swept;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Swept, StoreError> {
        // Every id is greater than no bytes at all.
        let after = self.after.as_ref().map_or(Param::Bytes(&[]), |id| Param::from(id.as_bytes()));
        let next: Option<SessionId> = tx.first(LAST_OF_STEP, params![after, self.scan.saturating_sub(1)]).await?;
        let deleted = match &next {
            Some(last) => tx.execute(DELETE_UP_TO, params![after, self.dead_before, last.as_bytes()]).await?,
            None => tx.execute(DELETE_REST, params![after, self.dead_before]).await?,
        };
        Ok(Swept { deleted, next })
    }
}

/// Whether a session is alive that was last rotated before a time, and so holds a refresh token from before it.
#[derive(Debug)]
pub(crate) struct RotatedBefore {
    pub(crate) time: Timestamp,
    pub(crate) now: Timestamp,
}

impl Op for RotatedBefore {
    type Output = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let found: Option<SessionId> = tx.first(ROTATED_BEFORE, params![self.time, self.now]).await?;
        Ok(found.is_some())
    }
}

impl ReadOp for RotatedBefore {
    const SCAN: bool = true;
}
