//! A disk that is full, a file that cannot be written to, another process in the way, too much to do.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::OnDisk;
use crate::domain::email::Email;
use crate::domain::refresh::RefreshPolicies;
use crate::domain::user::{User, UserId, sample};
use crate::store::conformance::House;
use crate::store::conformance::fixture::{NOW, rotate, with_sessions};
use crate::store::keys::LoadKeys;
use crate::store::sessions::{RotateOutcome, RotateSession};
use crate::store::sql::{Sql, sql};
use crate::store::sqlite::Options;
use crate::store::tx::{FromRow, Row, Tx, params};
use crate::store::users::CreateUser;
use crate::store::{Op, Store, StoreError};

/// Runs a statement on the writer's connection.
pub(super) struct Run(pub(super) Sql);

impl Op for Run {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.first::<Nothing>(self.0, params![]).await.map(drop)
    }
}

struct Nothing;

impl FromRow for Nothing {
    fn from_row(_: &impl Row) -> Result<Self, StoreError> {
        Ok(Self)
    }
}

/// Holds the writer until it is let go, so that what is queued meanwhile becomes one batch.
struct Plug {
    reached: Mutex<Option<oneshot::Sender<()>>>,
    let_go: Mutex<Receiver<()>>,
}

impl Op for Plug {
    type Output = ();

    async fn run<T: Tx>(&self, _: &mut T) -> Result<(), StoreError> {
        if let Some(reached) = self.reached.lock().unwrap().take() {
            reached.send(()).unwrap();
        }
        let _ = self.let_go.lock().unwrap().recv();
        Ok(())
    }
}

fn plug() -> (Plug, oneshot::Receiver<()>, std::sync::mpsc::Sender<()>) {
    let (reached, at_it) = oneshot::channel();
    let (go, let_go) = channel();
    (Plug { reached: Mutex::new(Some(reached)), let_go: Mutex::new(let_go) }, at_it, go)
}

/// Opens an account of a name, which fills so many bytes.
fn account(name: &str, bytes: usize) -> CreateUser {
    let id = UserId::new(Uuid::from_slice(format!("{name:-<16}").as_bytes()).unwrap());
    let email = Email::parse(&format!("{name}@example.com")).unwrap();
    CreateUser { user: User { id, email, name: Some("x".repeat(bytes)), ..sample::user() }, session: None }
}

fn accounts(house: &OnDisk) -> Vec<String> {
    let connection = house.by_other_means();
    let mut statement = connection.prepare("SELECT email FROM users ORDER BY email").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_on_the_disk_fails_alone() {
    let house = OnDisk::new();
    let store = house.open();
    store.write(Run(sql!("PRAGMA max_page_count = 100"))).await.unwrap();
    let (plug, reached, go) = plug();
    let plugged = tokio::spawn({
        let store = store.clone();
        async move { store.write(plug).await }
    });
    reached.await.unwrap();
    let (before, giant, after, ()) = tokio::join!(
        biased;
        store.write(account("before", 10)),
        store.write(account("giant", 1 << 20)),
        store.write(account("after", 10)),
        async { go.send(()).unwrap() },
    );
    plugged.await.unwrap().unwrap();
    assert_eq!(giant, Err(StoreError::Full));
    assert!(before.is_ok() && after.is_ok(), "{before:?} {after:?}");
    assert_eq!(accounts(&house), ["after@example.com", "before@example.com"]);
    store.write(Run(sql!("PRAGMA max_page_count = 10000"))).await.unwrap();
    assert!(store.write(account("giant", 1 << 20)).await.is_ok(), "it recovers by itself");
}

#[tokio::test]
async fn a_database_that_cannot_be_written_to_says_so_and_is_still_read() {
    let house = OnDisk::new();
    let store = house.open();
    store.write(Run(sql!("PRAGMA query_only = ON"))).await.unwrap();
    assert_eq!(store.write(account("a", 1)).await, Err(StoreError::ReadOnly));
    assert_eq!(store.ping().await, Err(StoreError::ReadOnly));
    assert_eq!(store.read(LoadKeys).await.unwrap().keys, []);
}

#[tokio::test]
async fn another_process_is_waited_for_but_not_for_ever() {
    let house = OnDisk::new();
    let store = house.open_with(Options { busy_millis: 30, ..Options::default() });
    let other = house.by_other_means();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(store.write(account("a", 1)).await, Err(StoreError::Busy));
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(store.write(account("b", 1)).await.map(drop), Ok(()));
    assert_eq!(accounts(&house), ["b@example.com"], "what was answered with an error did not happen");
}

#[tokio::test]
async fn nobody_waits_for_ever_for_a_slow_disk() {
    let house = OnDisk::new();
    let store = house.open_with(Options { patience: Duration::from_millis(20), ..Options::default() });
    let (plug, reached, go) = plug();
    let (plugged, late, ()) = tokio::join!(store.write(plug), store.write(account("late", 1)), async {
        reached.await.unwrap();
    });
    assert_eq!((plugged, late.map(drop)), (Err(StoreError::Late), Err(StoreError::Late)));
    go.send(()).unwrap();
    store.close().await;
    assert_eq!(accounts(&house), ["late@example.com"], "late is not never, and the error says so");
}

#[tokio::test]
async fn the_retry_window_stands_still_while_a_slow_disk_answers_nobody() {
    let house = OnDisk::new();
    let store = house.open();
    with_sessions(&store, [1]).await;
    store.close().await;
    let policies = RefreshPolicies::default();
    let again = |second| RotateSession { policies: policies.clone(), ..rotate(1, 0, NOW.plus_seconds(second)) };
    let store = house.open_with(Options { patience: Duration::from_millis(20), ..Options::default() });
    let (plug, reached, go) = plug();
    let (_, late, ()) = tokio::join!(store.write(plug), store.rotate(again(0)), async {
        reached.await.unwrap();
    });
    assert_eq!(late, Err(StoreError::Late));
    go.send(()).unwrap();
    store.close().await;
    let store = house.open();
    for within in [600, 630] {
        let retried = store.rotate(again(within)).await;
        assert!(matches!(retried, Ok(RotateOutcome::Replayed { .. })), "{within} s later: {retried:?}");
    }
    assert!(matches!(store.rotate(again(631)).await, Ok(RotateOutcome::Reused { .. })));
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_that_was_moved_away_takes_nothing_until_it_is_back() {
    let house = OnDisk::new();
    let store = house.open();
    store.write(account("before", 1)).await.unwrap();
    for name in ["jotgate.db", "jotgate.db-wal"] {
        let (here, away) = (house.0.path().join(name), house.0.path().join("away"));
        std::fs::rename(&here, &away).unwrap();
        assert!(matches!(store.write(account("lost", 1)).await, Err(StoreError::Unavailable(_))), "{name}");
        std::fs::write(&here, "somebody else's").unwrap();
        assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))), "{name}");
        std::fs::rename(&away, &here).unwrap();
        assert_eq!(store.ping().await, Ok(()), "{name} is back");
    }
    assert_eq!(accounts(&house), ["before@example.com"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_queue_holds_is_refused_and_the_rest_is_done() {
    let house = OnDisk::new();
    let store = house.open_with(Options { queue: 4, ..Options::default() });
    let (plug, reached, go) = plug();
    let plugged = tokio::spawn({
        let store = store.clone();
        async move { store.write(plug).await }
    });
    reached.await.unwrap();
    let mut pings = JoinSet::new();
    for _ in 0..10 {
        let store = store.clone();
        pings.spawn(async move { store.ping().await });
    }
    for _ in 0..6 {
        assert_eq!(pings.join_next().await.unwrap().unwrap(), Err(StoreError::Overloaded));
    }
    go.send(()).unwrap();
    plugged.await.unwrap().unwrap();
    assert!(pings.join_all().await.into_iter().all(|answer| answer == Ok(())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_gets_its_turn_while_a_server_is_busy() {
    let house = OnDisk::new();
    let (server, command_line) = (house.open(), house.open());
    let load = async |store: Store| while store.ping().await.is_ok() {};
    let commands = async {
        for _ in 0..20 {
            assert_eq!(command_line.ping().await, Ok(()));
        }
        server.close().await;
    };
    tokio::join!(load(server.clone()), load(server.clone()), load(server.clone()), load(server.clone()), commands);
}

/// Waits for something that is not the store.
struct Waiting;

impl Op for Waiting {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.execute(sql!("UPDATE meta SET number = 99"), params![]).await?;
        tokio::task::yield_now().await;
        Ok(())
    }
}

#[tokio::test]
async fn an_operation_that_waits_is_a_mistake_and_is_undone() {
    let house = OnDisk::new();
    let store = house.open();
    assert!(matches!(store.write(Waiting).await, Err(StoreError::Internal(_))));
    let schema: i64 = house
        .by_other_means()
        .query_row("SELECT number FROM meta WHERE name = 'schema'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(schema, 1);
}
