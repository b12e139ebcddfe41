//! Beginning a session. A user has at most so many, so that neither a forgotten device nor a runaway script lives on for ever.

use super::{Ending, recent, revoke};
use crate::domain::device::{SeenDevice, is_new};
use crate::domain::mail::Notice;
use crate::domain::password::PasswordHash;
use crate::domain::session::{EndReason, Session, SessionId};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::error::StoreError;
use crate::store::sql::statements;
use crate::store::tx::{FromRow, Op, Row, Tx, params, stored_count};
use crate::store::{outbox, users};

/// The live sessions beyond the first so many, the last used first, if their user may log in with what was verified.
macro_rules! surplus {
    () => {
        "SELECT sessions.id FROM sessions JOIN users ON users.id = sessions.user_id \
         WHERE sessions.user_id = $1 AND ended_at IS NULL AND expires_at > $3 AND last_used_at + idle_for * 1000 > $3 \
         AND users.disabled_at IS NULL AND (CAST($5 AS TEXT) IS NULL OR users.password_hash = $5) \
         AND (CAST($6 AS BIGINT) = 0 OR users.email_verified_at IS NOT NULL) \
         ORDER BY last_used_at DESC, sessions.id DESC LIMIT 1000 OFFSET $2"
    };
}

statements! {
    INSERT = "INSERT INTO sessions (id, user_id, client_id, generation, scope, device, address, user_agent, \
              created_at, rotated_at, last_used_at, expires_at, idle_for) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    END_SURPLUS = concat!("UPDATE sessions SET ended_at = $3, end_reason = $4 WHERE id IN (", surplus!(), ") RETURNING id"),
        postgres concat!("WITH surplus AS (", surplus!(), "), \
                  held AS (SELECT sessions.id FROM sessions JOIN surplus ON surplus.id = sessions.id \
                  WHERE ended_at IS NULL ORDER BY sessions.id FOR UPDATE OF sessions) \
                  UPDATE sessions SET ended_at = $3, end_reason = $4 FROM held WHERE sessions.id = held.id \
                  RETURNING sessions.id");
    SEEN_DEVICES = concat!("SELECT DISTINCT device, user_agent FROM ", recent!("$1"));
}

/// Begins a session, if the user may have one: two ways to a database that is far away, and back.
#[derive(Debug)]
pub(crate) struct OpenSession {
    pub(crate) session: Session,
    /// The hash against which the password was verified; nothing when the log-in was not by password.
    pub(crate) verified: Option<PasswordHash>,
    /// How many sessions the user may have with this one, at least 1. Of more, the least recently used end.
    pub(crate) most: u32,
    /// Whether the user must have proven the address.
    pub(crate) proven_only: bool,
    /// What the user is told where the device is a new one, unless nobody is to be told.
    pub(crate) new_device: Option<Notice>,
    /// When the last access token alive now will have expired.
    pub(crate) forget_at: Timestamp,
}

/// What became of [`OpenSession`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpenSessionOutcome {
    /// Done, for this user as it is now; these sessions had to make room, and a mail was queued if the user is told of a new device.
    Opened {
        user: Box<User>,
        ended: Vec<SessionId>,
        told: bool,
    },
    AccountDisabled,
    EmailNotVerified,
    /// The password is no longer the one that was verified, or its hash was upgraded at the same time.
    HashChanged,
    NoUser,
}

impl Op for OpenSession {
    type Output = OpenSessionOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<OpenSessionOutcome, StoreError> {
        let (user, surplus) = self.make_room(tx).await?;
        let refused = user.as_ref().map_or(Some(OpenSessionOutcome::NoUser), |user| self.refusal(user));
        let user = match (refused, user) {
            (None, Some(user)) => user,
            (Some(refused), _) if surplus.is_empty() => return Ok(refused),
            _ => return Err(StoreError::Internal("sessions were to end for a log-in that is refused".to_owned())),
        };
        let told = self.tell_of_new_device(tx, &user).await?;
        let ended = revoke(tx, surplus, self.ending()).await?;
        insert(tx, &self.session).await?;
        Ok(OpenSessionOutcome::Opened { user: Box::new(user), ended, told })
    }
}

impl OpenSession {
    /// Queues a mail if the device is a new one and the user is told; says whether it did.
    async fn tell_of_new_device<T: Tx>(&self, tx: &mut T, user: &User) -> Result<bool, StoreError> {
        let Some(notice) = &self.new_device else { return Ok(false) };
        let device = SeenDevice { name: self.session.device.clone(), user_agent: self.session.user_agent.clone() };
        let seen: Vec<SeenDevice> = tx.all(SEEN_DEVICES, params![user.id.as_bytes()]).await?;
        let told = is_new(&device, &seen);
        if told {
            outbox::queue(tx, &notice.to(user)).await?;
        }
        Ok(told)
    }

    /// Why this user may not have a session by what was verified.
    fn refusal(&self, user: &User) -> Option<OpenSessionOutcome> {
        if !user.is_enabled() {
            return Some(OpenSessionOutcome::AccountDisabled);
        }
        if self.verified.is_some() && self.verified != user.password_hash {
            return Some(OpenSessionOutcome::HashChanged);
        }
        let is_unproven = self.proven_only && user.email_verified_at.is_none();
        is_unproven.then_some(OpenSessionOutcome::EmailNotVerified)
    }

    /// Holds the user and, if it may log in, ends what would be too many with the new session. A log-in ends a thousand at most,
    /// in case the limit was lowered; the next one goes on.
    async fn make_room<T: Tx>(&self, tx: &mut T) -> Result<(Option<User>, Vec<SessionId>), StoreError> {
        let (user, ending) = (self.session.user_id, self.ending());
        let (others, verified) = (self.most.saturating_sub(1), self.verified.as_ref().map(PasswordHash::as_str));
        let proven_only = u32::from(self.proven_only);
        let values = params![user.as_bytes(), others, ending.now, ending.reason.name(), verified, proven_only];
        tx.first_and_all((users::HOLD_USER, params![user.as_bytes()]), (END_SURPLUS, values)).await
    }

    fn ending(&self) -> Ending {
        Ending { reason: EndReason::TooManySessions, now: self.session.created_at, forget_at: self.forget_at }
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
    tx.execute_along(INSERT, values).await
}

impl FromRow for SeenDevice {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        Ok(Self { name: row.maybe_string(0)?, user_agent: row.maybe_string(1)? })
    }
}
