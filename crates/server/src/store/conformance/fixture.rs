//! People, sessions and times for the cases.

use std::time::Duration;

use tokio::task::JoinSet;
use uuid::Uuid;

use crate::clock::Waiting;
use crate::domain::email::Email;
use crate::domain::metadata::Metadata;
use crate::domain::password::PasswordHash;
use crate::domain::refresh::RefreshPolicies;
use crate::domain::revocation::Subject;
use crate::domain::session::{EndReason, Session, SessionId, sample};
use crate::domain::time::Timestamp;
use crate::domain::user::{User, UserId};
use crate::store::revocations::{Feed, RevocationsAfter};
use crate::store::sessions::{
    EndSessions, LogOutByToken, OpenSession, OpenSessionOutcome, RotateOutcome, RotateSession, Which,
};
use crate::store::users::{CreateUser, CreateUserOutcome};
use crate::store::{Op, Store, StoreError};

pub(in crate::store) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
pub(in crate::store) const FORGET_AT: Timestamp = Timestamp::from_seconds(1_800_000_600);
pub(in crate::store) const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA";

/// A user with this number in the id and the address.
pub(in crate::store) fn user(number: u128) -> User {
    User {
        id: UserId::new(Uuid::from_u128(number)),
        email: Email::parse(&format!("User{number}@Example.com")).unwrap(),
        email_verified_at: None,
        name: Some(format!("User {number}")),
        roles: vec!["admin".to_owned(), "a \"quoted\" role".to_owned()],
        password_hash: Some(PasswordHash::new(HASH)),
        app_metadata: Metadata::default(),
        user_metadata: Metadata::default(),
        disabled_at: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(in crate::store) fn session_id(number: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(number))
}

/// A session of a user, with this number in the id.
pub(in crate::store) fn session(number: u128, user: &User) -> Session {
    sample::session(session_id(number), user.id, NOW)
}

/// Creates user 1.
pub(in crate::store) async fn with_user(store: &Store) -> User {
    with_user_number(store, 1).await
}

pub(in crate::store) async fn with_user_number(store: &Store, number: u128) -> User {
    let user = user(number);
    assert_eq!(store.write(CreateUser { user: user.clone(), session: None }).await, Ok(CreateUserOutcome::Created));
    user
}

/// Creates user 1 with sessions of these numbers.
pub(in crate::store) async fn with_sessions(store: &Store, numbers: impl IntoIterator<Item = u128>) -> User {
    let user = with_user(store).await;
    for number in numbers {
        let opened = store.write(open(session(number, &user))).await;
        assert_eq!(
            opened,
            Ok(OpenSessionOutcome::Opened { user: Box::new(user.clone()), ended: Vec::new(), told: false })
        );
    }
    user
}

/// A log-in of a user who is known as it was created.
pub(in crate::store) fn open(session: Session) -> OpenSession {
    let known = user(session.user_id.uuid().as_u128());
    OpenSession {
        session,
        verified: Some(PasswordHash::new(HASH)),
        known: Some(Box::new(known)),
        most: 1000,
        proven_only: false,
        new_device: None,
        forget_at: FORGET_AT,
    }
}

pub(in crate::store) fn rotate(number: u128, presented: u64, now: Timestamp) -> RotateSession {
    RotateSession {
        id: session_id(number),
        presented,
        now,
        waiting: Waiting::For(Duration::ZERO),
        again: false,
        policies: RefreshPolicies::default(),
        address: Some("198.51.100.1".to_owned()),
        user_agent: Some("Lynx".to_owned()),
        request: None,
        forget_at: FORGET_AT,
        notify: false,
    }
}

/// A log-out with the first token of a session.
pub(in crate::store) fn log_out(number: u128, which: Which, now: Timestamp) -> LogOutByToken {
    LogOutByToken {
        id: session_id(number),
        presented: 0,
        which,
        reason: EndReason::LogoutGlobal,
        now,
        waiting: Waiting::For(Duration::ZERO),
        policies: RefreshPolicies::default(),
        forget_at: FORGET_AT,
        notify: true,
    }
}

pub(in crate::store) fn end(user: &User, which: Which) -> EndSessions {
    EndSessions { user: user.id, which, reason: EndReason::Logout, now: NOW, forget_at: FORGET_AT }
}

/// The whole feed.
pub(in crate::store) async fn feed(store: &Store) -> Feed {
    store.read(RevocationsAfter { after: 0, limit: 1000 }).await.unwrap()
}

/// The sessions that the feed names, in its order.
pub(in crate::store) async fn sessions_told(store: &Store) -> Vec<SessionId> {
    let subjects = feed(store).await.entries.into_iter().map(|entry| entry.revocation.subject);
    subjects.filter_map(|subject| if let Subject::Session(id) = subject { Some(id) } else { None }).collect()
}

/// Runs operations at once and gives their answers, in no order.
pub(in crate::store) async fn at_once<O: Op>(
    store: &Store,
    operations: impl IntoIterator<Item = O>,
) -> Vec<Result<O::Output, StoreError>> {
    let mut tasks = JoinSet::new();
    for operation in operations {
        let store = store.clone();
        tasks.spawn(async move { store.write(operation).await });
    }
    tasks.join_all().await
}

/// The same with rotations, which may be made in one statement.
pub(in crate::store) async fn rotate_at_once(
    store: &Store,
    rotations: impl IntoIterator<Item = RotateSession>,
) -> Vec<Result<RotateOutcome, StoreError>> {
    let mut tasks = JoinSet::new();
    for rotation in rotations {
        let store = store.clone();
        tasks.spawn(async move { store.rotate(rotation).await });
    }
    tasks.join_all().await
}
