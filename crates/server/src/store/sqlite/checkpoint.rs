//! Checkpoints: moving what was committed from the write-ahead log into the database, aside from the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;

use super::error::store_error;
use crate::store::error::StoreError;

/// How long changes gather before they are moved together.
const INTERVAL: Duration = Duration::from_millis(250);

/// The way to the checkpoint thread, held by the writer.
pub(super) struct Checkpointer {
    wake: SyncSender<()>,
    stop: Sender<()>,
    /// Set by the thread when the log has grown long all the same.
    long: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Checkpointer {
    /// Starts the thread. `long_log` is the number of pages from which on the writer is asked to help.
    pub(super) fn start(connection: Connection, long_log: u64) -> Result<Self, StoreError> {
        let (wake, awake) = sync_channel(1);
        let (stop, stopped) = channel();
        let long = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&long);
        let tell_length = move |pages| told.store(pages > long_log, Ordering::Relaxed);
        let thread = thread::Builder::new()
            .name("jotgate-checkpoint".to_owned())
            .spawn(move || go_on(&connection, &awake, &stopped, &tell_length))
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { wake, stop, long, thread })
    }

    /// Tells the thread that there is something to do.
    ///
    /// While the writer goes on writing, the end of the log is never reached and the log never starts again. When it has
    /// grown long, the writer moves the little that is left itself, so that its next transaction starts the log again.
    pub(super) fn after_commit(&self, connection: &Connection) {
        // Full means that the thread knows already.
        let _ = self.wake.try_send(());
        if self.long.swap(false, Ordering::Relaxed) {
            report(checkpoint(connection, "PASSIVE"));
        }
    }

    /// Ends the thread and leaves the log empty, unless another process needs it.
    pub(super) fn finish(self, connection: &Connection) {
        let Self { wake, stop, thread, .. } = self;
        drop((wake, stop));
        let _ = thread.join();
        match checkpoint(connection, "TRUNCATE") {
            Err(StoreError::Busy) => {}
            outcome => report(outcome),
        }
    }
}

fn go_on(connection: &Connection, awake: &Receiver<()>, stopped: &Receiver<()>, tell_length: &dyn Fn(u64)) {
    let mut more = false;
    while more || awake.recv().is_ok() {
        if stopped.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        // Whatever wakes us from here on is not yet part of it.
        while awake.try_recv().is_ok() {}
        let progress = checkpoint(connection, "PASSIVE");
        more = progress.as_ref().is_ok_and(|progress| progress.moved < progress.pages);
        tell_length(progress.as_ref().map_or(0, |progress| progress.pages));
        report(progress);
    }
}

/// How far a checkpoint came.
struct Progress {
    /// Pages in the log.
    pages: u64,
    /// Pages of them that are in the database now.
    moved: u64,
}

fn checkpoint(connection: &Connection, mode: &str) -> Result<Progress, StoreError> {
    let columns = |row: &rusqlite::Row<'_>| {
        // Both are -1 when there is no log.
        let pages = |column| row.get::<_, i64>(column).map(|pages| u64::try_from(pages).unwrap_or(0));
        Ok(Progress { pages: pages(1)?, moved: pages(2)? })
    };
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], columns).map_err(|error| store_error(&error))
}

/// A failed checkpoint loses nothing: the log keeps what it has, and grows.
fn report(outcome: Result<Progress, StoreError>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "the write-ahead log could not be moved into the database; trying again later");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::Ordering;

    use rusqlite::Connection;

    use super::Checkpointer;
    use crate::store::sqlite::{Options, connect};

    fn write(connection: &Connection, pages: usize) {
        connection.execute("INSERT INTO t VALUES (?1)", [vec![7; 4096 * pages]]).unwrap();
    }

    /// How many pages are in the log since it last started again: the frames that carry the salt of its header.
    fn pages_in_log(database: &Path) -> usize {
        let bytes = std::fs::read(database.with_extension("db-wal")).unwrap();
        let frames = bytes[32..].chunks(24 + 4096);
        frames.take_while(|frame| frame.get(8..16) == Some(&bytes[16..24])).count()
    }

    #[test]
    fn a_log_that_has_grown_long_starts_again_although_the_writer_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = connect::prepare_file(&directory.path().join("t.db")).unwrap();
        let writer = connect::writer(&path, Options::default()).unwrap();
        let checkpointer = Checkpointer::start(connect::plain(&path, Options::default()).unwrap(), 50).unwrap();
        writer.execute_batch("CREATE TABLE t (bytes BLOB)").unwrap();
        write(&writer, 60);
        checkpointer.after_commit(&writer);
        while !checkpointer.long.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        // What comes after the checkpoint keeps the log from starting again, unless the writer moves it.
        write(&writer, 10);
        checkpointer.after_commit(&writer);
        write(&writer, 1);
        let pages = pages_in_log(&path);
        assert!(pages < 10, "{pages}");
        checkpointer.finish(&writer);
    }
}
