use std::time::Duration;

use super::House;
use super::fixture::{
    FORGET_AT, HASH, NOW, at_once, end, feed, log_out, open, rotate, rotate_at_once, session, session_id,
    sessions_told, user, with_sessions, with_user,
};
use crate::clock::Waiting;
use crate::domain::email::Email;
use crate::domain::metadata::Metadata;
use crate::domain::password::PasswordHash;
use crate::domain::refresh::Refused;
use crate::domain::revocation::{Revocation, Subject};
use crate::domain::session::{EndReason, Session};
use crate::domain::user::User;
use crate::store::Store;
use crate::store::sessions::{
    DeleteDeadSessions, EndSessions, FindSession, ListSessions, LogOutByToken, LogOutOutcome, OpenSession,
    OpenSessionOutcome, RotateOutcome, RotateSession, SeenFrom, Swept, Which,
};
use crate::store::users::{CreateUser, UpgradePasswordHash};

async fn find(store: &Store, number: u128) -> Option<Session> {
    store.read(FindSession { id: session_id(number) }).await.unwrap()
}

async fn end_reason(store: &Store, number: u128) -> Option<EndReason> {
    find(store, number).await.unwrap().ended.map(|ended| ended.reason)
}

pub(in crate::store) async fn a_session_is_found_as_opened(house: &impl House) {
    let store = house.open();
    let user = with_user(&store).await;
    let full = Session { user_agent: Some("Lynx/2".to_owned()), generation: 3, ..session(1, &user) };
    let bare = Session { device: None, address: None, scope: String::new(), ..session(2, &user) };
    for opened in [full, bare] {
        store.write(open(opened.clone())).await.unwrap();
        assert_eq!(store.read(FindSession { id: opened.id }).await, Ok(Some(opened)));
    }
    assert_eq!(find(&store, 3).await, None);
}

pub(in crate::store) async fn a_session_needs_an_open_account_and_the_verified_password(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    let (expected, new) = (PasswordHash::new(HASH), PasswordHash::new("changed meanwhile"));
    store.write(UpgradePasswordHash { user: ada.id, expected, new, now: NOW }).await.unwrap();
    assert_eq!(store.write(open(session(1, &ada))).await, Ok(OpenSessionOutcome::HashChanged));
    let by_other_means = OpenSession { verified: None, ..open(session(1, &ada)) };
    assert!(matches!(store.write(by_other_means).await, Ok(OpenSessionOutcome::Opened { .. })));
    let closed = User { disabled_at: Some(NOW), ..user(2) };
    store.write(CreateUser { user: closed.clone(), session: None }).await.unwrap();
    assert_eq!(store.write(open(session(2, &closed))).await, Ok(OpenSessionOutcome::AccountDisabled));
    assert_eq!(find(&store, 2).await, None);
}

/// Whatever of the account has changed since the password was verified: tokens say what is stored.
pub(in crate::store) async fn a_log_in_gives_the_user_as_stored_whatever_was_known(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    let later = NOW.plus_seconds(1);
    let metadata = || Metadata::from_stored(Some("{\"plan\":\"gold\"}"));
    let known = [
        ada.clone(),
        User { email: Email::parse("ada@example.com").unwrap(), ..ada.clone() },
        User { email: Email::parse("USER1@example.com").unwrap(), ..ada.clone() },
        User { email_verified_at: Some(NOW), ..ada.clone() },
        User { name: None, ..ada.clone() },
        User { roles: Vec::new(), ..ada.clone() },
        User { password_hash: None, ..ada.clone() },
        User { disabled_at: Some(NOW), ..ada.clone() },
        User { created_at: later, ..ada.clone() },
        User { updated_at: later, ..ada.clone() },
        User { app_metadata: metadata(), ..ada.clone() },
        User { user_metadata: metadata(), ..ada.clone() },
        user(2),
    ];
    for (number, known) in (1..).zip(known) {
        let log_in = OpenSession { known: Some(Box::new(known.clone())), ..open(session(number, &ada)) };
        let opened = OpenSessionOutcome::Opened { user: Box::new(ada.clone()), ended: Vec::new(), told: false };
        assert_eq!(store.write(log_in).await, Ok(opened), "{known:?}");
        assert_eq!(find(&store, number).await, Some(session(number, &ada)));
    }
}

pub(in crate::store) async fn of_too_many_sessions_the_least_recently_used_end(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1, 2, 3, 4]).await;
    store.rotate(rotate(1, 0, NOW.plus_seconds(60))).await.unwrap();
    store.write(end(&user, Which::One(session_id(2)))).await.unwrap();
    let open_fifth = |most| {
        let session = Session { created_at: NOW.plus_seconds(90), ..session(5, &user) };
        OpenSession { most, ..open(session) }
    };
    let ended =
        Ok(OpenSessionOutcome::Opened { user: Box::new(user.clone()), ended: vec![session_id(3)], told: false });
    assert_eq!(store.write(open_fifth(3)).await, ended, "1 was used since, 2 has ended already, 4 is younger");
    let found = find(&store, 3).await.unwrap().ended.map(|ended| (ended.at, ended.reason));
    assert_eq!(found, Some((NOW.plus_seconds(90), EndReason::TooManySessions)));
    let told: Vec<_> = feed(&store).await.entries.into_iter().map(|entry| entry.revocation.subject).collect();
    assert_eq!(told, [2, 3].map(|number| Subject::Session(session_id(number))));
    let listed = store.read(ListSessions { user: user.id, now: NOW.plus_seconds(90) }).await.unwrap();
    assert_eq!(listed.into_iter().map(|session| session.id).collect::<Vec<_>>(), [1, 4, 5].map(session_id));
}

pub(in crate::store) async fn of_many_log_ins_at_once_no_more_than_allowed_live(house: &impl House) {
    let store = house.open();
    let user = with_user(&store).await;
    let log_ins = (1..=30).map(|number| OpenSession { most: 7, ..open(session(number, &user)) });
    assert!(at_once(&store, log_ins).await.iter().all(Result::is_ok));
    let live = store.read(ListSessions { user: user.id, now: NOW }).await.unwrap();
    assert_eq!((live.len(), feed(&store).await.entries.len()), (7, 23));
}

pub(in crate::store) async fn the_current_token_rotates(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1]).await;
    for generation in 0..5 {
        let now = NOW.plus_seconds(600 * (generation + 1));
        let outcome = store.rotate(rotate(1, generation.unsigned_abs(), now)).await.unwrap();
        let expected = Session {
            generation: generation.unsigned_abs() + 1,
            rotated_at: now,
            last_used_at: now,
            address: Some("198.51.100.1".to_owned()),
            user_agent: Some("Lynx".to_owned()),
            ..session(1, &user)
        };
        assert_eq!(outcome, RotateOutcome::Rotated { session: expected.clone(), user: user.clone() });
        assert_eq!(find(&store, 1).await, Some(expected));
    }
}

pub(in crate::store) async fn a_retry_replays_without_a_change(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1]).await;
    store.rotate(rotate(1, 0, NOW)).await.unwrap();
    let session = find(&store, 1).await.unwrap();
    for seconds in [0, 10, 30] {
        let outcome = store.rotate(rotate(1, 0, NOW.plus_seconds(seconds))).await;
        assert_eq!(outcome, Ok(RotateOutcome::Replayed { session: session.clone(), user: user.clone() }));
    }
    assert_eq!(find(&store, 1).await, Some(session));
}

pub(in crate::store) async fn fifty_refreshes_with_one_token_give_one_generation(house: &impl House) {
    let stores = [house.open(), house.open()];
    with_sessions(&stores[0], [1]).await;
    let (a, b) = tokio::join!(
        at_once(&stores[0], (0..25).map(|_| rotate(1, 0, NOW))),
        rotate_at_once(&stores[1], (0..25).map(|_| rotate(1, 0, NOW))),
    );
    let (mut rotated, mut replayed) = (0, 0);
    for answer in a.into_iter().chain(b) {
        match answer.unwrap() {
            RotateOutcome::Rotated { session, .. } if session.generation == 1 => rotated += 1,
            RotateOutcome::Replayed { session, .. } if session.generation == 1 => replayed += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((rotated, replayed), (1, 49));
}

pub(in crate::store) async fn an_old_token_ends_the_session_once(house: &impl House) {
    let store = house.open();
    with_sessions(&store, [1]).await;
    store.rotate(rotate(1, 0, NOW)).await.unwrap();
    let late = NOW.plus_seconds(31);
    let outcome = store.rotate(rotate(1, 0, late)).await.unwrap();
    let RotateOutcome::Reused { session } = outcome else { panic!("{outcome:?}") };
    assert_eq!(Some(&session), find(&store, 1).await.as_ref());
    assert_eq!(session.ended.map(|ended| (ended.at, ended.reason)), Some((late, EndReason::Reuse)));
    for presented in [0, 1, 2] {
        let outcome = store.rotate(rotate(1, presented, late)).await;
        assert_eq!(outcome, Ok(RotateOutcome::Refused(Refused::SessionEnded)));
    }
    let entries = feed(&store).await.entries;
    let expected = Revocation { subject: Subject::Session(session_id(1)), forget_at: FORGET_AT };
    assert_eq!(entries.into_iter().map(|entry| entry.revocation).collect::<Vec<_>>(), [expected]);
}

pub(in crate::store) async fn a_rotation_that_was_overtaken_ends_nothing(house: &impl House) {
    let store = house.open();
    with_sessions(&store, [1]).await;
    assert!(matches!(store.rotate(rotate(1, 0, NOW).again()).await, Ok(RotateOutcome::Rotated { .. })));
    assert!(matches!(store.rotate(rotate(1, 0, NOW).again()).await, Ok(RotateOutcome::Replayed { .. })));
    // Somebody has gone on with the successor.
    store.rotate(rotate(1, 1, NOW)).await.unwrap();
    assert_eq!(store.rotate(rotate(1, 0, NOW).again()).await, Ok(RotateOutcome::Overtaken));
    assert!(matches!(store.rotate(rotate(1, 2, NOW)).await, Ok(RotateOutcome::Rotated { .. })));
    // Who has not waited is a thief.
    assert!(matches!(store.rotate(rotate(1, 0, NOW)).await, Ok(RotateOutcome::Reused { .. })));
}

pub(in crate::store) async fn the_retry_window_begins_with_the_rotation_however_long_that_was_waited_for(
    house: &impl House,
) {
    let store = house.open();
    with_sessions(&store, [1]).await;
    let waited = |seconds| RotateSession { waiting: Waiting::For(Duration::from_secs(seconds)), ..rotate(1, 0, NOW) };
    assert!(matches!(store.rotate(waited(40)).await, Ok(RotateOutcome::Rotated { .. })));
    assert_eq!(find(&store, 1).await.unwrap().rotated_at, NOW.plus_seconds(40));
    // Its client has given up meanwhile, and asks again with what it has.
    for seconds in [35, 41, 70] {
        let retried = store.rotate(rotate(1, 0, NOW.plus_seconds(seconds))).await;
        assert!(matches!(retried, Ok(RotateOutcome::Replayed { .. })), "after {seconds} s: {retried:?}");
    }
    assert!(matches!(store.rotate(rotate(1, 0, NOW.plus_seconds(71))).await, Ok(RotateOutcome::Reused { .. })));
}

pub(in crate::store) async fn a_log_out_everywhere_that_was_overtaken_ends_nothing(house: &impl House) {
    let store = house.open();
    with_sessions(&store, [1, 2]).await;
    for presented in [0, 1] {
        store.rotate(rotate(1, presented, NOW)).await.unwrap();
    }
    let waiting = Waiting::For(Duration::from_secs(1));
    for which in [Which::All, Which::Others(session_id(1))] {
        let late = LogOutByToken { waiting, ..log_out(1, which, NOW) };
        assert_eq!(store.write(late).await, Ok(LogOutOutcome::Overtaken));
    }
    assert_eq!([end_reason(&store, 1).await, end_reason(&store, 2).await], [None, None]);
    // Who has not waited is a thief.
    let reused = store.write(log_out(1, Which::All, NOW)).await;
    assert!(matches!(reused, Ok(LogOutOutcome::Reused { ended: 1, .. })), "{reused:?}");
    // Its own session a token ends however long that has waited.
    store.rotate(rotate(2, 0, NOW)).await.unwrap();
    let own = LogOutByToken { waiting, ..log_out(2, Which::One(session_id(2)), NOW) };
    assert!(matches!(store.write(own).await, Ok(LogOutOutcome::Done { ended: 1, .. })));
}

pub(in crate::store) async fn a_session_that_is_over_refuses(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1, 2]).await;
    let idle = store.rotate(rotate(1, 0, NOW.plus_seconds(7200))).await;
    assert_eq!(idle, Ok(RotateOutcome::Refused(Refused::Expired)));
    store.write(end(&user, Which::One(session_id(2)))).await.unwrap();
    assert_eq!(store.rotate(rotate(2, 0, NOW)).await, Ok(RotateOutcome::Refused(Refused::SessionEnded)));
    assert_eq!(store.rotate(rotate(3, 0, NOW)).await, Ok(RotateOutcome::Unknown));
    assert_eq!(find(&store, 1).await, Some(session(1, &user)), "a refusal changes nothing");
}

pub(in crate::store) async fn a_token_from_the_future_is_refused_and_harmless(house: &impl House) {
    let store = house.open();
    with_sessions(&store, [1]).await;
    for presented in [1, u64::MAX] {
        let outcome = store.rotate(rotate(1, presented, NOW)).await;
        assert_eq!(outcome, Ok(RotateOutcome::Refused(Refused::Invalid)));
    }
    assert!(matches!(store.rotate(rotate(1, 0, NOW)).await, Ok(RotateOutcome::Rotated { .. })));
}

pub(in crate::store) async fn one_session_ends(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1, 2]).await;
    assert_eq!(store.write(end(&user, Which::One(session_id(1)))).await, Ok(vec![session_id(1)]));
    assert_eq!(store.write(end(&user, Which::One(session_id(1)))).await, Ok(Vec::new()));
    assert_eq!(end_reason(&store, 1).await, Some(EndReason::Logout));
    assert_eq!(end_reason(&store, 2).await, None);
    assert_eq!(feed(&store).await.head, 1, "an end is told once");
}

pub(in crate::store) async fn the_others_end(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1, 2, 3]).await;
    let mut ended = store.write(end(&user, Which::Others(session_id(2)))).await.unwrap();
    ended.sort();
    assert_eq!(ended, [session_id(1), session_id(3)]);
    assert_eq!(end_reason(&store, 2).await, None);
}

pub(in crate::store) async fn all_sessions_end(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, 1..=40).await;
    store.write(end(&user, Which::One(session_id(7)))).await.unwrap();
    let answers = at_once(&store, (0..4).map(|_| end(&user, Which::All))).await;
    let ended: usize = answers.into_iter().map(|answer| answer.unwrap().len()).sum();
    assert_eq!(ended, 39, "each of the others once");
    assert_eq!(sessions_told(&store).await.len(), 40);
}

pub(in crate::store) async fn nobody_ends_the_session_of_another(house: &impl House) {
    let store = house.open();
    with_sessions(&store, [1]).await;
    store.write(CreateUser { user: user(2), session: None }).await.unwrap();
    for which in [Which::One(session_id(1)), Which::Others(session_id(9)), Which::Each, Which::All] {
        assert_eq!(store.write(end(&user(2), which)).await, Ok(Vec::new()));
    }
    assert_eq!(end_reason(&store, 1).await, None);
}

pub(in crate::store) async fn live_sessions_are_listed_last_used_first(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1, 2, 3, 4]).await;
    store.rotate(rotate(2, 0, NOW.plus_seconds(60))).await.unwrap();
    store.rotate(rotate(4, 0, NOW.plus_seconds(90))).await.unwrap();
    store.write(end(&user, Which::One(session_id(3)))).await.unwrap();
    let listed = async |seconds| {
        let sessions = store.read(ListSessions { user: user.id, now: NOW.plus_seconds(seconds) }).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(100).await, [4, 2, 1].map(session_id));
    assert_eq!(listed(7200).await, [4, 2].map(session_id), "the idle one is not live");
    assert_eq!(listed(100_000).await, []);
}

pub(in crate::store) async fn dead_sessions_are_cleared_away_in_steps(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, 1..=7).await;
    store.rotate(rotate(2, 0, NOW.plus_seconds(7000))).await.unwrap();
    store.write(end(&user, Which::One(session_id(5)))).await.unwrap();
    let sweep = |seconds, after| DeleteDeadSessions { dead_before: NOW.plus_seconds(seconds), after, scan: 3 };
    let step = |deleted, next: Option<u128>| Ok(Swept { deleted, next: next.map(session_id) });
    assert_eq!(store.write(sweep(0, None)).await, step(0, Some(3)), "nothing was over before now");
    assert_eq!(store.write(sweep(1, Some(session_id(3)))).await, step(1, Some(6)), "the ended one");
    assert_eq!(store.write(sweep(7201, None)).await, step(2, Some(3)), "the idle ones");
    assert_eq!(store.write(sweep(7201, Some(session_id(3)))).await, step(3, Some(7)));
    assert_eq!(store.write(sweep(7201, Some(session_id(7)))).await, step(0, None));
    let left = store.read(ListSessions { user: user.id, now: NOW }).await.unwrap();
    assert_eq!(left.into_iter().map(|session| session.id).collect::<Vec<_>>(), [2].map(session_id));
}

pub(in crate::store) async fn sessions_tell_where_somebody_was(house: &impl House) {
    let store = house.open();
    let user = with_user(&store).await;
    let from = |number: u128, address: Option<&str>, seconds| Session {
        address: address.map(str::to_owned),
        last_used_at: NOW.plus_seconds(seconds),
        ..session(number, &user)
    };
    for (number, address, seconds) in
        [(1, Some("192.0.2.1"), 3), (2, None, 4), (3, Some("2001:db8::1"), 5), (4, Some("192.0.2.4"), 6)]
    {
        store.write(open(from(number, address, seconds))).await.unwrap();
    }
    let seen = async |email: &str| store.read(SeenFrom { email: Email::parse(email).unwrap() }).await.unwrap();
    assert_eq!(seen("user1@example.com").await, ["192.0.2.4", "2001:db8::1", "192.0.2.1"]);
    // Whoever has logged out is still known, and a thief is not.
    store.write(end(&user, Which::One(session_id(3)))).await.unwrap();
    let stolen = EndSessions { reason: EndReason::Reuse, ..end(&user, Which::One(session_id(4))) };
    store.write(stolen).await.unwrap();
    assert_eq!(seen("USER1@example.com").await, ["2001:db8::1", "192.0.2.1"]);
    assert_eq!(seen("user2@example.com").await, [""; 0]);
}
