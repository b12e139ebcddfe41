//! Refreshing: the one change that every active user causes every few minutes.

use std::time::Duration;

use super::{COLUMNS, Ending, columns};
use crate::clock::Waiting;
use crate::domain::audit::{Actor, By, Event, Line, Origin};
use crate::domain::mail::{Facts, Kind, MessageId, Notice};
use crate::domain::refresh::{self, Decision, RefreshPolicies, Refused};
use crate::domain::session::{EndReason, Ended, Session, SessionId};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::audit;
use crate::store::error::StoreError;
use crate::store::sql::statements;
use crate::store::tx::{FromRow, Op, Row, Tx, params, stored_count};
use crate::store::{outbox, users};

statements! {
    LOAD = concat!("SELECT ", columns!(), ", ", users::columns!(),
                   " FROM sessions JOIN users ON users.id = sessions.user_id WHERE sessions.id = $1"),
        locking "FOR UPDATE OF sessions";
    ROTATE = "UPDATE sessions SET generation = $3, rotated_at = $4, last_used_at = $4, address = $5, user_agent = $6 \
              WHERE id = $1 AND generation = $2 AND ended_at IS NULL";
}

/// Rotates each session for which [`refresh::decide`] says so without a doubt, and gives it with its user: for PostgreSQL,
/// which gets many at once. The arrays are ids, generations presented, times of rotation, network addresses and user agents; no
/// id may come twice.
pub(in crate::store) const ROTATE_MANY: &str = concat!(
    "UPDATE sessions SET generation = wanted.presented + 1, rotated_at = wanted.now, last_used_at = wanted.now, \
     address = wanted.address, user_agent = wanted.user_agent \
     FROM unnest(CAST($1 AS BYTEA[]), CAST($2 AS BIGINT[]), CAST($3 AS BIGINT[]), CAST($4 AS TEXT[]), CAST($5 AS TEXT[])) \
     AS wanted (id, presented, now, address, user_agent), users \
     WHERE sessions.id = wanted.id AND sessions.generation = wanted.presented AND wanted.presented < 9223372036854775807 \
     AND sessions.ended_at IS NULL AND sessions.expires_at > wanted.now \
     AND sessions.last_used_at + sessions.idle_for * 1000 > wanted.now \
     AND users.id = sessions.user_id AND users.disabled_at IS NULL RETURNING ",
    columns!(),
    ", ",
    users::columns!()
);

/// A genuine refresh token of this session and generation was presented: the rule in [`crate::domain::refresh`] decides.
#[derive(Debug)]
pub(crate) struct RotateSession {
    pub(crate) id: SessionId,
    /// The generation in the token.
    pub(crate) presented: u64,
    /// When it was presented.
    pub(crate) now: Timestamp,
    /// Since it was presented.
    pub(crate) waiting: Waiting,
    /// Whether it may have taken place before, and nobody knows.
    pub(crate) again: bool,
    pub(crate) policies: RefreshPolicies,
    /// The network address it came from.
    pub(crate) address: Option<String>,
    /// The `User-Agent` it came from.
    pub(crate) user_agent: Option<String>,
    /// The id of the request, for the audit trail.
    pub(crate) request: Option<uuid::Uuid>,
    /// When the last access token alive now will have expired.
    pub(crate) forget_at: Timestamp,
    /// Whether the user is told of a token that was used again.
    pub(crate) notify: bool,
}

/// What became of [`RotateSession`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RotateOutcome {
    /// The session is of a new generation, which is to be answered.
    Rotated {
        session: Session,
        user: User,
    },
    /// A second tab or a retry: the session stays as it is, and its generation is to be answered again.
    Replayed {
        session: Session,
        user: User,
    },
    /// An old token was used again: the session has been ended.
    Reused {
        session: Session,
    },
    /// The session has moved on while this waited, and stays as it is.
    Overtaken,
    Refused(Refused),
    /// There is no such session: it was over long ago, or its user was deleted.
    Unknown,
}

impl Op for RotateSession {
    type Output = RotateOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<RotateOutcome, StoreError> {
        match load(tx, self.id).await? {
            Some(found) => self.apply(tx, found).await,
            None => Ok(RotateOutcome::Unknown),
        }
    }
}

impl RotateSession {
    /// The same once more, when it is not known whether it took place, because the answer was lost. If it did, the rule
    /// replays the successor, as to any retry; and if others have used that since, this one was overtaken by them.
    pub(in crate::store) fn again(self) -> Self {
        Self { again: true, ..self }
    }

    /// What the rule says.
    fn decide(&self, SessionOfUser { session, user }: &SessionOfUser) -> Decision {
        let policy = self.policies.of(session, self.now);
        let waited = if self.again { Duration::MAX } else { self.waiting.so_far() };
        refresh::decide(session, self.presented, self.now, waited, user.is_enabled(), policy)
    }

    /// The time of a rotation that happens now. The retry window begins with it, however long it was waited for: who asks again
    /// because of that must not be too late for it.
    pub(in crate::store) fn rotated_at(&self) -> Timestamp {
        self.now.plus(self.waiting.so_far())
    }

    /// Does what the rule says with a session that is held.
    async fn apply<T: Tx>(&self, tx: &mut T, found: SessionOfUser) -> Result<RotateOutcome, StoreError> {
        let decision = self.decide(&found);
        let SessionOfUser { session, user } = found;
        match decision {
            Decision::Rotate { generation } => {
                let session = self.rotate(tx, session, generation).await?;
                Ok(RotateOutcome::Rotated { session, user })
            }
            Decision::Replay { .. } => Ok(RotateOutcome::Replayed { session, user }),
            Decision::Reuse => self.end(tx, session, &user).await,
            Decision::Overtaken => Ok(RotateOutcome::Overtaken),
            Decision::Refused(refused) => Ok(RotateOutcome::Refused(refused)),
        }
    }

    async fn rotate<T: Tx>(&self, tx: &mut T, session: Session, generation: u64) -> Result<Session, StoreError> {
        let rotated_at = self.rotated_at();
        let values = params![
            self.id.as_bytes(),
            stored_count(session.generation)?,
            stored_count(generation)?,
            rotated_at,
            self.address.as_deref(),
            self.user_agent.as_deref(),
        ];
        if tx.execute_alone(ROTATE, values).await? != 1 {
            return Err(StoreError::Internal("a session changed while its transaction held it".to_owned()));
        }
        Ok(Session {
            generation,
            rotated_at,
            last_used_at: rotated_at,
            address: self.address.clone(),
            user_agent: self.user_agent.clone(),
            ..session
        })
    }

    async fn end<T: Tx>(&self, tx: &mut T, session: Session, user: &User) -> Result<RotateOutcome, StoreError> {
        let ending = Ending { reason: EndReason::Reuse, now: self.now, forget_at: self.forget_at };
        if !super::end_one(tx, session.user_id, session.id, ending).await?.is_empty() {
            audit::append(tx, &self.line(&session)).await?;
        }
        if self.notify {
            outbox::queue(tx, &reused(&session, self.address.clone(), self.now).to(user)).await?;
        }
        let ended = Some(Ended { at: self.now, reason: EndReason::Reuse });
        Ok(RotateOutcome::Reused { session: Session { ended, ..session } })
    }
}

impl RotateSession {
    /// The line about a reuse. Whoever presents a used token may not be the person. A plain refresh must not pay for the
    /// randomness of an id that is nearly never needed, so the id is made of that of the session, which ends once.
    fn line(&self, session: &Session) -> Line {
        let origin =
            Origin { address: self.address.clone(), user_agent: self.user_agent.clone(), request: self.request };
        let (_, random) = session.id.as_bytes().split_at(6);
        let random = random.try_into().unwrap_or_default();
        let millis = u64::try_from(self.now.millis()).unwrap_or_default();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        let by = By { actor: Actor::Anonymous, origin };
        Line::new(id, self.now, Event::RefreshReused, by).about(session.user_id).session(session.id)
    }
}

/// What a user is told of a session that was ended so. It can happen to a session once, so the notice has its id.
pub(super) fn reused(session: &Session, address: Option<String>, now: Timestamp) -> Notice {
    let facts = Facts { device: session.device.clone().or_else(|| session.user_agent.clone()), address, email: None };
    Notice { id: MessageId::new(session.id.uuid()), kind: Kind::SessionReused, facts, now }
}

#[derive(Debug)]
pub(in crate::store) struct SessionOfUser {
    pub(in crate::store) session: Session,
    pub(in crate::store) user: User,
}

impl SessionOfUser {
    /// The outcome of a rotation after which they are so.
    pub(in crate::store) fn into_rotated(self) -> RotateOutcome {
        RotateOutcome::Rotated { session: self.session, user: self.user }
    }
}

/// A session with its user, whatever the state of either. The session stays as it is until this transaction ends: whoever
/// closes the account ends it, and so has to wait.
pub(super) async fn load<T: Tx>(tx: &mut T, id: SessionId) -> Result<Option<SessionOfUser>, StoreError> {
    tx.first(LOAD, params![id.as_bytes()]).await
}

impl FromRow for SessionOfUser {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        Ok(Self { session: Session::from_row(row)?, user: users::read(row, COLUMNS)? })
    }
}
