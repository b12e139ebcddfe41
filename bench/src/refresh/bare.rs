//! What the disk and SQLite could do if there were nothing else: the update of a refresh, and no server around it.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::anyhow;
use rusqlite::{Connection, Transaction, params};
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::measure::now;

const UPDATE: &str = "UPDATE sessions SET generation = generation + 1, rotated_at = ?2, last_used_at = ?2, \
                      address = '127.0.0.1', user_agent = NULL WHERE id = ?1 AND ended_at IS NULL";
/// How often the second connection makes a checkpoint: as often as the server does.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(250);

/// Updates sessions for so long, so many in each commit, and nobody waits for them. Gives updates a second.
pub(super) fn rate(database: &Path, group: u32, time: Duration) -> anyhow::Result<f64> {
    let mut connection = connect(database)?;
    let ids = ids(&connection)?;
    let checkpoints = Checkpoints::start(connect(database)?);
    let mut chance = Chance::new(3);
    let (begin, mut done) = (now(), 0);
    while begin.elapsed() < time {
        let transaction = begin_immediate(&mut connection)?;
        for _ in 0..group {
            update(&transaction, &ids[usize::try_from(chance.below(ids.len() as u64))?], done)?;
            done += 1;
        }
        transaction.commit()?;
    }
    let rate = f64::from(done) / begin.elapsed().as_secs_f64();
    checkpoints.stop();
    Ok(rate)
}

/// Group commit: so many callers, each of whom waits until its update is committed before it has the next one, and one
/// writer that commits all that wait together. Gives updates a second.
pub(super) fn rate_of_callers(database: &Path, callers: u32, time: Duration) -> anyhow::Result<f64> {
    let connection = connect(database)?;
    let ids = ids(&connection)?;
    let checkpoints = Checkpoints::start(connect(database)?);
    let (queue, waiting) = mpsc::channel(callers as usize);
    let writer = thread::spawn(move || commit_what_waits(connection, waiting));
    let begin = now();
    let done = Builder::new_current_thread().build()?.block_on(async {
        let mut running = JoinSet::new();
        for number in 0..callers {
            let (queue, ids, mut chance) = (queue.clone(), ids.clone(), Chance::new(u64::from(number)));
            running.spawn(async move {
                let mut done = 0_u32;
                while begin.elapsed() < time {
                    let id = ids[usize::try_from(chance.below(ids.len() as u64))?].clone();
                    let (answer, answered) = oneshot::channel();
                    queue.send(Waiting { id, answer }).await?;
                    answered.await?;
                    done += 1;
                }
                anyhow::Ok(done)
            });
        }
        running.join_all().await.into_iter().sum::<anyhow::Result<u32>>()
    });
    let elapsed = begin.elapsed().as_secs_f64();
    drop(queue);
    writer.join().map_err(|_| anyhow!("the writer panicked"))??;
    checkpoints.stop();
    Ok(f64::from(done?) / elapsed)
}

/// An update that somebody waits for.
struct Waiting {
    id: Vec<u8>,
    answer: oneshot::Sender<()>,
}

fn commit_what_waits(mut connection: Connection, mut waiting: mpsc::Receiver<Waiting>) -> anyhow::Result<()> {
    let (mut batch, mut done) = (Vec::new(), 0);
    while waiting.blocking_recv_many(&mut batch, usize::MAX) > 0 {
        let transaction = begin_immediate(&mut connection)?;
        for Waiting { id, .. } in &batch {
            update(&transaction, id, done)?;
            done += 1;
        }
        transaction.commit()?;
        for waiting in batch.drain(..) {
            // Whoever is gone does not need an answer.
            let _ = waiting.answer.send(());
        }
    }
    Ok(())
}

fn begin_immediate(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
}

fn update(transaction: &Transaction<'_>, id: &[u8], done: u32) -> rusqlite::Result<()> {
    let time = 1_800_000_000_000_i64 + i64::from(done);
    transaction.prepare_cached(UPDATE)?.execute(params![id, time]).map(drop)
}

fn connect(database: &Path) -> anyhow::Result<Connection> {
    let connection = Connection::open(database)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "cache_size", -4096)?;
    Ok(connection)
}

fn ids(connection: &Connection) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut statement = connection.prepare("SELECT id FROM sessions ORDER BY id LIMIT 10000")?;
    let ids = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(ids)
}

/// Checkpoints on a connection of their own.
struct Checkpoints {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    fn start(connection: Connection) -> Self {
        let (stop, stopped) = channel();
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(CHECKPOINT_EVERY) == Err(RecvTimeoutError::Timeout) {
                // One that fails is made up for by the next.
                let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
            }
        });
        Self { stop, thread }
    }

    fn stop(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}
