//! Connections that are lost, at the worst of moments.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jotgate_testkit::postgres::{Cluster, Database, Durability};
use jotgate_testkit::skip;

use super::proxy::{Cut, Proxy};
use super::{House, OnServer, Store, StoreUrl, limits};
use crate::domain::user::User;
use crate::store::conformance::fixture::{NOW, end, feed, open, rotate, session, session_id, user, with_sessions};
use crate::store::postgres::connection::Ahead;
use crate::store::postgres::outcome::{self, Commit};
use crate::store::postgres::pool::Pooled;
use crate::store::postgres::transaction::{self, Attempt};
use crate::store::sessions::{FindSession, ListSessions, OpenSessionOutcome, RotateOutcome, Which};
use crate::store::users::{CreateUser, CreateUserOutcome, ListUsers};
use crate::store::{Engine, StoreError};

/// The same database by way of a proxy.
async fn by_proxy(url: &str) -> (StoreUrl, Proxy) {
    let (before, after) = url.split_once("127.0.0.1:").expect("a server on this machine");
    let (port, rest) = after.split_once('/').unwrap();
    let proxy = Proxy::start(port.parse().unwrap()).await;
    (format!("{before}127.0.0.1:{}/{rest}", proxy.port).parse().unwrap(), proxy)
}

/// The same over one connection at a time.
async fn through_proxy(house: &OnServer) -> (Store, Proxy) {
    let (url, proxy) = by_proxy(&house.database.url()).await;
    let limits = super::Limits { max_connections: 1, ..limits() };
    (Store::open(&url, limits).await.unwrap(), proxy)
}

/// A user that is made while connections are cut is made once, and said to be.
async fn check_cut(test: &str, cut: Cut, times: u32) {
    let Some(house) = OnServer::build(test) else { return };
    let (store, proxy) = through_proxy(&house).await;
    for number in 1..=4 {
        proxy.cut(cut, times);
        let made = store.write(CreateUser { user: user(number), session: None }).await;
        assert_eq!(made, Ok(CreateUserOutcome::Created), "{cut:?}");
    }
    assert_eq!(proxy.done(), 4 * times);
    proxy.cut(Cut::Nowhere, 0);
    let found: Vec<User> = store.read(ListUsers { after: None, limit: 100 }).await.unwrap();
    assert_eq!(found, (1..=4).map(user).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_did_not_arrive_is_made_again() {
    check_cut("a_commit_that_did_not_arrive_is_made_again", Cut::BeforeCommit, 2).await;
}

/// Made again it would answer that the address is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_is_not_made_again() {
    check_cut("a_commit_whose_answer_is_lost_is_not_made_again", Cut::AfterCommit, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finding_out_may_itself_be_cut_off() {
    check_cut("finding_out_may_itself_be_cut_off", Cut::AfterCommit, 3).await;
}

/// A log-in is all in one message, with which its commit may be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_that_is_cut_off_takes_place_once() {
    let Some(house) = OnServer::build("a_log_in_that_is_cut_off_takes_place_once") else { return };
    let (store, proxy) = through_proxy(&house).await;
    let ada = with_sessions(&store, [1]).await;
    for (number, cut, times) in [(2, Cut::BeforeCommit, 2), (3, Cut::AfterCommit, 1), (4, Cut::AfterCommit, 3)] {
        let before = proxy.done();
        proxy.cut(cut, times);
        let opened = store.write(open(session(number, &ada))).await;
        let expected = OpenSessionOutcome::Opened { user: Box::new(ada.clone()), ended: Vec::new(), told: false };
        assert_eq!((opened, proxy.done() - before), (Ok(expected), times), "{cut:?}");
        proxy.cut(Cut::Nowhere, 0);
        let live = store.read(ListSessions { user: ada.id, now: NOW }).await.unwrap();
        assert_eq!(live.len() as u128, number);
    }
}

/// What is handed over when its caller has long been told that it failed is refused, and the account can be made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_comes_too_late_does_not_take_place() {
    let Some(house) = OnServer::build("a_commit_that_comes_too_late_does_not_take_place") else { return };
    let (store, _proxy) = through_proxy(&house).await;
    let make = async |number| store.write(CreateUser { user: user(number), session: None }).await;
    assert_eq!(make(1).await, Ok(CreateUserOutcome::Created));
    let wait = limits().statement_timeout.as_millis() * 2;
    for (number, late, fenced) in [(2, 0, "0"), (3, wait, "1")] {
        house.database.run(&format!("UPDATE connections SET heard_at = heard_at - {late}")).unwrap();
        assert_eq!(make(number).await, Ok(CreateUserOutcome::Created));
        let refused = house.database.run("SELECT count(*) FROM connections WHERE commits < 0").unwrap();
        assert_eq!(refused, [[Some(fenced.to_owned())]], "{late}");
    }
    let found: Vec<User> = store.read(ListUsers { after: None, limit: 100 }).await.unwrap();
    assert_eq!(found, (1..=3).map(user).collect::<Vec<_>>());
}

/// Its count tells what became of the commit that was lost, so nobody counts on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_lost_a_commit_is_not_used_again() {
    let Some(house) = OnServer::build("a_connection_that_lost_a_commit_is_not_used_again") else { return };
    let store = house.open();
    let Engine::Postgres(engine) = &store.engine else { panic!("{store:?}") };
    let mut lease = engine.shared.pool.get().await.unwrap();
    let make = |number| CreateUser { user: user(number), session: None };
    assert!(matches!(transaction::write(lease.get().unwrap(), &make(1), true).await, Attempt::Done(..)));
    assert!(!lease.get().unwrap().connection.in_transaction);
    house.database.run("UPDATE connections SET heard_at = 0").unwrap();
    assert!(matches!(transaction::write(lease.get().unwrap(), &make(2), true).await, Attempt::Unknown(..)));
    assert!(lease.get().unwrap().connection.in_transaction);
}

/// Where only the beginning failed, what follows it is counted though it has failed: the next change is not to be taken for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_counted_what_failed_is_not_used_again() {
    let Some(house) = OnServer::build("a_connection_that_counted_what_failed_is_not_used_again") else { return };
    let store = house.open();
    let Engine::Postgres(engine) = &store.engine else { panic!("{store:?}") };
    let mut lease = engine.shared.pool.get().await.unwrap();
    let Pooled { connection, witness } = lease.get().unwrap();
    let committed = outcome::commit(connection, witness, &[Ahead::Text("BEGIN NONSENSE")]).await;
    assert!(matches!(committed, Commit::Failed(_)), "{committed:?}");
    assert!(connection.in_transaction);
    assert!(connection.run("ROLLBACK").await.is_err(), "it is closed");
}

/// A way of asking, told that nothing came of it, or for one that was sent with its commit that this is not known.
async fn is_in_vain<T: std::fmt::Debug>(asked: impl Future<Output = Result<T, StoreError>>, is_known: bool) {
    let started = tokio::time::Instant::now();
    let told = asked.await;
    let is_so = match told {
        Err(StoreError::Unavailable(_)) => is_known,
        Err(StoreError::Unresolved) => !is_known,
        _ => false,
    };
    assert!(is_so, "{told:?}");
    // One that keeps silent, and one that is not made; on a clock that only goes on when there is nothing else to do.
    let limits = limits();
    let twice_silent = 2 * limits.statement_timeout;
    assert!(limits.connect_timeout < limits.statement_timeout && started.elapsed() < twice_silent, "{told:?}");
}

#[tokio::test]
async fn silence_is_waited_for_once_however_many_connections_there_are() {
    let test = "silence_is_waited_for_once_however_many_connections_there_are";
    let Some(database) = Database::create(&format!("postgres {test}")) else { return };
    for way in 0..4 {
        let (url, proxy) = by_proxy(&database.url()).await;
        let store = Store::open(&url, limits()).await.unwrap();
        let Engine::Postgres(engine) = &store.engine else { panic!("{url}") };
        let leases = tokio::join!(engine.shared.pool.get(), engine.shared.pool.get(), engine.shared.pool.get());
        assert!(matches!(leases, (Ok(_), Ok(_), Ok(_))));
        drop(leases);
        proxy.fall_silent();
        tokio::time::pause();
        match way {
            0 => is_in_vain(store.write(CreateUser { user: user(1), session: None }), false).await,
            1 => is_in_vain(store.read(ListUsers { after: None, limit: 100 }), true).await,
            2 => is_in_vain(store.write(end(&user(1), Which::All)), true).await,
            _ => is_in_vain(store.rotate(rotate(1, 0, NOW)), true).await,
        }
        tokio::time::resume();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_whose_answer_is_lost_gives_the_same_successor() {
    let Some(house) = OnServer::build("a_rotation_whose_answer_is_lost_gives_the_same_successor") else { return };
    let (store, proxy) = through_proxy(&house).await;
    with_sessions(&store, [1]).await;
    // The first one prepares the statement, so that the next is the first thing asked.
    store.rotate(rotate(1, 0, NOW)).await.unwrap();
    proxy.cut(Cut::AfterStatement, 1);
    let outcome = store.rotate(rotate(1, 1, NOW)).await.unwrap();
    let RotateOutcome::Replayed { session, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((session.generation, proxy.done()), (2, 1));
    assert!(matches!(store.rotate(rotate(1, 2, NOW)).await, Ok(RotateOutcome::Rotated { .. })));
}

/// What the clients of a database that is restarted have seen so far.
#[derive(Default)]
struct Seen {
    answered: AtomicU64,
    refused: AtomicU64,
    /// Set when it is enough.
    over: AtomicBool,
}

/// However the test ends, nobody goes on.
struct Over(Arc<Seen>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

/// Refreshes its session until it is over, and then ends it; gives how often it was refreshed.
async fn persist(store: Store, owner: User, number: u128, seen: Arc<Seen>) -> u64 {
    let mut presented = 0;
    while !seen.over.load(Ordering::Relaxed) {
        match store.rotate(rotate(number, presented, NOW)).await {
            Ok(RotateOutcome::Rotated { session, .. } | RotateOutcome::Replayed { session, .. }) => {
                assert_eq!(session.generation, presented + 1);
                presented += 1;
                seen.answered.fetch_add(1, Ordering::Relaxed);
            }
            Ok(other) => panic!("an honest client was told {other:?}"),
            Err(_) => drop(seen.refused.fetch_add(1, Ordering::Relaxed)),
        }
        tokio::task::yield_now().await;
    }
    // Told of an end it is over; told of a failure it tries again, and then there may be nothing left to end.
    while store.write(end(&owner, Which::One(session_id(number)))).await.is_err() {}
    presented
}

/// Restarts a database three times while it is busy, and ends a client's work after that.
fn restart(cluster: &Cluster, seen: &Seen) {
    let until_busy = || {
        let enough = seen.answered.load(Ordering::Relaxed) + 60;
        while seen.answered.load(Ordering::Relaxed) < enough && !seen.over.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
    };
    for way in [Cluster::crash, Cluster::stop, Cluster::crash] {
        until_busy();
        way(cluster);
        cluster.start_again();
    }
    until_busy();
    seen.over.store(true, Ordering::Relaxed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_loses_and_doubles_nothing() {
    const CLIENTS: u128 = 12;
    let test = "a_database_that_crashes_loses_and_doubles_nothing";
    let cluster = match Cluster::start(Durability::Durable) {
        Ok(cluster) => cluster,
        Err(reason) => return skip::aloud(test, &reason),
    };
    let url: StoreUrl = cluster.url().parse().unwrap();
    let store = Store::open(&url, limits()).await.unwrap();
    let owner = with_sessions(&store, 1..=CLIENTS).await;
    let seen = Arc::new(Seen::default());
    let _over = Over(Arc::clone(&seen));
    let clients: Vec<_> = (1..=CLIENTS)
        .map(|number| tokio::spawn(persist(store.clone(), owner.clone(), number, Arc::clone(&seen))))
        .collect();
    let restarts = tokio::task::spawn_blocking({
        let seen = Arc::clone(&seen);
        move || {
            restart(&cluster, &seen);
            cluster
        }
    });
    let mut refreshed = Vec::new();
    for client in clients {
        refreshed.push(client.await.unwrap());
    }
    let _cluster = restarts.await.unwrap();
    assert!(seen.refused.load(Ordering::Relaxed) > 0, "the restarts were noticed");
    for (number, times) in (1..).zip(refreshed) {
        let found = store.read(FindSession { id: session_id(number) }).await.unwrap().unwrap();
        assert_eq!((found.generation, found.ended.is_some()), (times, true));
    }
    let feed = feed(&store).await;
    assert_eq!((u128::from(feed.head), feed.entries.len() as u128), (CLIENTS, CLIENTS));
}
