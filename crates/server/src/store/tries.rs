//! Failed tries, as all servers on the store count them together.
//!
//! Each change of a row takes the next number of a counter whose row stays locked until the commit: who has seen N has seen all
//! up to N, as with the revocation feed.

use std::collections::HashMap;

use super::error::StoreError;
use super::sql::statements;
use super::tx::{FromRow, Op, ReadOp, Row, Tx, params, stored_count};
use crate::domain::throttle::{Limit, Tries};
use crate::domain::time::Timestamp;

statements! {
    TAKE_NUMBERS = "UPDATE meta SET number = number + $1 WHERE name = 'tries' RETURNING number";
    HOLD = "UPDATE meta SET number = number WHERE name = 'tries'";
    HEAD = "SELECT number FROM meta WHERE name = 'tries'";
    FIND = "SELECT name, failed, since, last_at, sequence FROM tries \
            WHERE name IN (SELECT unhex(value) FROM json_each($1))",
        postgres "SELECT name, failed, since, last_at, sequence FROM tries \
                  WHERE name IN (SELECT decode(value, 'hex') FROM json_array_elements_text(CAST(CAST($1 AS TEXT) AS JSON)) AS names (value))";
    PUT = "INSERT INTO tries (name, sequence, failed, since, last_at, forget_at) VALUES ($1, $2, $3, $4, $5, $6) \
           ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence, failed = excluded.failed, \
           since = excluded.since, last_at = excluded.last_at, forget_at = excluded.forget_at";
    AFTER = "SELECT name, failed, since, last_at, sequence FROM tries WHERE sequence > $1 ORDER BY sequence LIMIT $2";
    COUNT = "SELECT COUNT(*) FROM tries";
    FORGET = "DELETE FROM tries WHERE name IN \
              (SELECT name FROM tries WHERE forget_at <= $1 ORDER BY forget_at LIMIT $2)";
    DROP_FIRST = "DELETE FROM tries WHERE name IN (SELECT name FROM tries ORDER BY forget_at LIMIT $1)";
}

/// What one server has to add to a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TriesChange {
    pub(crate) name: [u8; 16],
    /// How many more failed.
    pub(crate) failed: u32,
    /// Whether all that failed before those counts no more.
    pub(crate) cleared: bool,
    /// When the last was forgiven or the first failed, as that server knows it.
    pub(crate) since: Timestamp,
    /// When the last one was admitted.
    pub(crate) last: Timestamp,
    /// The longest wait, in seconds: the time in which one failure is forgiven.
    pub(crate) longest: u32,
}

/// A counter as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredTries {
    pub(crate) name: [u8; 16],
    pub(crate) tries: Tries,
    pub(crate) sequence: u64,
}

impl TriesChange {
    /// What the counter is with this change.
    fn onto(&self, stored: Option<Tries>) -> Tries {
        let fresh = Tries { failed: self.failed, since: self.since, last: self.last };
        let Some(stored) = stored.filter(|_| !self.cleared) else { return fresh };
        let forgiven = self.limit().forgive(stored, self.last);
        let since = if forgiven.failed == 0 { self.since } else { forgiven.since };
        Tries { failed: forgiven.failed.saturating_add(self.failed), since, last: stored.last.max(self.last) }
    }

    fn limit(&self) -> Limit {
        // How many are free has nothing to do with forgiving.
        Limit { free: 1, longest: self.longest }
    }
}

/// Adds what one server has counted.
#[derive(Debug)]
pub(crate) struct ShareTries {
    pub(crate) changes: Vec<TriesChange>,
}

impl Op for ShareTries {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let count = stored_count(self.changes.len() as u64)?;
        let hexadecimal = |change: &TriesChange| uuid::Uuid::from_bytes(change.name).simple().to_string();
        let names: Vec<String> = self.changes.iter().map(hexadecimal).collect();
        let names = serde_json::to_string(&names).map_err(|error| StoreError::Internal(error.to_string()))?;
        let (take, find) = ((TAKE_NUMBERS, &params![count][..]), (FIND, &params![names.as_str()][..]));
        let (last, found) = tx.first_and_all::<Number, StoredTries>(take, find).await?;
        let last = last.ok_or_else(no_counter)?.0;
        let mut stored: HashMap<_, _> = found.into_iter().map(|stored| (stored.name, stored.tries)).collect();
        for (number, change) in (last - count + 1..).zip(&self.changes) {
            let name = change.name.as_slice();
            let tries = change.onto(stored.get(&change.name).copied());
            stored.insert(change.name, tries);
            let forget_at = change.limit().forgotten_at(tries);
            let failed = i64::from(tries.failed);
            tx.execute_along(PUT, params![name, number, failed, tries.since, tries.last, forget_at]).await?;
        }
        Ok(())
    }
}

/// What changed after a number, at most so many counters.
#[derive(Debug)]
pub(crate) struct TriesAfter {
    pub(crate) after: u64,
    pub(crate) limit: u32,
}

/// Changed counters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangedTries {
    /// The last number ever given. Less than what was asked for means that the store was set back.
    pub(crate) head: u64,
    /// The counters in the order of their changes.
    pub(crate) tries: Vec<StoredTries>,
}

impl Op for TriesAfter {
    type Output = ChangedTries;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<ChangedTries, StoreError> {
        let after = params![stored_count(self.after)?, self.limit];
        let (head, tries) = tx.first_and_all::<Number, _>((HEAD, params![]), (AFTER, after)).await?;
        let head = u64::try_from(head.ok_or_else(no_counter)?.0).map_err(|_| no_counter())?;
        Ok(ChangedTries { head, tries })
    }
}

impl ReadOp for TriesAfter {}

/// How many counters are stored.
#[derive(Debug)]
pub(crate) struct CountTries;

impl Op for CountTries {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        let count = tx.first::<Number>(COUNT, params![]).await?.map_or(0, |count| count.0);
        u64::try_from(count).map_err(|_| no_counter())
    }
}

impl ReadOp for CountTries {
    const SCAN: bool = true;
}

/// Forgets counters of which nothing is left, at most so many; tells how many.
#[derive(Debug)]
pub(crate) struct ForgetTries {
    pub(crate) now: Timestamp,
    pub(crate) limit: u32,
}

impl Op for ForgetTries {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        hold(tx).await?;
        tx.execute(FORGET, params![self.now, self.limit]).await
    }
}

/// Drops the counters that would be forgotten first, so many, because there are too many.
#[derive(Debug)]
pub(crate) struct DropTries {
    pub(crate) count: u32,
}

impl Op for DropTries {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        hold(tx).await?;
        tx.execute(DROP_FIRST, params![self.count]).await
    }
}

/// Whoever changes several counters holds the number first, so that no two wait for each other's rows.
async fn hold<T: Tx>(tx: &mut T) -> Result<(), StoreError> {
    tx.execute_along(HOLD, params![]).await
}

struct Number(i64);

impl FromRow for Number {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        row.int(0).map(Self)
    }
}

impl FromRow for StoredTries {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        let name = row.bytes(0)?.try_into().map_err(|_| StoreError::corrupt("the name of a counter of tries"))?;
        let failed = u32::try_from(row.int(1)?).map_err(|_| StoreError::corrupt("a number of tries"))?;
        let tries = Tries { failed, since: row.time(2)?, last: row.time(3)? };
        Ok(Self { name, tries, sequence: row.count(4)? })
    }
}

fn no_counter() -> StoreError {
    StoreError::corrupt("the counter of tries")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn what_two_servers_counted_adds_up_and_is_forgiven_once() {
        let change =
            TriesChange { name: [1; 16], failed: 2, cleared: false, since: at(50), last: at(100), longest: 60 };
        let fresh = Tries { failed: 2, since: at(50), last: at(100) };
        for (stored, cleared, expected) in [
            (None, false, fresh),
            (Some((5, 90, 95)), false, Tries { failed: 7, since: at(90), last: at(100) }),
            (Some((5, 0, 95)), false, Tries { failed: 6, since: at(60), last: at(100) }),
            (Some((1, 0, 10)), false, fresh),
            // Another server's clock is ahead.
            (Some((5, 120, 130)), false, Tries { failed: 7, since: at(120), last: at(130) }),
            (Some((5, 90, 95)), true, fresh),
            (Some((u32::MAX, 90, 95)), false, Tries { failed: u32::MAX, since: at(90), last: at(100) }),
        ] {
            let stored = stored.map(|(failed, since, last)| Tries { failed, since: at(since), last: at(last) });
            assert_eq!(TriesChange { cleared, ..change }.onto(stored), expected, "{stored:?}");
        }
    }
}
