//! What happens to sessions.

use super::error::StoreError;
use super::revocations::{append, append_sessions};
use super::sql::{presumed, statements};
use super::tx::{FromRow, Op, ReadOp, Row, Tx, params};
use crate::domain::revocation::Subject;
use crate::domain::session::{EndReason, Ended, Session, SessionId};
use crate::domain::time::Timestamp;
use crate::domain::user::UserId;

mod log_out;
pub(super) mod open;
pub(super) mod rotate;
pub(super) mod seen_from;
pub(super) mod sweep;

pub(crate) use log_out::{LogOutByToken, LogOutOutcome};
pub(crate) use open::{OpenSession, OpenSessionOutcome};
pub(crate) use rotate::{RotateOutcome, RotateSession};
pub(crate) use seen_from::SeenFrom;
#[cfg(test)]
pub(crate) use sweep::Swept;
pub(crate) use sweep::{DeleteDeadSessions, RotatedBefore};

/// The columns [`read`] reads, in its order.
macro_rules! columns {
    () => {
        "sessions.id, sessions.user_id, sessions.client_id, sessions.generation, sessions.scope, sessions.device, \
         sessions.address, sessions.user_agent, sessions.created_at, sessions.rotated_at, sessions.last_used_at, \
         sessions.expires_at, sessions.idle_for, sessions.ended_at, sessions.end_reason"
    };
}

use columns;

/// The sessions of a user that a log-in looks at: of those that have not ended and of those that have, the last so many. However
/// often somebody has logged in and out, nobody waits longer for the next one.
macro_rules! recent {
    ($user:expr) => {
        concat!(
            "(SELECT * FROM (SELECT * FROM sessions WHERE user_id = ",
            $user,
            " AND ended_at IS NULL ORDER BY id DESC LIMIT 250) AS alive \
             UNION ALL SELECT * FROM (SELECT * FROM sessions WHERE user_id = ",
            $user,
            " AND ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 250) AS ended) AS recent"
        )
    };
}

use recent;

/// Rows are held in one order by everyone, so that no two wait for each other.
macro_rules! in_order {
    () => {
        "ORDER BY id FOR UPDATE) "
    };
}

macro_rules! of_the_held {
    () => {
        "FROM held WHERE sessions.id = held.id RETURNING sessions.id"
    };
}

macro_rules! end_one {
    () => {
        "UPDATE sessions SET ended_at = $3, end_reason = $4 \
         WHERE id = $2 AND user_id = $1 AND ended_at IS NULL RETURNING id"
    };
}

/// How many columns [`read`] reads.
const COLUMNS: usize = 15;

statements! {
    FIND = concat!("SELECT ", columns!(), " FROM sessions WHERE id = $1");
    LIST_LIVE = concat!("SELECT ", columns!(), " FROM sessions WHERE user_id = $1 AND ended_at IS NULL \
                         AND expires_at > $2 AND last_used_at + idle_for * 1000 > $2 ORDER BY last_used_at DESC, id");
    END_ONE = end_one!();
    END_ONE_PRESUMED = end_one!(), postgres presumed!(end_one!());
    END_OTHERS = "UPDATE sessions SET ended_at = $3, end_reason = $4 \
                  WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL RETURNING id",
        postgres concat!("WITH held AS (SELECT id FROM sessions WHERE user_id = $1 AND id <> $2 AND ended_at IS NULL ",
                         in_order!(), "UPDATE sessions SET ended_at = $3, end_reason = $4 ", of_the_held!());
    END_ALL = "UPDATE sessions SET ended_at = $2, end_reason = $3 \
               WHERE user_id = $1 AND ended_at IS NULL RETURNING id",
        postgres concat!("WITH held AS (SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL ",
                         in_order!(), "UPDATE sessions SET ended_at = $2, end_reason = $3 ", of_the_held!());
    DELETE_ALL = "DELETE FROM sessions WHERE user_id = $1";
}

/// Which sessions of a user end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    One(SessionId),
    /// All but this one.
    Others(SessionId),
    /// All that there are. Tokens of the user without a session here go on.
    Each,
    /// Whatever the user has: all sessions, and tokens without one.
    All,
}

/// Ends sessions of a user; gives those that ended now. One that has ended already stays as it is.
#[derive(Debug)]
pub(crate) struct EndSessions {
    pub(crate) user: UserId,
    pub(crate) which: Which,
    pub(crate) reason: EndReason,
    pub(crate) now: Timestamp,
    /// When the last access token alive now will have expired.
    pub(crate) forget_at: Timestamp,
}

impl Op for EndSessions {
    type Output = Vec<SessionId>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<SessionId>, StoreError> {
        let ending = Ending { reason: self.reason, now: self.now, forget_at: self.forget_at };
        match self.which {
            Which::One(id) => end_one(tx, self.user, id, ending).await,
            Which::Others(keep) => end_others(tx, self.user, keep, ending).await,
            Which::Each => end_each(tx, self.user, ending).await,
            Which::All => end_all(tx, self.user, ending).await,
        }
    }
}

/// The session of an id, whatever its state.
#[derive(Debug)]
pub(crate) struct FindSession {
    pub(crate) id: SessionId,
}

impl Op for FindSession {
    type Output = Option<Session>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Session>, StoreError> {
        tx.first(FIND, params![self.id.as_bytes()]).await
    }
}

impl ReadOp for FindSession {}

/// The live sessions of a user, the last used first.
#[derive(Debug)]
pub(crate) struct ListSessions {
    pub(crate) user: UserId,
    pub(crate) now: Timestamp,
}

impl Op for ListSessions {
    type Output = Vec<Session>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Session>, StoreError> {
        tx.all(LIST_LIVE, params![self.user.as_bytes(), self.now]).await
    }
}

impl ReadOp for ListSessions {
    const SCAN: bool = true;
}

/// How sessions end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) reason: EndReason,
    pub(super) now: Timestamp,
    pub(super) forget_at: Timestamp,
}

/// Ends one session of a user and tells the feed, in this transaction.
pub(super) async fn end_one<T: Tx>(
    tx: &mut T,
    user: UserId,
    id: SessionId,
    ending: Ending,
) -> Result<Vec<SessionId>, StoreError> {
    let values = params![user.as_bytes(), id.as_bytes(), ending.now, ending.reason.name()];
    let is_presumed = tx.presume(END_ONE_PRESUMED, values).await?;
    let ended = if is_presumed { vec![id] } else { tx.all(END_ONE, values).await? };
    revoke(tx, ended, ending).await
}

/// Ends all sessions of a user but one and tells the feed, in this transaction.
pub(super) async fn end_others<T: Tx>(
    tx: &mut T,
    user: UserId,
    keep: SessionId,
    ending: Ending,
) -> Result<Vec<SessionId>, StoreError> {
    let values = params![user.as_bytes(), keep.as_bytes(), ending.now, ending.reason.name()];
    let ended = tx.all(END_OTHERS, values).await?;
    revoke(tx, ended, ending).await
}

/// Ends all sessions of a user and tells the feed, in this transaction.
async fn end_each<T: Tx>(tx: &mut T, user: UserId, ending: Ending) -> Result<Vec<SessionId>, StoreError> {
    let ended = tx.all(END_ALL, params![user.as_bytes(), ending.now, ending.reason.name()]).await?;
    revoke(tx, ended, ending).await
}

/// Ends whatever a user has and tells the feed, in this transaction: an entry for each session, which is exact, and one for
/// the user, which also holds for tokens whose sessions are not here.
pub(super) async fn end_all<T: Tx>(tx: &mut T, user: UserId, ending: Ending) -> Result<Vec<SessionId>, StoreError> {
    let ended = end_each(tx, user, ending).await?;
    append(tx, &[Subject::all_of(user, ending.reason, ending.now)], ending.forget_at).await?;
    Ok(ended)
}

async fn revoke<T: Tx>(tx: &mut T, ended: Vec<SessionId>, ending: Ending) -> Result<Vec<SessionId>, StoreError> {
    append_sessions(tx, &ended, ending.forget_at).await?;
    Ok(ended)
}

/// Removes all sessions of a user, in this transaction.
pub(super) async fn delete_all<T: Tx>(tx: &mut T, user: UserId) -> Result<(), StoreError> {
    tx.execute_along(DELETE_ALL, params![user.as_bytes()]).await
}

impl FromRow for Session {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: id(row)?,
            user_id: UserId::from_slice(row.bytes(1)?).ok_or_else(|| StoreError::corrupt("a session's user"))?,
            client_id: row.string(2)?,
            generation: row.count(3)?,
            scope: row.string(4)?,
            device: row.maybe_string(5)?,
            address: row.maybe_string(6)?,
            user_agent: row.maybe_string(7)?,
            created_at: row.time(8)?,
            rotated_at: row.time(9)?,
            last_used_at: row.time(10)?,
            expires_at: row.time(11)?,
            idle_for: u32::try_from(row.int(12)?).map_err(|_| StoreError::corrupt("a session's idle limit"))?,
            ended: ended(row)?,
        })
    }
}

fn ended(row: &impl Row) -> Result<Option<Ended>, StoreError> {
    let Some(at) = row.maybe_time(13)? else { return Ok(None) };
    let reason = EndReason::from_name(row.text(14)?).ok_or_else(|| StoreError::corrupt("why a session ended"))?;
    Ok(Some(Ended { at, reason }))
}

impl FromRow for SessionId {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        id(row)
    }
}

fn id(row: &impl Row) -> Result<SessionId, StoreError> {
    SessionId::from_slice(row.bytes(0)?).ok_or_else(|| StoreError::corrupt("a session's id"))
}
