//! Beginning a session. A user has at most so many, so that neither a forgotten device nor a runaway script lives on for ever.

use super::{Ending, revoke};
use crate::domain::password::PasswordHash;
use crate::domain::session::{EndReason, Session, SessionId};
use crate::domain::time::Timestamp;
use crate::domain::user::{User, UserId};
use crate::store::error::StoreError;
use crate::store::sql::statements;
use crate::store::tx::{Op, Tx, params, stored_count};
use crate::store::users;

statements! {
    INSERT = "INSERT INTO sessions (id, user_id, client_id, generation, scope, device, address, user_agent, \
              created_at, rotated_at, last_used_at, expires_at, idle_for) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    END_SURPLUS = "UPDATE sessions SET ended_at = $3, end_reason = $4 WHERE id IN (\
                   SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $3 \
                   AND last_used_at + idle_for * 1000 > $3 ORDER BY last_used_at DESC, id DESC LIMIT 1000 OFFSET $2) \
                   RETURNING id",
        postgres "WITH surplus AS (\
                  SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $3 \
                  AND last_used_at + idle_for * 1000 > $3 ORDER BY last_used_at DESC, id DESC LIMIT 1000 OFFSET $2), \
                  held AS (SELECT sessions.id FROM sessions JOIN surplus ON surplus.id = sessions.id \
                  WHERE ended_at IS NULL ORDER BY sessions.id FOR UPDATE OF sessions) \
                  UPDATE sessions SET ended_at = $3, end_reason = $4 FROM held WHERE sessions.id = held.id \
                  RETURNING sessions.id";
}

/// Begins a session, if the user may have one.
#[derive(Debug)]
pub(crate) struct OpenSession {
    pub(crate) session: Session,
    /// The hash against which the password was verified; nothing when the log-in was not by password.
    pub(crate) verified: Option<PasswordHash>,
    /// How many sessions the user may have with this one, at least 1. Of more, the least recently used end.
    pub(crate) most: u32,
    /// When the last access token alive now will have expired.
    pub(crate) forget_at: Timestamp,
}

/// What became of [`OpenSession`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpenSessionOutcome {
    /// Done, for this user as it is now; and these sessions had to make room.
    Opened {
        user: Box<User>,
        ended: Vec<SessionId>,
    },
    AccountDisabled,
    /// The password is no longer the one that was verified, or its hash was upgraded at the same time.
    HashChanged,
    NoUser,
}

impl Op for OpenSession {
    type Output = OpenSessionOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<OpenSessionOutcome, StoreError> {
        let Some(user) = users::hold(tx, self.session.user_id).await? else {
            return Ok(OpenSessionOutcome::NoUser);
        };
        if !user.is_enabled() {
            return Ok(OpenSessionOutcome::AccountDisabled);
        }
        if self.verified.is_some() && self.verified != user.password_hash {
            return Ok(OpenSessionOutcome::HashChanged);
        }
        let ended = self.make_room(tx, user.id).await?;
        insert(tx, &self.session).await?;
        Ok(OpenSessionOutcome::Opened { user: Box::new(user), ended })
    }
}

impl OpenSession {
    /// Ends what would be too many with the new one. A log-in ends a thousand at most, in case the limit was lowered; the
    /// next one goes on.
    async fn make_room<T: Tx>(&self, tx: &mut T, user: UserId) -> Result<Vec<SessionId>, StoreError> {
        let reason = EndReason::TooManySessions;
        let ending = Ending { reason, now: self.session.created_at, forget_at: self.forget_at };
        let others = self.most.saturating_sub(1);
        let ended = tx.all(END_SURPLUS, params![user.as_bytes(), others, ending.now, reason.name()]).await?;
        revoke(tx, ended, ending).await
    }
}

pub(in crate::store) async fn insert<T: Tx>(tx: &mut T, session: &Session) -> Result<(), StoreError> {
    let generation = stored_count(session.generation)?;
    let values = params![
        session.id.as_bytes(),
        session.user_id.as_bytes(),
        session.client_id.as_str(),
        generation,
        session.scope.as_str(),
        session.device.as_deref(),
        session.address.as_deref(),
        session.user_agent.as_deref(),
        session.created_at,
        session.rotated_at,
        session.last_used_at,
        session.expires_at,
        session.idle_for,
    ];
    tx.execute_alone(INSERT, values).await.map(drop)
}
