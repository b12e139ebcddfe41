//! What happens to mails that wait to be sent.
//!
//! A mail is queued in the transaction of its cause. Whoever sends it takes it up first: that counts the attempt and puts the mail off
//! until an attempt counts as failed, so that of several servers one sends it, and another only after the first has been silent for
//! that long. The number of the attempt is the proof of having taken it up.

use super::audit;
use super::error::StoreError;
use super::sessions;
use super::sql::statements;
use super::tx::{FromRow, Op, ReadOp, Row, Tx, params};
use super::users::{self, CreateUserOutcome};
use crate::domain::audit::Line;
use crate::domain::email::Email;
use crate::domain::mail::{Facts, Kind, Message, MessageId};
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::user::{User, UserId};

pub(super) mod prepare;

pub(crate) use prepare::{PrepareMail, Prepared};

/// The columns of a [`Message`], in its order.
macro_rules! columns {
    () => {
        "outbox.id, outbox.kind, outbox.user_id, outbox.email, outbox.email_key, outbox.facts, outbox.queued_at, \
         outbox.attempts"
    };
}

statements! {
    INSERT = "INSERT INTO outbox (id, kind, user_id, email, email_key, facts, queued_at, due_at, attempts) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0)";
    TAKE_UP = concat!("UPDATE outbox SET attempts = attempts + 1, due_at = $2 WHERE id IN (\
                       SELECT id FROM outbox WHERE due_at <= $1 ORDER BY due_at LIMIT $3) RETURNING ", columns!()),
        postgres concat!("UPDATE outbox SET attempts = attempts + 1, due_at = $2 WHERE id IN (\
                          SELECT id FROM outbox WHERE due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED) \
                          RETURNING ", columns!());
    IS_DUE = "SELECT id FROM outbox WHERE due_at <= $1 LIMIT 1";
    PUT_OFF = "UPDATE outbox SET due_at = $3 WHERE id = $1 AND attempts = $2";
    REMOVE = "DELETE FROM outbox WHERE id = $1 AND attempts = $2";
    WAITING = "SELECT COUNT(*), MIN(queued_at) FROM outbox";
    VOID_PROOFS = "DELETE FROM outbox WHERE email_key = $1 AND kind IN ('verify', 'registered')";
    VOID_RESETS = "DELETE FROM outbox WHERE email_key = $1 AND kind IN ('reset', 'registered')";
    VOID_CHANGES = "DELETE FROM outbox WHERE user_id = $1 AND kind = 'change_email'";
    REMOVE_OF_USER = "DELETE FROM outbox WHERE user_id = $1 OR email_key = $2";
}

/// Queues a mail that somebody asked for and that nothing else is written with.
#[derive(Debug)]
pub(crate) struct QueueMail {
    pub(crate) message: Message,
}

impl Op for QueueMail {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        queue(tx, &self.message).await
    }
}

/// Opens an account with its first session, and queues the mail to its owner.
#[derive(Debug)]
pub(crate) struct RegisterUser {
    pub(crate) user: User,
    pub(crate) session: Session,
    pub(crate) message: Message,
}

impl Op for RegisterUser {
    type Output = CreateUserOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<CreateUserOutcome, StoreError> {
        if !users::insert(tx, &self.user).await? {
            return Ok(CreateUserOutcome::EmailTaken);
        }
        queue(tx, &self.message).await?;
        sessions::open::insert(tx, &self.session).await?;
        Ok(CreateUserOutcome::Created)
    }
}

/// Opens an account whose address has to be proven before anybody can log in, unless there is one of that address, and queues the mail
/// either way. Whether there was one is seen when the mail is sent, and nobody is told here.
#[derive(Debug)]
pub(crate) struct RegisterUnproven {
    pub(crate) user: User,
    pub(crate) message: Message,
    /// The line about the account, with the refusal that it tells of where there is one already.
    pub(crate) line: Line,
}

impl Op for RegisterUnproven {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        users::insert_unnoticed(tx, &self.user).await?;
        queue(tx, &self.message).await?;
        audit::append_if_made(tx, &self.line).await
    }
}

/// Whether a mail is due.
#[derive(Debug)]
pub(crate) struct IsMailDue {
    pub(crate) now: Timestamp,
}

impl Op for IsMailDue {
    type Output = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let found: Option<MessageId> = tx.first(IS_DUE, params![self.now]).await?;
        Ok(found.is_some())
    }
}

impl ReadOp for IsMailDue {}

/// Takes up mails that are due, the longest due first.
#[derive(Debug)]
pub(crate) struct TakeUpMail {
    pub(crate) now: Timestamp,
    /// When an attempt that is not heard of again counts as failed.
    pub(crate) until: Timestamp,
    pub(crate) limit: u32,
}

impl Op for TakeUpMail {
    type Output = Vec<Message>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Message>, StoreError> {
        tx.all(TAKE_UP, params![self.now, self.until, self.limit]).await
    }
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempted {
    /// It was sent, or is not to be sent.
    Done,
    /// It failed, and is due again then.
    AgainAt(Timestamp),
}

/// Ends an attempt; tells whether it was still the last one.
#[derive(Debug)]
pub(crate) struct EndAttempt {
    pub(crate) id: MessageId,
    pub(crate) attempts: u32,
    pub(crate) attempted: Attempted,
}

impl Op for EndAttempt {
    type Output = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let rows = match self.attempted {
            Attempted::Done => tx.execute_alone(REMOVE, params![self.id.as_bytes(), self.attempts]).await?,
            Attempted::AgainAt(due) => {
                tx.execute_alone(PUT_OFF, params![self.id.as_bytes(), self.attempts, due]).await?
            }
        };
        Ok(rows == 1)
    }
}

/// How many mails wait, those that are being sent among them, and since when the oldest does.
#[derive(Debug)]
pub(crate) struct WaitingMail;

/// What [`WaitingMail`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) count: u64,
    pub(crate) oldest: Option<Timestamp>,
}

impl Op for WaitingMail {
    type Output = Waiting;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Waiting, StoreError> {
        let waiting = tx.first(WAITING, params![]).await?;
        waiting.ok_or_else(|| StoreError::corrupt("the outbox cannot be counted"))
    }
}

impl ReadOp for WaitingMail {
    const SCAN: bool = true;
}

/// Takes a mail out that is not to be sent, in this transaction.
async fn drop_it<T: Tx>(tx: &mut T, message: &Message) -> Result<(), StoreError> {
    tx.execute_along(REMOVE, params![message.id.as_bytes(), message.attempts]).await
}

/// Queues a mail, in this transaction.
pub(super) async fn queue<T: Tx>(tx: &mut T, message: &Message) -> Result<(), StoreError> {
    let facts = serde_json::to_string(&message.facts).map_err(|error| StoreError::Internal(error.to_string()))?;
    let values = params![
        message.id.as_bytes(),
        message.kind.name(),
        message.user.as_ref().map(UserId::as_bytes),
        message.to.display(),
        message.to.key(),
        facts.as_str(),
        message.queued_at,
    ];
    tx.execute_along(INSERT, values).await
}

/// Takes back what waits for this address and would prove it.
pub(super) async fn void_proofs<T: Tx>(tx: &mut T, email: &Email) -> Result<(), StoreError> {
    tx.execute_along(VOID_PROOFS, params![email.key()]).await
}

/// Takes back what waits for this address and would let its password be set.
pub(super) async fn void_resets<T: Tx>(tx: &mut T, email: &Email) -> Result<(), StoreError> {
    tx.execute_along(VOID_RESETS, params![email.key()]).await
}

/// Takes back what would give this account another address.
pub(super) async fn void_changes<T: Tx>(tx: &mut T, user: UserId) -> Result<(), StoreError> {
    tx.execute_along(VOID_CHANGES, params![user.as_bytes()]).await
}

/// Takes back everything about an account.
pub(super) async fn remove_of_user<T: Tx>(tx: &mut T, user: &User) -> Result<(), StoreError> {
    tx.execute_along(REMOVE_OF_USER, params![user.id.as_bytes(), user.email.key()]).await
}

impl FromRow for Message {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("a mail that waits cannot be read");
        let user = row.maybe_bytes(2)?.map(|bytes| UserId::from_slice(bytes).ok_or_else(corrupt)).transpose()?;
        let facts: Facts = serde_json::from_str(row.text(5)?).map_err(|_| corrupt())?;
        Ok(Self {
            id: MessageId::from_slice(row.bytes(0)?).ok_or_else(corrupt)?,
            kind: Kind::from_name(row.text(1)?).ok_or_else(corrupt)?,
            user,
            to: Email::from_stored(row.text(3)?, row.text(4)?),
            facts,
            queued_at: row.time(6)?,
            attempts: u32::try_from(row.int(7)?).map_err(|_| corrupt())?,
        })
    }
}

impl FromRow for MessageId {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        Self::from_slice(row.bytes(0)?).ok_or_else(|| StoreError::corrupt("the id of a mail"))
    }
}

impl FromRow for Waiting {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        Ok(Self { count: row.count(0)?, oldest: row.maybe_time(1)? })
    }
}
