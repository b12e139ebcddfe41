//! What the disk and SQLite could do if there were nothing else: the update of a refresh, and no server around it.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, params};

use crate::chance::Chance;
use crate::measure::now;

const UPDATE: &str = "UPDATE sessions SET generation = generation + 1, rotated_at = ?2, last_used_at = ?2, \
                      address = '127.0.0.1', user_agent = NULL WHERE id = ?1 AND ended_at IS NULL";
/// How often the second connection makes a checkpoint: as often as the server does.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(250);

/// Updates sessions for so long, so many in each commit. Gives updates a second.
pub(super) fn rate(database: &Path, group: u32, time: Duration) -> anyhow::Result<f64> {
    let mut connection = connect(database)?;
    let ids = ids(&connection)?;
    let checkpoints = Checkpoints::start(connect(database)?);
    let mut chance = Chance::new(3);
    let (begin, mut done) = (now(), 0);
    while begin.elapsed() < time {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for _ in 0..group {
            let id = &ids[usize::try_from(chance.below(ids.len() as u64))?];
            transaction.prepare_cached(UPDATE)?.execute(params![id, 1_800_000_000_000_i64 + i64::from(done)])?;
            done += 1;
        }
        transaction.commit()?;
    }
    let rate = f64::from(done) / begin.elapsed().as_secs_f64();
    checkpoints.stop();
    Ok(rate)
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
