//! Beginning a session. A user has at most so many, so that neither a forgotten device nor a runaway script lives on for ever.

use super::{Ending, recent, revoke};
use crate::domain::device::{SeenDevice, is_new};
use crate::domain::mail::Notice;
use crate::domain::password::PasswordHash;
use crate::domain::session::{EndReason, Session, SessionId};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::error::StoreError;
use crate::store::sql::{presumed, statements};
use crate::store::tx::{FromRow, Op, Param, Row, Tx, params, stored_count};
use crate::store::{outbox, users};

/// The live sessions beyond the first so many, the last used first, if their user may log in with what was verified.
macro_rules! surplus {
    () => {
        "SELECT sessions.id FROM sessions JOIN users ON users.id = sessions.user_id \
         WHERE sessions.user_id = $1 AND ended_at IS NULL AND expires_at > $3 AND last_used_at + idle_for * 1000 > $3 \
         AND users.disabled_at IS NULL AND (CAST($4 AS TEXT) IS NULL OR users.password_hash = $4) \
         AND (CAST($5 AS BIGINT) = 0 OR users.email_verified_at IS NOT NULL) \
         ORDER BY last_used_at DESC, sessions.id DESC LIMIT 1000 OFFSET $2"
    };
}

/// Whether nobody has to make room, and the device is certainly none that the user is told of: the rule in
/// [`crate::domain::device`], without its exceptions.
macro_rules! fits {
    () => {
        concat!(
            "SELECT id FROM users WHERE id = $1 AND NOT EXISTS (",
            surplus!(),
            ") AND (CAST($6 AS BIGINT) = 0 OR NOT EXISTS (SELECT 1 FROM ",
            recent!("$1"),
            ") OR EXISTS (SELECT 1 FROM ",
            recent!("$1"),
            " WHERE device IS NOT DISTINCT FROM CAST($7 AS TEXT) AND user_agent IS NOT DISTINCT FROM CAST($8 AS TEXT)))"
        )
    };
}

statements! {
    INSERT = "INSERT INTO sessions (id, user_id, client_id, generation, scope, device, address, user_agent, \
              created_at, rotated_at, last_used_at, expires_at, idle_for) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    END_SURPLUS = concat!("UPDATE sessions SET ended_at = $3, end_reason = $6 WHERE id IN (", surplus!(), ") RETURNING id"),
        postgres concat!("WITH surplus AS (", surplus!(), "), \
                  held AS (SELECT sessions.id FROM sessions JOIN surplus ON surplus.id = sessions.id \
                  WHERE ended_at IS NULL ORDER BY sessions.id FOR UPDATE OF sessions) \
                  UPDATE sessions SET ended_at = $3, end_reason = $6 FROM held WHERE sessions.id = held.id \
                  RETURNING sessions.id");
    FITS = fits!(), postgres presumed!(fits!());
    SEEN_DEVICES = concat!("SELECT DISTINCT device, user_agent FROM ", recent!("$1"));
}

/// Begins a session, if the user may have one. One way to a database that is far away and back, where the user is as it was known
/// before, no session has to make room, and the device is a known one.
#[derive(Debug)]
pub(crate) struct OpenSession {
    pub(crate) session: Session,
    /// The hash against which the password was verified; nothing when the log-in was not by password.
    pub(crate) verified: Option<PasswordHash>,
    /// The user as it was a moment ago, if that is known.
    pub(crate) known: Option<Box<User>>,
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
        if let Some(user) = self.presumed(tx).await? {
            insert(tx, &self.session).await?;
            return Ok(OpenSessionOutcome::Opened { user, ended: Vec::new(), told: false });
        }
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
    /// The user as it is known, if it may be taken for granted that it is still so and that there is nothing to do but to log in. The
    /// user is held first: what log-ins at the same time have begun is seen after that.
    async fn presumed<T: Tx>(&self, tx: &mut T) -> Result<Option<Box<User>>, StoreError> {
        let may_log_in = |user: &&User| user.id == self.session.user_id && self.refusal(user).is_none();
        let Some(user) = self.known.as_deref().filter(may_log_in) else { return Ok(None) };
        let [id, others, now, verified, proven_only] = self.room();
        let (tells, session) = (u32::from(self.new_device.is_some()), &self.session);
        let (device, user_agent) = (session.device.as_deref(), session.user_agent.as_deref());
        let values = params![id, others, now, verified, proven_only, tells, device, user_agent];
        let presumed = users::presume_unchanged(tx, user).await? && tx.presume(FITS, values).await?;
        Ok(presumed.then(|| Box::new(user.clone())))
    }

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
        let [id, others, now, verified, proven_only] = self.room();
        let values = params![id, others, now, verified, proven_only, self.ending().reason.name()];
        tx.first_and_all((users::HOLD_USER, params![id]), (END_SURPLUS, values)).await
    }

    /// The parameters of what would be too many with the new session.
    fn room(&self) -> [Param<'_>; 5] {
        let verified = self.verified.as_ref().map(PasswordHash::as_str);
        let (others, proven_only) = (self.most.saturating_sub(1), u32::from(self.proven_only));
        *params![self.session.user_id.as_bytes(), others, self.session.created_at, verified, proven_only]
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
