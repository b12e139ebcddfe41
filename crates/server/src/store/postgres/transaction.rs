//! A transaction, and an operation in it.

use tokio_postgres::Row;

use super::connection::{Ahead, Connection, Value};
use super::error::Fault;
use super::outcome::{self, Commit, Witness};
use super::pool::Pooled;
use super::row::PgRow;
use crate::store::error::StoreError;
use crate::store::sql::Sql;
use crate::store::tx::{FromRow, Op, Param, ReadOp, Tx, Value as Kept};

/// Rows are held by the statements that say so, and each statement sees all that is committed by then.
const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// All statements see the same moment.
const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// What became of an attempt to run an operation.
pub(super) enum Attempt<O> {
    /// It is committed; and whether others are to be told.
    Done(O, bool),
    /// It did not happen.
    Failed(Fault),
    /// This is the result if it happened, which is not known.
    Unknown(O, Witness),
}

/// Runs an operation in a transaction of its own; says whether it may take things for granted.
pub(super) async fn write<O: Op>(pooled: &mut Pooled, op: &O, presumes: bool) -> Attempt<O::Output> {
    let Pooled { connection, witness } = pooled;
    let mut tx = PgTx { presumes, ..PgTx::new(connection, BEGIN_WRITE) };
    let result = op.run(&mut tx).await;
    let (announced, changed, ahead) = (tx.announced, tx.changed, std::mem::take(&mut tx.ahead));
    let output = match tx.settle(result) {
        Ok(output) => output,
        Err(fault) => {
            roll_back(connection, &fault).await;
            return Attempt::Failed(fault);
        }
    };
    if !changed {
        end_unchanged(connection);
        return Attempt::Done(output, false);
    }
    match outcome::commit(connection, witness, &ahead).await {
        Commit::Done => Attempt::Done(output, announced),
        Commit::Failed(fault) => {
            roll_back(connection, &fault).await;
            Attempt::Failed(fault)
        }
        Commit::Unknown(witness) => Attempt::Unknown(output, witness),
    }
}

/// Runs an operation that only reads, on a snapshot.
pub(super) async fn read<O: ReadOp>(pooled: &mut Pooled, op: &O) -> Result<O::Output, Fault> {
    let connection = &mut pooled.connection;
    let mut tx = PgTx::new(connection, BEGIN_READ);
    let result = op.run(&mut tx).await;
    let result = tx.settle(result);
    if !matches!(result, Err(Fault::Lost(_))) {
        end_unchanged(connection);
    }
    result
}

/// Where there is nothing to keep nobody needs to wait for the end.
fn end_unchanged(connection: &mut Connection) {
    if std::mem::take(&mut connection.in_transaction) {
        connection.send("ROLLBACK");
    }
}

/// Makes a connection fit for use again. One that does not answer is thrown away instead.
async fn roll_back(connection: &mut Connection, fault: &Fault) {
    if !matches!(fault, Fault::Lost(_)) && connection.in_transaction && connection.run("ROLLBACK").await.is_ok() {
        connection.in_transaction = false;
    }
}

/// What an operation sees of its transaction.
struct PgTx<'c> {
    connection: &'c mut Connection,
    begin: &'static str,
    /// What goes along with the next statement, or with the commit.
    ahead: Vec<Ahead>,
    /// What went wrong first: after it PostgreSQL refuses everything but a rollback.
    fault: Option<Fault>,
    /// Whether there is anything to commit.
    changed: bool,
    /// Whether others are to be told after the commit.
    announced: bool,
    /// Whether the operation may take things for granted.
    presumes: bool,
}

impl<'c> PgTx<'c> {
    fn new(connection: &'c mut Connection, begin: &'static str) -> Self {
        Self { connection, begin, ahead: Vec::new(), fault: None, changed: false, announced: false, presumes: false }
    }

    /// The result of an operation, unless a statement of it failed.
    fn settle<O>(self, result: Result<O, StoreError>) -> Result<O, Fault> {
        match self.fault {
            Some(fault) => Err(fault),
            None => result.map_err(Fault::Final),
        }
    }

    /// Before the first statement goes the beginning of the transaction.
    fn begin(&mut self) {
        if !std::mem::replace(&mut self.connection.in_transaction, true) {
            self.ahead.push(Ahead::Text(self.begin));
        }
    }

    /// Notes that a statement gave so many rows: one that is to change rows and gives none has changed none.
    fn note_change(&mut self, sql: Sql, rows: u64) {
        self.changed |= rows > 0 && !sql.postgres().starts_with("SELECT");
    }

    /// Remembers what went wrong, and says it in the words of the store.
    fn noted<T>(&mut self, result: Result<T, Fault>) -> Result<T, StoreError> {
        result.map_err(|fault| {
            let said = fault.error().clone();
            self.fault.get_or_insert(fault);
            said
        })
    }

    async fn rows(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<Vec<Row>, StoreError> {
        self.begin();
        let ahead = std::mem::take(&mut self.ahead);
        let rows = self.connection.rows(&ahead, sql.postgres(), &values(params)).await;
        let rows = self.noted(rows)?;
        self.note_change(sql, rows.len() as u64);
        Ok(rows)
    }

    async fn rows_of_both<R: FromRow, S: FromRow>(
        &mut self,
        (first, first_params): (Sql, &[Param<'_>]),
        (all, all_params): (Sql, &[Param<'_>]),
        with_timeline: bool,
    ) -> Result<(Option<R>, Vec<S>, u32), StoreError> {
        self.begin();
        let ahead = std::mem::take(&mut self.ahead);
        let (first_values, all_values) = (values(first_params), values(all_params));
        let (one, other) = ((first.postgres(), &*first_values), (all.postgres(), &*all_values));
        let rows = self.connection.rows_of_both(&ahead, one, other, with_timeline).await;
        let (found, rows, timeline) = self.noted(rows)?;
        self.note_change(first, found.len() as u64);
        self.note_change(all, rows.len() as u64);
        let found = found.first().map(|row| R::from_row(&PgRow(row))).transpose()?;
        let rows = rows.iter().map(|row| S::from_row(&PgRow(row))).collect::<Result<_, _>>()?;
        Ok((found, rows, timeline))
    }
}

impl Tx for PgTx<'_> {
    async fn execute(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.begin();
        let ahead = std::mem::take(&mut self.ahead);
        let count = self.connection.count(&ahead, sql.postgres(), &values(params)).await;
        let count = self.noted(count)?;
        self.note_change(sql, count);
        Ok(count)
    }

    async fn execute_alone(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.execute(sql, params).await
    }

    async fn execute_along(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<(), StoreError> {
        self.begin();
        self.changed = true;
        self.ahead.push(Ahead::Change(sql.postgres(), params.iter().map(Kept::from).collect()));
        Ok(())
    }

    async fn presume(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<bool, StoreError> {
        if self.presumes {
            self.execute_along(sql, params).await?;
        }
        Ok(self.presumes)
    }

    async fn first<R: FromRow>(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<Option<R>, StoreError> {
        let rows = self.rows(sql, params).await?;
        rows.first().map(|row| R::from_row(&PgRow(row))).transpose()
    }

    async fn first_and_all<R: FromRow, S: FromRow>(
        &mut self,
        first: (Sql, &[Param<'_>]),
        all: (Sql, &[Param<'_>]),
    ) -> Result<(Option<R>, Vec<S>), StoreError> {
        let (found, rows, _) = self.rows_of_both(first, all, false).await?;
        Ok((found, rows))
    }

    async fn first_and_all_of_timeline<R: FromRow, S: FromRow>(
        &mut self,
        first: (Sql, &[Param<'_>]),
        all: (Sql, &[Param<'_>]),
    ) -> Result<(Option<R>, Vec<S>, u32), StoreError> {
        self.rows_of_both(first, all, true).await
    }

    async fn all<R: FromRow>(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<Vec<R>, StoreError> {
        let rows = self.rows(sql, params).await?;
        rows.iter().map(|row| R::from_row(&PgRow(row))).collect()
    }

    fn announce(&mut self) {
        self.announced = true;
    }
}

fn values<'a>(params: &'a [Param<'_>]) -> Vec<Value<'a>> {
    params.iter().map(|param| param as Value<'a>).collect()
}
