//! Connections that are lost, at the worst of moments.

use std::sync::Arc;

use jotgate_testkit::postgres::{Cluster, Database, Durability};
use jotgate_testkit::skip;
use tokio::task::JoinSet;

use super::proxy::{Cut, Proxy};
use super::{House, OnServer, Store, StoreUrl, limits};
use crate::domain::user::User;
use crate::store::conformance::fixture::{NOW, end, feed, rotate, session_id, user, with_sessions};
use crate::store::sessions::{FindSession, RotateOutcome, Which};
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

/// A way of asking, told that nothing came of it.
async fn is_in_vain<T: std::fmt::Debug>(asked: impl Future<Output = Result<T, StoreError>>) {
    let started = tokio::time::Instant::now();
    let told = asked.await;
    assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    // One that keeps silent, and one that is not made; on a clock that only goes on when there is nothing else to do.
    let limits = limits();
    let twice_silent = 2 * limits.statement_timeout;
    assert!(limits.connect_timeout < limits.statement_timeout && started.elapsed() < twice_silent, "{told:?}");
}

#[tokio::test]
async fn silence_is_waited_for_once_however_many_connections_there_are() {
    let test = "silence_is_waited_for_once_however_many_connections_there_are";
    let Some(database) = Database::create(&format!("postgres {test}")) else { return };
    for way in 0..3 {
        let (url, proxy) = by_proxy(&database.url()).await;
        let store = Store::open(&url, limits()).await.unwrap();
        let Engine::Postgres(engine) = &store.engine else { panic!("{url}") };
        let leases = tokio::join!(engine.shared.pool.get(), engine.shared.pool.get(), engine.shared.pool.get());
        assert!(matches!(leases, (Ok(_), Ok(_), Ok(_))));
        drop(leases);
        proxy.fall_silent();
        tokio::time::pause();
        match way {
            0 => is_in_vain(store.write(CreateUser { user: user(1), session: None })).await,
            1 => is_in_vain(store.read(ListUsers { after: None, limit: 100 })).await,
            _ => is_in_vain(store.rotate(rotate(1, 0, NOW))).await,
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

/// Refreshes its session so often, and then ends it; gives how often it was told that nothing came of it.
async fn persist(store: Store, owner: User, number: u128, times: u64) -> u32 {
    let mut refused = 0;
    let mut presented = 0;
    while presented < times {
        match store.rotate(rotate(number, presented, NOW)).await {
            Ok(RotateOutcome::Rotated { session, .. } | RotateOutcome::Replayed { session, .. }) => {
                assert_eq!(session.generation, presented + 1);
                presented += 1;
            }
            Ok(other) => panic!("an honest client was told {other:?}"),
            Err(_) => refused += 1,
        }
        tokio::task::yield_now().await;
    }
    // Told of an end it is over; told of a failure it tries again, and then there may be nothing left to end.
    while store.write(end(&owner, Which::One(session_id(number)))).await.is_err() {
        refused += 1;
    }
    refused
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_loses_and_doubles_nothing() {
    const CLIENTS: u128 = 12;
    const TIMES: u64 = 150;
    let test = "a_database_that_crashes_loses_and_doubles_nothing";
    let cluster = match Cluster::start(Durability::Durable) {
        Ok(cluster) => Arc::new(cluster),
        Err(reason) => return skip::aloud(test, &reason),
    };
    let url: StoreUrl = cluster.url().parse().unwrap();
    let store = Store::open(&url, limits()).await.unwrap();
    let owner = with_sessions(&store, 1..=CLIENTS).await;
    let mut clients = JoinSet::new();
    for number in 1..=CLIENTS {
        clients.spawn(persist(store.clone(), owner.clone(), number, TIMES));
    }
    let restarts = tokio::task::spawn_blocking({
        let cluster = Arc::clone(&cluster);
        move || {
            for way in [Cluster::crash, Cluster::stop, Cluster::crash] {
                way(&cluster);
                cluster.start_again();
            }
        }
    });
    let refused: u32 = clients.join_all().await.into_iter().sum();
    restarts.await.unwrap();
    assert!(refused > 0, "the restarts were noticed");
    for number in 1..=CLIENTS {
        let found = store.read(FindSession { id: session_id(number) }).await.unwrap().unwrap();
        assert_eq!((found.generation, found.ended.is_some()), (TIMES, true));
    }
    let feed = feed(&store).await;
    assert_eq!((u128::from(feed.head), feed.entries.len() as u128), (CLIENTS, CLIENTS));
}
