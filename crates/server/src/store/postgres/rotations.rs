//! Rotations, many in one statement.
//!
//! While no batch is under way a rotation is sent at once; those that come meanwhile wait together and are sent as the next.
//! The statement rotates a session only where the rule in [`crate::domain::refresh`] would without a doubt. For all others
//! it does nothing, and each of them goes the general way: the session held, the rule asked.
//!
//! One whose caller has gone before it was sent does not take place. Its client asks again with the same token, and may have
//! gone on with the successor by then: an old token that comes so late would look stolen.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Shared;
use super::connection::{Connection, Value};
use super::error::Fault;
use super::row::PgRow;
use crate::domain::session::SessionId;
use crate::store::error::StoreError;
use crate::store::sessions::rotate::{ROTATE_MANY, RotateAgain, SessionOfUser};
use crate::store::sessions::{RotateOutcome, RotateSession};
use crate::store::tx::FromRow;

/// The most rotations in one statement: a bound on how long the first of them waits.
const BATCH: usize = 256;
/// Statements under way at once: while the server works on one, this program takes the next apart.
const UNDER_WAY: usize = 2;

/// The way to the task that gathers rotations.
#[derive(Debug)]
pub(super) struct Rotations {
    queue: mpsc::UnboundedSender<Waiting>,
    task: JoinHandle<()>,
}

/// A rotation that waits. It holds one of the engine's permits, which bounds how many there are.
#[derive(Debug)]
struct Waiting {
    op: RotateSession,
    answer: oneshot::Sender<Result<RotateOutcome, StoreError>>,
    _permit: OwnedSemaphorePermit,
}

impl Waiting {
    /// Whether somebody still waits for the answer.
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }
}

impl Rotations {
    pub(super) fn start(shared: Arc<Shared>) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        Self { queue, task: tokio::spawn(gather(shared, waiting)) }
    }

    /// Queues a rotation and waits for its answer. Once it is sent it takes place even if nobody waits any more.
    pub(super) async fn rotate(
        &self,
        op: RotateSession,
        permit: OwnedSemaphorePermit,
    ) -> Result<RotateOutcome, StoreError> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { op, answer, _permit: permit };
        self.queue.send(waiting).map_err(|_| StoreError::Closed)?;
        answered.await.unwrap_or(Err(StoreError::Closed))
    }
}

impl Drop for Rotations {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends what waits, as long as somebody may queue more.
async fn gather(shared: Arc<Shared>, mut queue: mpsc::UnboundedReceiver<Waiting>) {
    let under_way = Arc::new(Semaphore::new(UNDER_WAY));
    let mut waiting = Vec::with_capacity(BATCH);
    loop {
        if waiting.is_empty() && queue.recv_many(&mut waiting, BATCH).await == 0 {
            return;
        }
        let Ok(turn) = Arc::clone(&under_way).acquire_owned().await else { return };
        while waiting.len() < BATCH
            && let Ok(another) = queue.try_recv()
        {
            waiting.push(another);
        }
        waiting.retain(Waiting::is_wanted);
        let batch = take_batch(&mut waiting);
        if batch.is_empty() {
            continue;
        }
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let general = run(&shared, batch).await;
            drop(turn);
            for (waiting, way) in general.into_iter().filter(|(waiting, _)| waiting.is_wanted()) {
                tokio::spawn(go(Arc::clone(&shared), waiting, way));
            }
        });
    }
}

/// Takes what goes into one statement, in the order of the sessions' ids, as everyone takes sessions. Of several rotations
/// of one session the first goes, and the others wait: a statement changes a row once.
fn take_batch(waiting: &mut Vec<Waiting>) -> Vec<Waiting> {
    let mut seen = HashSet::with_capacity(waiting.len());
    let (mut batch, rest): (Vec<_>, Vec<_>) =
        std::mem::take(waiting).into_iter().partition(|waiting| seen.insert(waiting.op.id));
    *waiting = rest;
    batch.sort_unstable_by_key(|waiting| waiting.op.id);
    batch
}

/// How a rotation goes on that the statement has not made.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// It has not taken place.
    General,
    /// It may have taken place: the answer was lost.
    Again,
}

/// Sends a batch and answers what it has rotated; gives the others, and how each goes on.
async fn run(shared: &Shared, batch: Vec<Waiting>) -> Vec<(Waiting, Way)> {
    let rotated = async {
        let mut lease = shared.pool.get().await.map_err(|fault| Fault::Final(fault.error().clone()))?;
        let connection = &mut lease.get()?.connection;
        rotate_many(connection, batch.iter().map(|waiting| &waiting.op)).await
    };
    match rotated.await {
        Ok(mut rotated) => {
            let mut others = Vec::new();
            for waiting in batch {
                match rotated.remove(&waiting.op.id) {
                    Some(found) => answer(waiting, found.map(SessionOfUser::into_rotated)),
                    None => others.push((waiting, Way::General)),
                }
            }
            others
        }
        Err(Fault::Lost(_)) => {
            shared.pool.distrust();
            batch.into_iter().map(|waiting| (waiting, Way::Again)).collect()
        }
        Err(Fault::Conflict(_) | Fault::Final(StoreError::Internal(_))) => {
            // One of them, or somebody else: the others are not to suffer for it.
            batch.into_iter().map(|waiting| (waiting, Way::General)).collect()
        }
        Err(Fault::Final(error)) => {
            for waiting in batch {
                answer(waiting, Err(error.clone()));
            }
            Vec::new()
        }
    }
}

async fn go(shared: Arc<Shared>, waiting: Waiting, way: Way) {
    let Waiting { op, answer, _permit } = waiting;
    let outcome = match way {
        Way::General => shared.change(&op).await,
        Way::Again => shared.change(&RotateAgain(op)).await,
    };
    // An error means that the caller did not wait.
    let _ = answer.send(outcome);
}

fn answer(waiting: Waiting, outcome: Result<RotateOutcome, StoreError>) {
    // An error means that the caller did not wait.
    let _ = waiting.answer.send(outcome);
}

/// Sessions as they are after their rotation; one that cannot be read has been rotated all the same.
type Rotated = HashMap<SessionId, Result<SessionOfUser, StoreError>>;

/// Runs the statement; gives the sessions that it has rotated.
pub(super) async fn rotate_many<'o>(
    connection: &mut Connection,
    ops: impl Iterator<Item = &'o RotateSession>,
) -> Result<Rotated, Fault> {
    let mut columns = Columns::default();
    ops.for_each(|op| columns.push(op));
    let rows = connection.rows(&[], ROTATE_MANY, &columns.values()).await?;
    let mut rotated = HashMap::with_capacity(rows.len());
    for row in &rows {
        let id = SessionId::from_row(&PgRow(row)).map_err(Fault::Final)?;
        rotated.insert(id, SessionOfUser::from_row(&PgRow(row)));
    }
    Ok(rotated)
}

/// The rotations of a batch, column by column.
#[derive(Default)]
struct Columns<'o> {
    ids: Vec<&'o [u8]>,
    presented: Vec<i64>,
    now: Vec<i64>,
    addresses: Vec<Option<&'o str>>,
    user_agents: Vec<Option<&'o str>>,
}

impl<'o> Columns<'o> {
    fn push(&mut self, op: &'o RotateSession) {
        self.ids.push(op.id.as_bytes());
        // A generation that cannot be stored is none that a session can have.
        self.presented.push(i64::try_from(op.presented).unwrap_or(-1));
        self.now.push(op.now.millis());
        self.addresses.push(op.address.as_deref());
        self.user_agents.push(op.user_agent.as_deref());
    }

    fn values(&self) -> [Value<'_>; 5] {
        [&self.ids, &self.presented, &self.now, &self.addresses, &self.user_agents]
    }
}
