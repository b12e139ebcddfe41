//! How often an operation waits for the database: what counts where the two are far apart.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{House, Limits, OnServer, Store, StoreUrl, limits};
use crate::domain::password::PasswordHash;
use crate::domain::session::EndReason;
use crate::store::conformance::fixture::{FORGET_AT, NOW, open, rotate, session, user, with_sessions};
use crate::store::postgres::connection::{Ahead, Connector};
use crate::store::postgres::error::Fault;
use crate::store::revocations::RevocationsAfter;
use crate::store::sessions::{OpenSession, OpenSessionOutcome, RotateOutcome};
use crate::store::users::{CreateUser, DisableUser};
use crate::store::{Engine, StoreError};

/// A store over one connection.
async fn over_one(house: &OnServer) -> Store {
    let limits = Limits { max_connections: 1, ..limits() };
    Store::open(&StoreUrl::Postgres(Box::new(house.address())), limits).await.unwrap()
}

async fn so_far(store: &Store) -> u32 {
    let Engine::Postgres(engine) = &store.engine else { panic!("{store:?}") };
    let mut lease = engine.shared.pool.get().await.unwrap();
    lease.get().unwrap().connection.round_trips.load(Ordering::Relaxed)
}

/// How often this waits when its statements are known.
async fn trips<T>(store: &Store, mut asks: impl AsyncFnMut(u128) -> Result<T, StoreError>) -> (T, u32) {
    asks(1).await.unwrap();
    let before = so_far(store).await;
    let told = asks(2).await.unwrap();
    (told, so_far(store).await - before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_operation_waits_seldom() {
    let Some(house) = OnServer::build("a_hot_operation_waits_seldom") else { return };
    let store = over_one(&house).await;
    let ada = with_sessions(&store, [1, 2]).await;

    let (rotated, waits) = trips(&store, async |number| store.rotate(rotate(number, 0, NOW)).await).await;
    assert!(matches!(rotated, RotateOutcome::Rotated { .. }) && waits == 1, "{waits}");

    let log_in = async |number| store.write(open(session(10 + number, &ada))).await;
    let (opened, waits) = trips(&store, log_in).await;
    assert!(matches!(opened, OpenSessionOutcome::Opened { .. }) && waits == 2, "{waits}");

    let register = async |number| {
        let user = user(10 + number);
        store.write(CreateUser { session: Some(session(20 + number, &user)), user }).await
    };
    let (_, waits) = trips(&store, register).await;
    assert_eq!(waits, 2);

    let (feed, waits) = trips(&store, async |_| store.read(RevocationsAfter { after: 0, limit: 10 }).await).await;
    // One for the timeline, by which a promoted standby is known.
    assert_eq!((feed.head, waits), (0, 2));
}

/// Of a log-in that is refused nothing stays, not even what went along with the question.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_log_in_ends_no_session() {
    let Some(house) = OnServer::build("a_refused_log_in_ends_no_session") else { return };
    let store = over_one(&house).await;
    let ada = with_sessions(&store, [1, 2]).await;
    let crowded = |number| OpenSession { most: 1, ..open(session(number, &ada)) };
    let wrong = OpenSession { verified: Some(PasswordHash::new("another")), ..crowded(3) };
    assert_eq!(store.write(wrong).await, Ok(OpenSessionOutcome::HashChanged));
    let live = async || house.database.run("SELECT count(*) FROM sessions WHERE ended_at IS NULL").unwrap();
    assert_eq!(live().await, [[Some("2".to_owned())]]);
    store.write(DisableUser { id: ada.id, now: NOW, forget_at: FORGET_AT }).await.unwrap();
    assert_eq!(store.write(crowded(4)).await, Ok(OpenSessionOutcome::AccountDisabled));
    let reason = format!("SELECT count(*) FROM sessions WHERE end_reason = '{}'", EndReason::TooManySessions.name());
    assert_eq!(house.database.run(&reason).unwrap(), [[Some("0".to_owned())]]);
}

/// What follows fails, too, and only says that something before it has (25P02): the cause decides whether to try again, and what is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_goes_along_the_first_failure_counts() {
    let Some(house) = OnServer::build("of_what_goes_along_the_first_failure_counts") else { return };
    let mut connection = Connector::new(&house.address(), limits()).unwrap().connect(Arc::default()).await.unwrap();
    connection.run("CREATE TABLE once (id INT PRIMARY KEY); INSERT INTO once VALUES (1)").await.unwrap();
    let (twice, question) = ("INSERT INTO once VALUES (1)", "SELECT id FROM once");
    let ahead = || [Ahead::Text("BEGIN"), Ahead::Change(twice, Vec::new())];
    let failed = connection.rows(&ahead(), question, &[]).await;
    assert!(matches!(failed, Err(Fault::Conflict(_))), "{failed:?}");
    connection.run("ROLLBACK").await.unwrap();
    let failed = connection.commit_with(&ahead(), "INSERT INTO once VALUES (2)", &[]).await;
    assert!(matches!(failed, Err(Fault::Conflict(_))), "{failed:?}");
    let rows = connection.rows(&[], question, &[]).await.unwrap();
    assert_eq!(rows.len(), 1, "nothing of it was committed");
}
