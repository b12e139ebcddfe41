//! The operations of a copy, the same for every table.

use super::tables::{CHUNK, KeyKind, MADE, Statements, TABLES, Table};
use crate::domain::audit;
use crate::store::audit as trail;
use crate::store::error::StoreError;
use crate::store::sql::statements;
use crate::store::tx::{FromRow, Op, Param, ReadOp, Row, Tx, Value, params};

statements! {
    MARK = "INSERT INTO meta (name, number) VALUES ('copy', 1) ON CONFLICT (name) DO NOTHING";
    UNMARK = "DELETE FROM meta WHERE name = 'copy'";
    MARKED = "SELECT number FROM meta WHERE name = 'copy'";
}

/// A table by its place in [`TABLES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Which(usize);

impl Which {
    /// All tables, each after those that its rows refer to.
    pub(super) fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
        (0..TABLES.len()).map(Self)
    }

    pub(super) fn table(self) -> &'static Table {
        &TABLES[self.0]
    }

    fn statements(self) -> &'static Statements {
        &MADE[self.0]
    }

    /// What comes before every key.
    pub(super) fn before_all(self) -> Value {
        match self.table().key {
            KeyKind::Bytes => Value::Bytes(Vec::new()),
            KeyKind::Int => Value::Int(i64::MIN),
            KeyKind::Text => Value::Text(String::new()),
        }
    }
}

/// A row, whatever the table; the key comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line(pub(super) Vec<Value>);

impl Line {
    pub(super) fn key(&self) -> &Value {
        &self.0[0]
    }
}

impl FromRow for Line {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        (0..row.columns()).map(|column| row.value(column)).collect::<Result<_, _>>().map(Self)
    }
}

/// Rows after a key, in the order of keys.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) of: Which,
    pub(super) after: Value,
    pub(super) limit: u32,
}

impl Op for Page {
    type Output = Vec<Line>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Line>, StoreError> {
        tx.all(self.of.statements().page, params![&self.after, self.limit]).await
    }
}

impl ReadOp for Page {
    const SCAN: bool = true;
}

/// Rows after a key up to another and with it.
#[derive(Debug)]
pub(super) struct Between {
    pub(super) of: Which,
    pub(super) after: Value,
    pub(super) last: Value,
}

impl Op for Between {
    type Output = Vec<Line>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<Line>, StoreError> {
        tx.all(self.of.statements().between, params![&self.after, &self.last]).await
    }
}

impl ReadOp for Between {
    const SCAN: bool = true;
}

/// How many rows there are.
#[derive(Debug)]
pub(super) struct Count(pub(super) Which);

impl Op for Count {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        let counted = tx.first::<Number>(self.0.statements().count, params![]).await?;
        counted.map(|number| number.0).ok_or_else(|| StoreError::corrupt("a table cannot be counted"))
    }
}

impl ReadOp for Count {
    const SCAN: bool = true;
}

/// Writes these rows over what there is.
#[derive(Debug)]
pub(super) struct Put {
    pub(super) of: Which,
    pub(super) lines: Vec<Line>,
}

impl Op for Put {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let (chunks, rest) = self.lines.as_chunks::<CHUNK>();
        for chunk in chunks {
            let values: Vec<Param<'_>> = chunk.iter().flat_map(|line| &line.0).map(Param::from).collect();
            tx.execute(self.of.statements().put_many, &values).await?;
        }
        for line in rest {
            let values: Vec<Param<'_>> = line.0.iter().map(Param::from).collect();
            tx.execute(self.of.statements().put, &values).await?;
        }
        Ok(())
    }
}

/// Takes rows out by their keys.
#[derive(Debug)]
pub(super) struct Remove {
    pub(super) of: Which,
    pub(super) keys: Vec<Value>,
}

impl Op for Remove {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        for key in &self.keys {
            tx.execute(self.of.statements().delete, params![key]).await?;
        }
        Ok(())
    }
}

/// Marks the store as the destination of a copy that is not finished.
#[derive(Debug)]
pub(super) struct Mark;

impl Op for Mark {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.execute_alone(MARK, params![]).await.map(drop)
    }
}

/// Takes the mark away: the copy is whole, and its trail goes on with this line. Of two copies into one store the first tells it.
#[derive(Debug)]
pub(super) struct Finish(pub(super) audit::Line);

impl Op for Finish {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        match tx.execute(UNMARK, params![]).await? {
            0 => Ok(()),
            _ => trail::append(tx, &self.0).await,
        }
    }
}

/// Whether the store is the destination of a copy that was not finished: half a store, that nobody may serve.
#[derive(Debug)]
pub(crate) struct IsUnfinishedCopy;

impl Op for IsUnfinishedCopy {
    type Output = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        Ok(tx.first::<Number>(MARKED, params![]).await?.is_some())
    }
}

impl ReadOp for IsUnfinishedCopy {}

struct Number(u64);

impl FromRow for Number {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        row.count(0).map(Self)
    }
}
