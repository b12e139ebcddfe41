//! The audit trail: lines are added and read, and forgotten when they are old; there is no statement that changes one.
//!
//! What an operation does and the lines about it are one transaction: [`Audited`].

use super::error::StoreError;
use super::sql::{Sql, statements};
use super::tx::{FromRow, Op, Param, ReadOp, Row, Tx, params};
use crate::domain::audit::{Actor, By, Event, Line, LineId, Origin, Whose, first_id_at};
use crate::domain::session::SessionId;
use crate::domain::time::Timestamp;
use crate::domain::user::UserId;

/// The columns that are read, in their order.
macro_rules! columns {
    () => {
        "id, at, event, refused, actor, actor_id, user_id, session_id, target, address, user_agent, request_id, detail"
    };
}

statements! {
    INSERT = concat!("INSERT INTO audit (", columns!(),
                     ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
    INSERT_IF_MADE = concat!("INSERT INTO audit (", columns!(),
                     ") VALUES ($1, $2, $3, CASE WHEN EXISTS (SELECT 1 FROM users WHERE id = $7) THEN NULL ELSE CAST($4 AS TEXT) END, \
                     $5, $6, (SELECT id FROM users WHERE id = $7), $8, $9, $10, $11, $12, $13)");
    LIST = concat!("SELECT ", columns!(), " FROM audit WHERE id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3");
    LIST_OF_EVENT = concat!("SELECT ", columns!(), " FROM audit WHERE event = $4 AND id < $1 AND id >= $2 \
                             ORDER BY id DESC LIMIT $3");
    LIST_OF_USER = concat!("SELECT ", columns!(), " FROM audit WHERE user_id = $4 AND id < $1 AND id >= $2 \
                            ORDER BY id DESC LIMIT $3");
    LIST_OF_BOTH = concat!("SELECT ", columns!(), " FROM audit WHERE user_id = $4 AND event = $5 AND id < $1 AND id >= $2 \
                            ORDER BY id DESC LIMIT $3");
    LIST_BY = concat!("SELECT ", columns!(), " FROM audit WHERE (actor = $4 OR actor_id = $5) AND id < $1 AND id >= $2 \
                       ORDER BY id DESC LIMIT $3");
    LIST_OF_EVENT_BY = concat!("SELECT ", columns!(), " FROM audit WHERE (actor = $4 OR actor_id = $5) AND event = $6 \
                                AND id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3");
    LIST_OF_USER_BY = concat!("SELECT ", columns!(), " FROM audit WHERE (actor = $4 OR actor_id = $5) AND user_id = $6 \
                               AND id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3");
    LIST_OF_BOTH_BY = concat!("SELECT ", columns!(), " FROM audit WHERE (actor = $4 OR actor_id = $5) AND user_id = $6 \
                               AND event = $7 AND id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3");
    FORGET = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id < $1 ORDER BY id LIMIT $2)";
}

/// An operation, and the lines that are written about what it did.
#[derive(Debug)]
pub(crate) struct Audited<O, F> {
    op: O,
    lines: F,
}

impl<O: Op, L: IntoIterator<Item = Line>, F: Fn(&O::Output) -> L + Send + Sync + 'static> Audited<O, F>
where
    L::IntoIter: Send,
{
    /// `lines` says what is written of what the operation did; nothing of what it did not.
    pub(crate) fn new(op: O, lines: F) -> Self {
        Self { op, lines }
    }
}

impl<O: Op, L: IntoIterator<Item = Line>, F: Fn(&O::Output) -> L + Send + Sync + 'static> Op for Audited<O, F>
where
    L::IntoIter: Send,
{
    type Output = O::Output;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<O::Output, StoreError> {
        let output = self.op.run(&mut NotAlone(tx)).await?;
        let lines = (self.lines)(&output).into_iter();
        for line in lines {
            append(tx, &line).await?;
        }
        Ok(output)
    }
}

/// A transaction in which the operation's change is not the last: the lines come after it.
struct NotAlone<'t, T>(&'t mut T);

impl<T: Tx> Tx for NotAlone<'_, T> {
    async fn execute(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.0.execute(sql, params).await
    }

    async fn execute_alone(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.0.execute(sql, params).await
    }

    async fn execute_along(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<(), StoreError> {
        self.0.execute_along(sql, params).await
    }

    async fn presume(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<bool, StoreError> {
        self.0.presume(sql, params).await
    }

    async fn first<R: FromRow>(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<Option<R>, StoreError> {
        self.0.first(sql, params).await
    }

    async fn first_and_all<R: FromRow, S: FromRow>(
        &mut self,
        first: (Sql, &[Param<'_>]),
        all: (Sql, &[Param<'_>]),
    ) -> Result<(Option<R>, Vec<S>), StoreError> {
        self.0.first_and_all(first, all).await
    }

    fn announce(&mut self) {
        self.0.announce();
    }

    async fn all<R: FromRow>(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<Vec<R>, StoreError> {
        self.0.all(sql, params).await
    }
}

/// Writes a line about something that changes nothing else.
#[derive(Debug)]
pub(crate) struct AppendLine {
    pub(crate) line: Line,
}

impl Op for AppendLine {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        append(tx, &self.line).await
    }
}

/// Lines, the newest first.
#[derive(Debug)]
pub(crate) struct ListLines {
    /// Those older than this line; nothing for the newest.
    pub(crate) before: Option<LineId>,
    /// Those of this time and later.
    pub(crate) since: Option<Timestamp>,
    /// Those about this account.
    pub(crate) user: Option<UserId>,
    /// Those of this event.
    pub(crate) event: Option<Event>,
    /// Those of what they did.
    pub(crate) by: Option<Whose>,
    pub(crate) limit: u32,
}

impl Op for ListLines {
    type Output = Vec<Line>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Line>, StoreError> {
        // Every id is less than 17 bytes of ones, and greater than no bytes at all.
        let before = self.before.as_ref().map_or(Param::Bytes(&[0xff; 17]), |id| Param::from(id.as_bytes()));
        let since = self.since.map(first_id_at);
        let since = since.as_ref().map_or(Param::Bytes(&[]), |id| Param::from(id.as_bytes()));
        let (user, event) = (self.user.as_ref().map(UserId::as_bytes), self.event.map(Event::name));
        if let Some(by) = self.by {
            // No kind has an empty name, and no account an empty id.
            let (kind, id) = match &by {
                Whose::Kind(kind) => (*kind, Param::Bytes(&[])),
                Whose::Account(id) => ("", Param::from(id.as_bytes())),
            };
            let limit = self.limit;
            return match (user, event) {
                (None, None) => tx.all(LIST_BY, params![before, since, limit, kind, id]).await,
                (None, Some(event)) => tx.all(LIST_OF_EVENT_BY, params![before, since, limit, kind, id, event]).await,
                (Some(user), None) => tx.all(LIST_OF_USER_BY, params![before, since, limit, kind, id, user]).await,
                (Some(user), Some(event)) => {
                    tx.all(LIST_OF_BOTH_BY, params![before, since, limit, kind, id, user, event]).await
                }
            };
        }
        match (user, event) {
            (None, None) => tx.all(LIST, params![before, since, self.limit]).await,
            (None, Some(event)) => tx.all(LIST_OF_EVENT, params![before, since, self.limit, event]).await,
            (Some(user), None) => tx.all(LIST_OF_USER, params![before, since, self.limit, user]).await,
            (Some(user), Some(event)) => tx.all(LIST_OF_BOTH, params![before, since, self.limit, user, event]).await,
        }
    }
}

impl ReadOp for ListLines {
    const SCAN: bool = true;
}

/// Takes lines out that are older than a time, at most so many, the oldest first; tells how many.
#[derive(Debug)]
pub(crate) struct ForgetLines {
    pub(crate) before: Timestamp,
    pub(crate) limit: u32,
}

impl Op for ForgetLines {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        tx.execute_alone(FORGET, params![first_id_at(self.before).as_bytes(), self.limit]).await
    }
}

/// Writes a line, in this transaction.
pub(super) async fn append<T: Tx>(tx: &mut T, line: &Line) -> Result<(), StoreError> {
    append_by(tx, INSERT, line).await
}

/// Writes a line about an account that was to be made, in this transaction: without the refusal if it is there, and without the
/// account if not.
pub(super) async fn append_if_made<T: Tx>(tx: &mut T, line: &Line) -> Result<(), StoreError> {
    append_by(tx, INSERT_IF_MADE, line).await
}

async fn append_by<T: Tx>(tx: &mut T, sql: Sql, line: &Line) -> Result<(), StoreError> {
    let By { actor, origin } = &line.by;
    let detail = serde_json::to_string(&line.detail).map_err(|error| StoreError::Internal(error.to_string()))?;
    let (actor_id, request) = (actor.id(), origin.request);
    let values = params![
        line.id.as_bytes(),
        line.at,
        &*line.event,
        line.refused.as_deref(),
        actor.kind(),
        actor_id.as_ref().map(UserId::as_bytes),
        line.user.as_ref().map(UserId::as_bytes),
        line.session.as_ref().map(SessionId::as_bytes),
        line.target.as_deref(),
        origin.address.as_deref(),
        origin.user_agent.as_deref(),
        request.as_ref().map(uuid::Uuid::as_bytes),
        (!line.detail.is_empty()).then_some(detail.as_str()),
    ];
    tx.execute_along(sql, values).await
}

impl FromRow for Line {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        let unreadable = || StoreError::corrupt("a line of the audit trail cannot be read");
        let bytes = |column| row.maybe_bytes(column);
        let user = |column| bytes(column).map(|bytes| bytes.and_then(UserId::from_slice));
        let actor = Actor::from_parts(row.text(4)?, user(5)?).ok_or_else(unreadable)?;
        let request = bytes(11)?.and_then(|bytes| uuid::Uuid::from_slice(bytes).ok());
        let origin = Origin { address: row.maybe_string(9)?, user_agent: row.maybe_string(10)?, request };
        let detail = row.maybe_text(12)?.map_or(Ok(serde_json::Map::new()), serde_json::from_str);
        Ok(Self {
            id: LineId::from_slice(row.bytes(0)?).ok_or_else(unreadable)?,
            at: row.time(1)?,
            event: row.string(2)?.into(),
            refused: row.maybe_string(3)?,
            by: By { actor, origin },
            user: user(6)?,
            session: bytes(7)?.and_then(SessionId::from_slice),
            target: row.maybe_string(8)?,
            detail: detail.map_err(|_| unreadable())?,
        })
    }
}
