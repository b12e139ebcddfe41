//! More to do than the engine takes on: what is too much is refused at once, and what was taken on is done.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use super::{House, Limits, OnServer, Store, StoreUrl, limits};
use crate::store::StoreError;
use crate::store::conformance::fixture::{NOW, rotate, session_id, user, with_sessions};
use crate::store::sessions::{FindSession, RotateOutcome};
use crate::store::users::{CreateUser, CreateUserOutcome, ListUsers};

const QUEUE: u32 = 4;
/// More than the queue holds, and one who comes when it is full.
const CALLERS: u128 = 10;
const LATE: u128 = 11;

/// The ways to ask a store. Each takes its permit by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Write,
    Read,
    Rotate,
}

impl Way {
    const ALL: [Self; 3] = [Self::Write, Self::Read, Self::Rotate];

    /// Asks what waits while the users are locked.
    async fn ask(self, store: &Store, number: u128) -> Result<(), StoreError> {
        match self {
            Self::Write => {
                let made = store.write(CreateUser { user: user(100 + number), session: None }).await?;
                assert_eq!(made, CreateUserOutcome::Created);
            }
            Self::Read => drop(store.read(ListUsers { after: None, limit: 100 }).await?),
            Self::Rotate => {
                let rotated = store.rotate(rotate(number, 0, NOW)).await?;
                assert!(matches!(rotated, RotateOutcome::Rotated { .. }), "{rotated:?}");
            }
        }
        Ok(())
    }
}

/// The callers that a change was made for.
async fn changes(store: &Store) -> Vec<u128> {
    let users = store.read(ListUsers { after: None, limit: 100 }).await.unwrap();
    let mut changed = Vec::new();
    for number in 1..=LATE {
        let session = store.read(FindSession { id: session_id(number) }).await.unwrap().unwrap();
        if session.generation > 0 || users.contains(&user(100 + number)) {
            changed.push(number);
        }
    }
    changed
}

/// Holds the users for itself until it is told to commit.
async fn plug(house: &OnServer) -> Client {
    let (other, connection) = tokio_postgres::connect(&house.database.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    other.batch_execute("BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await.unwrap();
    other
}

/// There are connections for all that the queue holds, and nobody waits for one too long: the pool refuses with the same error.
fn small() -> Limits {
    let long = Duration::from_mins(2);
    let limits = Limits { queue: QUEUE, connect_timeout: long, statement_timeout: long, ..limits() };
    assert!(limits.max_connections > QUEUE as usize);
    limits
}

/// Fills the queue with what is asked in one way, while everything that is asked must wait.
async fn more_than_the_queue_holds(test: &str, way: Way) {
    let Some(house) = OnServer::build(test) else { return };
    let store = Store::open(&StoreUrl::Postgres(Box::new(house.address())), small()).await.unwrap();
    with_sessions(&store, 1..=LATE).await;
    let plug = plug(&house).await;
    let mut callers = JoinSet::new();
    for number in 1..=CALLERS {
        let store = store.clone();
        callers.spawn(async move { (number, way.ask(&store, number).await) });
    }
    for _ in u128::from(QUEUE)..CALLERS {
        let (_, refused) = callers.join_next().await.unwrap().unwrap();
        assert_eq!(refused, Err(StoreError::Overloaded));
    }
    for other in Way::ALL {
        assert_eq!(other.ask(&store, LATE).await, Err(StoreError::Overloaded), "{other:?}");
    }
    plug.batch_execute("COMMIT").await.unwrap();
    let mut admitted = Vec::new();
    for (number, answer) in callers.join_all().await {
        assert_eq!(answer, Ok(()));
        admitted.push(number);
    }
    admitted.sort_unstable();
    let expected = if way == Way::Read { Vec::new() } else { admitted };
    assert_eq!(changes(&store).await, expected, "what was refused did not happen");
    // It takes as many permits as there are.
    tokio::time::timeout(Duration::from_mins(1), store.close()).await.unwrap();
    assert_eq!(way.ask(&store, LATE).await, Err(StoreError::Closed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_writes_than_the_queue_holds_are_refused_and_the_rest_is_done() {
    let test = "more_writes_than_the_queue_holds_are_refused_and_the_rest_is_done";
    more_than_the_queue_holds(test, Way::Write).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_reads_than_the_queue_holds_are_refused_and_the_rest_is_done() {
    let test = "more_reads_than_the_queue_holds_are_refused_and_the_rest_is_done";
    more_than_the_queue_holds(test, Way::Read).await;
}

/// Two statements with rotations are under way at most, so that some of these are not even sent while they wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_rotations_than_the_queue_holds_are_refused_and_the_rest_is_done() {
    let test = "more_rotations_than_the_queue_holds_are_refused_and_the_rest_is_done";
    more_than_the_queue_holds(test, Way::Rotate).await;
}
