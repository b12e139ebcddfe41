//! The writer thread: takes all waiting operations into one transaction, and answers after its commit.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::Options;
use super::batch::{self, BatchSize};
use super::checkpoint::Checkpointer;
use super::presence::Presence;
use super::transaction::{SqliteTx, complete, run};
use crate::clock;
use crate::store::error::StoreError;
use crate::store::tx::Op;

/// The way to the writer thread.
pub(super) struct Writer {
    queue: mpsc::Sender<Message>,
    patience: Duration,
    /// Changes, or is gone, when the thread has ended.
    finished: watch::Receiver<()>,
}

enum Message {
    Job(Box<dyn Job>),
    Close,
}

impl Writer {
    /// Starts the thread with its connection, and the checkpoint thread with another.
    pub(super) fn start(
        (connection, second): (Connection, Connection),
        presence: Presence,
        options: Options,
    ) -> Result<Self, StoreError> {
        let (queue, waiting) = mpsc::channel(options.queue);
        let (alive, finished) = watch::channel(());
        let checkpointer = Checkpointer::start(second, options.long_log)?;
        let work = Work { connection, presence, waiting, size: BatchSize::default(), checkpointer };
        let thread = thread::Builder::new().name("jotgate-store".to_owned());
        thread
            .spawn(move || {
                work.go_on_until_closed();
                drop(alive);
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { queue, patience: options.patience, finished })
    }

    /// Queues an operation and waits for its answer, as long as patience lasts. It may happen later all the same.
    pub(super) async fn write<O: Op>(&self, op: O) -> Result<O::Output, StoreError> {
        let (sender, answer) = oneshot::channel();
        let job = Box::new(Pending { op, result: None, answer: sender, caller: busy_runtime() });
        self.queue.try_send(Message::Job(job)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        let answer = timeout(self.patience, answer).await.map_err(|_| StoreError::Late)?;
        answer.unwrap_or(Err(StoreError::Closed))
    }

    /// Lets the thread finish what is queued; returns when it has ended.
    pub(super) async fn close(&self) {
        // An error means that it has ended already.
        let _ = self.queue.send(Message::Close).await;
        let mut finished = self.finished.clone();
        while finished.changed().await.is_ok() {}
    }
}

/// The runtime of the caller, if it has threads of its own: one without runs only while somebody blocks on it.
fn busy_runtime() -> Option<Handle> {
    Handle::try_current().ok().filter(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("free", &self.queue.capacity()).finish_non_exhaustive()
    }
}

/// An operation in the queue, whatever its type.
trait Job: Send {
    /// Runs the operation in the current transaction. An error means that the whole transaction is lost.
    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError>;

    /// The runtime that the caller waits in, if it runs whether or not somebody waits for it.
    fn caller(&self) -> Option<&Handle>;

    /// Answers the caller: with the operation's own result if the transaction was committed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Pending<O: Op> {
    op: O,
    result: Option<Result<O::Output, StoreError>>,
    answer: oneshot::Sender<Result<O::Output, StoreError>>,
    caller: Option<Handle>,
}

impl<O: Op> Job for Pending<O> {
    fn run(&mut self, connection: &mut Connection) -> Result<(), StoreError> {
        let mut tx = SqliteTx::new(connection);
        let result = catch_unwind(AssertUnwindSafe(|| complete(self.op.run(&mut tx))))
            .unwrap_or_else(|_| Err(StoreError::Internal("an operation panicked".to_owned())));
        let settled = tx.settle(&result);
        self.result = Some(result);
        settled
    }

    fn caller(&self) -> Option<&Handle> {
        self.caller.as_ref()
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let answer = match (self.result, committed) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(output)), Ok(())) => Ok(output),
            (None, Ok(())) => Err(StoreError::Internal("an operation was not run".to_owned())),
        };
        // An error means that the caller did not wait.
        let _ = self.answer.send(answer);
    }
}

/// What the thread works with.
struct Work {
    connection: Connection,
    presence: Presence,
    waiting: mpsc::Receiver<Message>,
    size: BatchSize,
    checkpointer: Checkpointer,
}

impl Work {
    /// Ends when the store was closed or nobody has it any more, and the queue is empty.
    fn go_on_until_closed(mut self) {
        let mut messages = Vec::with_capacity(batch::MOST);
        let mut batch = Vec::with_capacity(batch::MOST);
        while self.waiting.blocking_recv_many(&mut messages, self.size.next(self.waiting.len())) > 0 {
            for message in messages.drain(..) {
                match message {
                    Message::Job(job) => batch.push(job),
                    Message::Close => self.waiting.close(),
                }
            }
            self.process(&mut batch);
            self.checkpointer.after_commit(&self.connection);
        }
        self.checkpointer.finish(&self.connection);
    }

    /// Runs a batch. When one operation has cost the others their transaction, each of them gets its own.
    fn process(&mut self, batch: &mut Vec<Box<dyn Job>>) {
        match self.transact(batch) {
            Err(Lost::ByOperation(_)) if batch.len() > 1 => {
                for mut job in batch.drain(..) {
                    let outcome = self.transact(std::slice::from_mut(&mut job));
                    job.answer(outcome.map_err(Lost::into_error));
                }
            }
            outcome => {
                let committed = outcome.map_err(Lost::into_error);
                Answers { batch: std::mem::take(batch), committed }.give();
            }
        }
    }

    /// Runs these operations in one transaction and commits it, or rolls all of it back.
    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Lost> {
        if jobs.is_empty() {
            return Ok(());
        }
        let outcome = self.attempt(jobs);
        if outcome.is_err()
            && !self.connection.is_autocommit()
            && let Err(error) = run(&self.connection, "ROLLBACK")
        {
            tracing::error!(%error, "a transaction of the store could not be rolled back");
        }
        outcome
    }

    fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Lost> {
        self.presence.check().map_err(Lost::ByEngine)?;
        run(&self.connection, "BEGIN IMMEDIATE").map_err(Lost::ByEngine)?;
        let begun = clock::monotonic();
        let operations = jobs.len();
        for job in jobs {
            job.run(&mut self.connection).map_err(Lost::ByOperation)?;
        }
        let ran = begun.elapsed();
        run(&self.connection, "COMMIT").map_err(Lost::ByEngine)?;
        self.size.learn(operations, ran, begun.elapsed().saturating_sub(ran));
        // What was committed to a file that is gone is gone with it.
        self.presence.check().map_err(Lost::ByEngine)
    }
}

/// The answers to a batch.
struct Answers {
    batch: Vec<Box<dyn Job>>,
    committed: Result<(), StoreError>,
}

impl Answers {
    /// Gives them from a thread of the callers' runtime: that costs one wake-up from here, instead of one for each.
    fn give(self) {
        let runtime = self.batch.iter().find_map(|job| job.caller().cloned());
        match runtime {
            Some(runtime) if self.batch.len() > 1 => drop(runtime.spawn(async move { drop(self) })),
            _ => drop(self),
        }
    }
}

/// However this ends, and if that runtime is no more: nobody is left without an answer.
impl Drop for Answers {
    fn drop(&mut self) {
        let committed = &self.committed;
        self.batch.drain(..).for_each(|job| job.answer(committed.clone()));
    }
}

/// Why a transaction did not come to be.
enum Lost {
    /// One of its operations failed in a way that took the others with it.
    ByOperation(StoreError),
    /// It could not begin or not be committed.
    ByEngine(StoreError),
}

impl Lost {
    fn into_error(self) -> StoreError {
        match self {
            Self::ByOperation(error) | Self::ByEngine(error) => error,
        }
    }
}
