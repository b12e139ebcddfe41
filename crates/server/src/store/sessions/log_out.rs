//! Logging out with a refresh token: what it proves and what it ends, in one transaction.

use super::rotate::{SessionOfUser, load, reused};
use super::{Ending, Which, end_all, end_one, end_others};
use crate::clock::Waiting;
use crate::domain::refresh::{self, Decision, RefreshPolicies, Refused};
use crate::domain::session::{EndReason, Session, SessionId};
use crate::domain::time::Timestamp;
use crate::domain::user::UserId;
use crate::store::error::StoreError;
use crate::store::outbox;
use crate::store::tx::{Op, Tx};

/// A genuine refresh token of this session and generation asks for an end.
///
/// Its own session it may end whatever its generation: a stale one would end it at a refresh too. What reaches further
/// needs a token that would refresh the session, which stays at its generation.
#[derive(Debug)]
pub(crate) struct LogOutByToken {
    pub(crate) id: SessionId,
    /// The generation in the token.
    pub(crate) presented: u64,
    /// `One` is the token's own session, and `Others` keeps it.
    pub(crate) which: Which,
    pub(crate) reason: EndReason,
    /// When it was presented.
    pub(crate) now: Timestamp,
    /// Since it was presented.
    pub(crate) waiting: Waiting,
    pub(crate) policies: RefreshPolicies,
    /// When the last access token alive now will have expired.
    pub(crate) forget_at: Timestamp,
    /// Whether the user is told of a token that was used again.
    pub(crate) notify: bool,
}

/// What became of [`LogOutByToken`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogOutOutcome {
    /// What was to end has ended, so many sessions of them now.
    Done {
        user: UserId,
        ended: usize,
    },
    /// An old token asked for more than its own session: that one has been ended, if it was not over already.
    Reused {
        user: UserId,
        ended: usize,
    },
    /// There is no such session any more, and so nothing to end.
    Unknown,
    /// The session has moved on while this waited: nothing has ended.
    Overtaken,
    Refused(Refused),
}

impl Op for LogOutByToken {
    type Output = LogOutOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<LogOutOutcome, StoreError> {
        let Some(SessionOfUser { session, user }) = load(tx, self.id).await? else {
            return Ok(LogOutOutcome::Unknown);
        };
        let user_id = session.user_id;
        if let Which::One(_) = self.which {
            let ended = self.end_own(tx, &session, self.reason).await?;
            return Ok(LogOutOutcome::Done { user: user_id, ended });
        }
        let policy = self.policies.of(&session, self.now);
        let waited = self.waiting.so_far();
        match refresh::decide(&session, self.presented, self.now, waited, user.is_enabled(), policy) {
            Decision::Rotate { .. } | Decision::Replay { .. } => self.end_further(tx, user_id).await,
            Decision::Overtaken => Ok(LogOutOutcome::Overtaken),
            Decision::Reuse => {
                let ended = self.end_own(tx, &session, EndReason::Reuse).await?;
                if self.notify {
                    outbox::queue(tx, &reused(&session, None, self.now).to(&user)).await?;
                }
                Ok(LogOutOutcome::Reused { user: user_id, ended })
            }
            Decision::Refused(refused) => Ok(LogOutOutcome::Refused(refused)),
        }
    }
}

impl LogOutByToken {
    /// Ends a session that is held.
    async fn end_own<T: Tx>(&self, tx: &mut T, session: &Session, reason: EndReason) -> Result<usize, StoreError> {
        if session.ended.is_some() {
            return Ok(0);
        }
        Ok(end_one(tx, session.user_id, session.id, self.ending(reason)).await?.len())
    }

    async fn end_further<T: Tx>(&self, tx: &mut T, user: UserId) -> Result<LogOutOutcome, StoreError> {
        let ending = self.ending(self.reason);
        let ended = match self.which {
            Which::Others(_) => end_others(tx, user, self.id, ending).await?,
            Which::One(_) | Which::Each | Which::All => end_all(tx, user, ending).await?,
        };
        Ok(LogOutOutcome::Done { user, ended: ended.len() })
    }

    fn ending(&self, reason: EndReason) -> Ending {
        Ending { reason, now: self.now, forget_at: self.forget_at }
    }
}
