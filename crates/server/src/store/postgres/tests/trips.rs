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
    FORGET_AT, NOW, end, log_out, open, rotate, session, session_id, user, with_sessions,
};
use crate::store::conformance::mail::steps::{message, notice};
use crate::store::outbox::{RegisterUnproven, RegisterUser};
use crate::store::postgres::Postgres;
use crate::store::postgres::connection::{Ahead, Connector};
use crate::store::postgres::error::Fault;
use crate::store::revocations::{RevocationsAfter, RevokeToken};
use crate::store::sessions::{OpenSession, OpenSessionOutcome, Which};
use crate::store::tries::{ShareTries, TriesAfter, TriesChange};
use crate::store::users::{CreateUser, DisableUser, FindUserByEmail};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hot_operation_waits_seldom() {
    let Some(house) = OnServer::build("a_hot_operation_waits_seldom") else { return };
    let store = over_one(&house).await;
    let ada = with_sessions(&store, [1, 2]).await;
    let write = async |op: OpenSession, number| store.write(audited(op, number)).await;
    let register = async |number| {
        let user = user(10 + number);
        let create = CreateUser { session: Some(session(20 + number, &user)), user };
        store.write(audited(create, 20 + number)).await
    };
    let mailing = async |number| {
        let user = user(60 + number);
        let (session, message) = (session(60 + number, &user), message(60 + number, Kind::Verify, &user));
        store.write(audited(RegisterUser { user, session, message }, 60 + number)).await
    };
    let unproven = async |number| {
        let user = user(70 + number);
        let line = line(0, u16::try_from(70 + number).unwrap(), Event::Register).about(user.id).refused("email_taken");
        let message = message(70 + number, Kind::Registered, &user);
        store.write(RegisterUnproven { user, message, line }).await
    };
    // Whose session it is, the session tells.
    let log_out_by_token = async |number| {
        let own = Which::One(session_id(40 + number));
        store.write(audited(log_out(40 + number, own, NOW), 90 + number)).await
    };
    let revoke = async |number: u128| store.write(RevokeToken { jti: number.to_string(), forget_at: FORGET_AT }).await;
    let share = async |_| {
        let change =
            |name| TriesChange { name: [name; 16], failed: 1, cleared: false, since: NOW, last: NOW, longest: 60 };
        store.write(ShareTries { changes: (1..=100).map(change).collect() }).await
    };
    let refuse = async |number| {
        let line = line(0, u16::try_from(50 + number).unwrap(), Event::Login).refused("invalid_credentials");
        store.write(AppendLine { line }).await
    };
    let waits = [
        ("refresh", trips(&store, async |number| store.rotate(rotate(number, 0, NOW)).await).await),
        (
            "find the user",
            trips(&store, async |_| store.read(FindUserByEmail { email: ada.email.clone() }).await).await,
        ),
        ("log in", trips(&store, async |number| write(open(session(30 + number, &ada)), 30 + number).await).await),
        ("log in, telling", trips(&store, async |number| write(telling(40 + number, &ada), 40 + number).await).await),
        ("a refusal", trips(&store, refuse).await),
        ("register", trips(&store, register).await),
        ("register, with a mail", trips(&store, mailing).await),
        ("register, unproven", trips(&store, unproven).await),
        (
            "log out",
            trips(&store, async |number| {
                store.write(audited(end(&ada, Which::One(session_id(30 + number))), 80 + number)).await
            })
            .await,
        ),
        ("log out by refresh token", trips(&store, log_out_by_token).await),
        ("revoke a token", trips(&store, revoke).await),
        // Of both servers: what is stored, and the sum. In the background, about once a second.
        ("share tries", trips(&store, share).await),
        ("tries of others", trips(&store, async |_| store.read(TriesAfter { after: 0, limit: 10 }).await).await),
        ("the feed", trips(&store, async |_| store.read(RevocationsAfter { after: 0, limit: 10 }).await).await),
    ];
    let expected = [
        ("refresh", 1),
        ("find the user", 1),
        ("log in", 1),
        ("log in, telling", 1),
        ("a refusal", 1),
        ("register", 1),
        ("register, with a mail", 1),
        ("register, unproven", 1),
        ("log out", 1),
        ("log out by refresh token", 2),
        ("revoke a token", 1),
        ("share tries", 2),
        ("tries of others", 1),
        ("the feed", 1),
    ];
    assert_eq!(waits, expected);
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
