//! Rotations, many in one statement.
//!
//! While no batch is under way a rotation is sent at once; those that come meanwhile wait together and are sent as the next.
//! The statement rotates a session only where the rule in [`crate::domain::refresh`] would without a doubt. For all others
//! it does nothing, and each of them goes the general way: the session held, the rule asked.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Shared;
use super::connection::{Connection, Value};
use super::error::Fault;
use super::row::PgRow;
use crate::clock;
use crate::domain::session::SessionId;
use crate::store::error::StoreError;
use crate::store::sessions::rotate::{ROTATE_MANY, SessionOfUser};
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

/// What its caller learns.
type Answer = Result<RotateOutcome, StoreError>;

/// A rotation that waits. It holds one of the engine's permits, which bounds how many there are.
#[derive(Debug)]
struct Waiting {
    op: RotateSession,
    /// Since it was queued.
    queued: clock::Waiting,
    answer: oneshot::Sender<Answer>,
    _permit: OwnedSemaphorePermit,
}

impl Rotations {
    pub(super) fn start(shared: Arc<Shared>) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        Self { queue, task: tokio::spawn(gather(shared, waiting)) }
    }

    /// Queues a rotation and waits for its answer. One that is under way takes place even if nobody waits any more.
    pub(super) async fn rotate(
        &self,
        op: RotateSession,
        permit: OwnedSemaphorePermit,
    ) -> Result<RotateOutcome, StoreError> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { op, queued: clock::Waiting::from_now(), answer, _permit: permit };
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
        refuse_late(&mut waiting, shared.connector.longest_statement());
        let batch = take_batch(&mut waiting);
        if batch.is_empty() {
            continue;
        }
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let general = run(&shared, batch).await;
            drop(turn);
            for waiting in general {
                tokio::spawn(go(Arc::clone(&shared), waiting));
            }
        });
    }
}

/// Refuses those who have waited for their turn as long as a statement may take: the database does not answer those before them, and
/// with many before them they would wait for one time-out after the other.
fn refuse_late(waiting: &mut Vec<Waiting>, longest: Duration) {
    for late in waiting.extract_if(.., |waiting| waiting.queued.so_far() >= longest) {
        answer(late, Err(StoreError::Overloaded));
    }
}

/// Takes what goes into one statement, in the order of the sessions' ids, as everyone takes sessions. Of several rotations
/// of one session the first goes, and the others wait: a statement changes a row once. Who has left is forgotten: a client
/// that has given up is asking elsewhere.
fn take_batch(waiting: &mut Vec<Waiting>) -> Vec<Waiting> {
    waiting.retain(|waiting| !waiting.answer.is_closed());
    let mut seen = HashSet::with_capacity(waiting.len());
    let (mut batch, rest): (Vec<_>, Vec<_>) =
        std::mem::take(waiting).into_iter().partition(|waiting| seen.insert(waiting.op.id));
    *waiting = rest;
    batch.sort_unstable_by_key(|waiting| waiting.op.id);
    batch
}

/// Sends a batch and answers what it has rotated; gives the others, which go the general way.
async fn run(shared: &Shared, batch: Vec<Waiting>) -> Vec<Waiting> {
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
                    None => others.push(waiting),
                }
            }
            others
        }
        Err(Fault::Lost(_)) => {
            shared.pool.distrust();
            // Each may have taken place: the answer was lost.
            batch.into_iter().map(|waiting| Waiting { op: waiting.op.again(), ..waiting }).collect()
        }
        Err(Fault::Conflict(_) | Fault::Presumed(_) | Fault::Final(StoreError::Internal(_))) => {
            // One of them, or somebody else: the others are not to suffer for it.
            batch
        }
        Err(Fault::Final(error)) => {
            for waiting in batch {
                answer(waiting, Err(error.clone()));
            }
            Vec::new()
        }
    }
}

async fn go(shared: Arc<Shared>, waiting: Waiting) {
    let outcome = shared.change(&waiting.op).await;
    answer(waiting, outcome);
}

fn answer(waiting: Waiting, outcome: Answer) {
    let op = &waiting.op;
    op.policies.note(op.now, op.waiting.so_far(), outcome.is_ok());
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
    rotated_at: Vec<i64>,
    addresses: Vec<Option<&'o str>>,
    user_agents: Vec<Option<&'o str>>,
}

impl<'o> Columns<'o> {
    fn push(&mut self, op: &'o RotateSession) {
        self.ids.push(op.id.as_bytes());
        // A generation that cannot be stored is none that a session can have.
        self.presented.push(i64::try_from(op.presented).unwrap_or(-1));
        self.rotated_at.push(op.rotated_at().millis());
        self.addresses.push(op.address.as_deref());
        self.user_agents.push(op.user_agent.as_deref());
    }

    fn values(&self) -> [Value<'_>; 5] {
        [&self.ids, &self.presented, &self.rotated_at, &self.addresses, &self.user_agents]
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::sync::{Semaphore, oneshot};

    use super::{Waiting, refuse_late, take_batch};
    use crate::clock;
    use crate::store::StoreError;
    use crate::store::conformance::fixture::{NOW, rotate, session_id};

    fn waiting(numbers: &[u128]) -> (Vec<Waiting>, Vec<oneshot::Receiver<super::Answer>>) {
        let permits = Arc::new(Semaphore::new(numbers.len()));
        let queued = |number: &u128| {
            let (answer, answered) = oneshot::channel();
            let permit = Arc::clone(&permits).try_acquire_owned().unwrap();
            let queued = clock::Waiting::For(Duration::ZERO);
            (Waiting { op: rotate(*number, 0, NOW), queued, answer, _permit: permit }, answered)
        };
        numbers.iter().map(queued).unzip()
    }

    #[test]
    fn a_batch_has_each_session_once_in_order_and_the_rest_waits() {
        let (mut queue, _callers) = waiting(&[3, 1, 3, 2, 1]);
        let ids = |batch: &[Waiting]| batch.iter().map(|waiting| waiting.op.id).collect::<Vec<_>>();
        assert_eq!(ids(&take_batch(&mut queue)), [1, 2, 3].map(session_id));
        assert_eq!(ids(&take_batch(&mut queue)), [1, 3].map(session_id));
        assert!(queue.is_empty());
    }

    #[test]
    fn who_has_waited_as_long_as_a_statement_may_take_is_refused() {
        let (mut queue, mut callers) = waiting(&[1, 2, 3]);
        for (waiting, seconds) in queue.iter_mut().zip([11, 12, 40]) {
            waiting.queued = clock::Waiting::For(Duration::from_secs(seconds));
        }
        refuse_late(&mut queue, Duration::from_secs(12));
        assert_eq!(queue.iter().map(|waiting| waiting.op.id).collect::<Vec<_>>(), [session_id(1)]);
        assert!(callers[0].try_recv().is_err(), "it waits");
        assert_eq!([1, 2].map(|at| callers[at].try_recv().unwrap()), [(); 2].map(|()| Err(StoreError::Overloaded)));
    }

    #[test]
    fn who_has_left_is_not_sent() {
        let (mut queue, mut callers) = waiting(&[1, 1, 2]);
        callers.remove(0);
        let batch = take_batch(&mut queue);
        assert_eq!((batch.len(), queue.len()), (2, 0));
        callers.clear();
        queue.extend(batch);
        assert_eq!((take_batch(&mut queue).len(), queue.len()), (0, 0));
    }
}
