//! What became of a commit whose answer was lost.
//!
//! Each connection has a row in `connections`, and each transaction counts it up by one right before its commit, in the
//! same round trip. When the answer is lost, another connection looks at the row: a count that went up was committed with
//! all the rest. One that did not is replaced by a fence that the lost transaction's count-up cannot pass, should it still
//! be under way: it would set the count to NULL, which the table refuses. Only then is it said not to have happened.
//!
//! An operation may be all in one message, which a network that was cut may hand over when it is mended, long after its caller was
//! told that it failed. So each transaction says how long after the last one of its connection it is still waited for, and the
//! count-up refuses when by the database's clock more time has passed. A clock that is set forward costs a connection; one that is
//! set back gives such a message as much longer.
//!
//! The row travels with the data, so this holds after a crash, on a standby that was promoted, and on every engine that
//! speaks PostgreSQL's protocol; the numbers of transactions, which PostgreSQL can be asked about, may be given out again
//! after a crash.

use tokio::time::Instant;

use super::connection::{Ahead, Connection};
use super::error::Fault;
use crate::clock::monotonic;
use crate::store::error::StoreError;

/// Milliseconds, by the database's clock.
macro_rules! clock {
    () => {
        "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
    };
}

const FORGET: &str = "DELETE FROM connections WHERE opened_at < CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) - 86400";
const INTRODUCE: &str = concat!(
    "INSERT INTO connections (id, commits, opened_at, heard_at) \
     VALUES (uuid_send(gen_random_uuid()), 0, CAST(EXTRACT(EPOCH FROM now()) AS BIGINT), ",
    clock!(),
    ") RETURNING id"
);
const COUNT: &str = concat!(
    "UPDATE connections SET heard_at = ",
    clock!(),
    ", commits = CASE WHEN commits = $2 AND ",
    clock!(),
    " - heard_at <= $3 THEN $2 + 1 END WHERE id = $1"
);
const LOOK: &str = "SELECT commits FROM connections WHERE id = $1 FOR UPDATE";
const FENCE: &str = "UPDATE connections SET commits = -1 WHERE id = $1";

/// What the commits of a connection are told by: its row, how many commits it has seen answered, and when the last one was sent.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    id: Vec<u8>,
    commits: i64,
    heard: Instant,
}

/// How a commit went, as far as the connection itself has learnt.
#[derive(Debug)]
pub(super) enum Commit {
    Done,
    /// It did not happen.
    Failed(Fault),
    /// The answer was lost.
    Unknown(Witness),
}

/// What became of a commit whose answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Committed,
    /// It did not happen and never will.
    Undone,
}

/// Gives a connection its row.
pub(super) async fn introduce(connection: &mut Connection) -> Result<Witness, Fault> {
    connection.run(FORGET).await?;
    let heard = monotonic();
    let rows = connection.rows(&[], INTRODUCE, &[]).await?;
    let id = rows.first().and_then(|row| row.try_get(0).ok());
    let id = id.ok_or_else(|| Fault::Final(StoreError::corrupt("a connection was given no id")))?;
    Ok(Witness { id, commits: 0, heard })
}

/// Commits the transaction of a connection, after what goes ahead.
pub(super) async fn commit(connection: &mut Connection, witness: &mut Witness, ahead: &[Ahead]) -> Commit {
    let sent = monotonic();
    let latest = sent.duration_since(witness.heard) + connection.limit();
    // More milliseconds than can be sent are none that anybody waits for.
    let latest = i64::try_from(latest.as_millis()).unwrap_or(i64::MAX);
    let committed = connection.commit_with(ahead, COUNT, &[&witness.id, &witness.commits, &latest]).await;
    match committed {
        Ok(_) => {
            witness.commits += 1;
            witness.heard = sent;
            Commit::Done
        }
        Err(Fault::Lost(_)) => Commit::Unknown(witness.clone()),
        // The server answers, so that its refusal of one or the other is an answer too.
        Err(fault) => Commit::Failed(fault),
    }
}

/// Finds out, on another connection, what became of a commit, and sees to it that it stays so.
pub(super) async fn resolve(connection: &mut Connection, witness: &Witness) -> Result<Outcome, Fault> {
    connection.in_transaction = true;
    let rows = connection.rows(&[Ahead::Text("BEGIN")], LOOK, &[&witness.id]).await?;
    let gone = || Fault::Final(StoreError::Unresolved);
    let count: i64 = rows.first().and_then(|row| row.try_get(0).ok()).ok_or_else(gone)?;
    let outcome = if count == witness.commits + 1 {
        Outcome::Committed
    } else {
        connection.count(&[], FENCE, &[&witness.id]).await?;
        Outcome::Undone
    };
    connection.run("COMMIT").await?;
    connection.in_transaction = false;
    Ok(outcome)
}
