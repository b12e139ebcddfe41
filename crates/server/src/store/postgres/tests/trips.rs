//! How often an operation waits for the database: what counts where the two are far apart.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{House, Limits, OnServer, Store, StoreUrl, limits};
use crate::domain::audit::Event;
use crate::domain::mail::Kind;
use crate::domain::password::PasswordHash;
use crate::domain::session::{EndReason, Session};
use crate::domain::user::User;
use crate::store::audit::{AppendLine, Audited};
use crate::store::conformance::audit::line;
use crate::store::conformance::fixture::{
    FORGET_AT, HASH, NOW, end, log_out, open, rotate, session, session_id, user, with_sessions,
};
use crate::store::conformance::mail::steps::{message, notice};
use crate::store::outbox::{RegisterUnproven, RegisterUser};
use crate::store::postgres::Postgres;
use crate::store::postgres::connection::{Ahead, Connector};
use crate::store::postgres::error::Fault;
use crate::store::revocations::{RevocationsAfter, RevokeToken};
use crate::store::sessions::{OpenSession, OpenSessionOutcome, Which};
use crate::store::tries::{ShareTries, TriesAfter, TriesChange};
use crate::store::users::{CreateUser, DisableUser, FindUserByEmail, UpgradePasswordHash};
use crate::store::{Engine, Op, StoreError};

/// A store over one connection. Other servers are told of nothing, which would be counted too.
async fn over_one(house: &OnServer) -> Store {
    let limits = Limits { max_connections: 1, ..limits() };
    let store = Store::open(&StoreUrl::Postgres(Box::new(house.address())), limits).await.unwrap();
    engine(&store).shared.crier.finish().await;
    store
}

fn engine(store: &Store) -> &Postgres {
    let Engine::Postgres(engine) = &store.engine else { panic!("{store:?}") };
    engine
}

async fn so_far(store: &Store) -> u32 {
    let mut lease = engine(store).shared.pool.get().await.unwrap();
    lease.get().unwrap().connection.round_trips.load(Ordering::Relaxed)
}

/// How often this waits when its statements are known.
async fn trips<T>(store: &Store, mut asks: impl AsyncFnMut(u128) -> Result<T, StoreError>) -> u32 {
    asks(1).await.unwrap();
    let before = so_far(store).await;
    asks(2).await.unwrap();
    so_far(store).await - before
}

/// An operation with the line that is written about it.
fn audited<O: Op>(op: O, number: u128) -> impl Op<Output = O::Output> {
    Audited::new(op, move |_: &O::Output| Some(line(0, u16::try_from(number).unwrap(), Event::Login)))
}

/// A log-in whose user would be told of a new device.
fn telling(number: u128, user: &User) -> OpenSession {
    OpenSession { new_device: Some(notice(number, Kind::NewDevice)), ..open(session(number, user)) }
}

/// A store with a user who has two sessions.
async fn with_ada(test: &str) -> Option<(OnServer, Store, User)> {
    let house = OnServer::build(test)?;
    let store = over_one(&house).await;
    let ada = with_sessions(&store, [1, 2]).await;
    Some((house, store, ada))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_in_waits_once() {
    let Some((_house, store, ada)) = with_ada("whoever_comes_in_waits_once").await else { return };
    let find = async |_| store.read(FindUserByEmail { email: ada.email.clone() }).await;
    let log_in = async |number| store.write(audited(open(session(10 + number, &ada)), 10 + number)).await;
    let tell = async |number| store.write(audited(telling(20 + number, &ada), 20 + number)).await;
    let refuse = async |number| {
        let line = line(0, u16::try_from(30 + number).unwrap(), Event::Login).refused("invalid_credentials");
        store.write(AppendLine { line }).await
    };
    let register = async |number| {
        let user = user(40 + number);
        let create = CreateUser { session: Some(session(40 + number, &user)), user };
        store.write(audited(create, 40 + number)).await
    };
    let mail = async |number| {
        let user = user(50 + number);
        let (session, message) = (session(50 + number, &user), message(50 + number, Kind::Verify, &user));
        store.write(audited(RegisterUser { user, session, message }, 50 + number)).await
    };
    let unproven = async |number| {
        let user = user(60 + number);
        let line = line(0, u16::try_from(60 + number).unwrap(), Event::Register).about(user.id).refused("email_taken");
        let message = message(60 + number, Kind::Registered, &user);
        store.write(RegisterUnproven { user, message, line }).await
    };
    let upgrade = async |_| {
        let (expected, new) = (PasswordHash::new(HASH), PasswordHash::new(HASH));
        store.write(UpgradePasswordHash { user: ada.id, expected, new, now: NOW }).await
    };
    let waits = [
        ("find the user", trips(&store, find).await),
        ("upgrade a hash", trips(&store, upgrade).await),
        ("log in", trips(&store, log_in).await),
        ("log in, telling of new devices", trips(&store, tell).await),
        ("a refusal", trips(&store, refuse).await),
        ("register", trips(&store, register).await),
        ("register, with a mail", trips(&store, mail).await),
        ("register, the address unproven", trips(&store, unproven).await),
        ("refresh", trips(&store, async |number| store.rotate(rotate(number, 0, NOW)).await).await),
    ];
    assert_eq!(waits, waits.map(|(name, _)| (name, 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_waits_seldom() {
    let Some((_house, store, ada)) = with_ada("what_ends_waits_seldom").await else { return };
    for number in 3..=6 {
        store.write(open(session(number, &ada))).await.unwrap();
    }
    let own = |number| Which::One(session_id(number));
    let log_out_now = async |number| store.write(audited(end(&ada, own(number)), number)).await;
    let by_refresh_token =
        async |number| store.write(audited(log_out(2 + number, own(2 + number), NOW), 2 + number)).await;
    let everywhere = async |number| store.write(audited(end(&ada, Which::All), 4 + number)).await;
    let revoke = async |number: u128| store.write(RevokeToken { jti: number.to_string(), forget_at: FORGET_AT }).await;
    let feed = async |_| store.read(RevocationsAfter { after: 0, limit: 10 }).await;
    let share = async |_| {
        let change =
            |name| TriesChange { name: [name; 16], failed: 1, cleared: false, since: NOW, last: NOW, longest: 60 };
        store.write(ShareTries { changes: (1..=100).map(change).collect() }).await
    };
    let waits = [
        ("log out", trips(&store, log_out_now).await),
        // Whose session it is the trail tells, and only the session's row knows.
        ("log out by refresh token", trips(&store, by_refresh_token).await),
        ("log out everywhere", trips(&store, everywhere).await),
        ("revoke a token", trips(&store, revoke).await),
        ("the feed", trips(&store, feed).await),
        // In the background: what is stored, and the sum of that and what was counted here.
        ("share failed tries", trips(&store, share).await),
        ("tries of others", trips(&store, async |_| store.read(TriesAfter { after: 0, limit: 10 }).await).await),
    ];
    let expected = [1, 2, 2, 1, 1, 2, 1];
    assert_eq!(waits.map(|(_, waits)| waits), expected, "{waits:?}");
}

/// What was taken for granted and is not so costs one way more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_in_that_is_not_plain_goes_the_general_way() {
    let Some(house) = OnServer::build("a_log_in_that_is_not_plain_goes_the_general_way") else { return };
    let store = over_one(&house).await;
    let ada = with_sessions(&store, [1, 2, 3]).await;
    let crowded = async |number| store.write(OpenSession { most: 3, ..open(session(10 + number, &ada)) }).await;
    assert_eq!(trips(&store, crowded).await, 3);
    let elsewhere = async |number| {
        let session = Session {
            user_agent: Some(["", "Lynx", "Safari"][number as usize].to_owned()),
            ..session(20 + number, &ada)
        };
        store.write(OpenSession { session, ..telling(20 + number, &ada) }).await
    };
    assert_eq!(trips(&store, elsewhere).await, 4);
    let unknown = async |number| store.write(OpenSession { known: None, ..open(session(30 + number, &ada)) }).await;
    assert_eq!(trips(&store, unknown).await, 2);
    let wrong = Some(PasswordHash::new("another"));
    let wrong =
        async |number| store.write(OpenSession { verified: wrong.clone(), ..open(session(40 + number, &ada)) }).await;
    assert_eq!(trips(&store, wrong).await, 1);
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
