//! Operations that decide by what they have read, and what may change it meanwhile. Each case fails on an engine that lets
//! others write between the reading and the commit.

use tokio::task::JoinSet;

use super::House;
use super::fixture::{
    FORGET_AT, HASH, NOW, at_once, end, feed, log_out, open, rotate, session, session_id, sessions_told, with_user,
    with_user_number,
};
use crate::domain::password::PasswordHash;
use crate::domain::session::Session;
use crate::domain::user::User;
use crate::store::sessions::{FindSession, ListSessions, OpenSession, OpenSessionOutcome, RotateOutcome, Which};
use crate::store::users::{ChangePassword, DeleteUser, DisableUser, FindUser, UpgradePasswordHash};
use crate::store::{Op, Store};

/// How often the moment is tried to be met.
const ROUNDS: u128 = 12;
/// Log-ins that run into the change.
const LOG_INS: u128 = 6;

async fn live(store: &Store, user: &User) -> usize {
    store.read(ListSessions { user: user.id, now: NOW }).await.unwrap().len()
}

/// In each round, has someone log in several times while something happens to the account; gives the users.
async fn log_ins_against<O: Op>(store: &Store, happens: impl Fn(&User) -> O) -> Vec<User> {
    let mut users = Vec::new();
    for round in 1..=ROUNDS {
        let user = with_user_number(store, round).await;
        let log_ins = (0..LOG_INS).map(|number| open(session(100 * round + number, &user)));
        let (_, happened) = tokio::join!(at_once(store, log_ins), store.write(happens(&user)));
        assert!(happened.is_ok());
        users.push(user);
    }
    users
}

pub(in crate::store) async fn nobody_logs_in_while_the_account_is_closed(house: &impl House) {
    let store = house.open();
    let users = log_ins_against(&store, |user| DisableUser { id: user.id, now: NOW, forget_at: FORGET_AT }).await;
    for user in users {
        assert_eq!(live(&store, &user).await, 0, "a closed account has no session");
    }
}

pub(in crate::store) async fn nobody_logs_in_with_a_password_that_is_being_changed(house: &impl House) {
    let store = house.open();
    let (expected, new) = (Some(PasswordHash::new(HASH)), PasswordHash::new("another"));
    let change = |user: &User| ChangePassword {
        user: user.id,
        expected: expected.clone(),
        new: new.clone(),
        keep: None,
        now: NOW,
        forget_at: FORGET_AT,
        notice: None,
    };
    for user in log_ins_against(&store, change).await {
        assert_eq!(live(&store, &user).await, 0, "whoever knew the old password is logged out");
    }
}

pub(in crate::store) async fn nobody_logs_in_while_the_account_is_deleted(house: &impl House) {
    let store = house.open();
    let users = log_ins_against(&store, |user| DeleteUser { id: user.id, now: NOW, forget_at: FORGET_AT }).await;
    for (round, user) in (1..).zip(users) {
        assert_eq!(store.read(FindUser { id: user.id }).await, Ok(None));
        for number in 0..LOG_INS {
            assert_eq!(store.read(FindSession { id: session_id(100 * round + number) }).await, Ok(None));
        }
    }
}

pub(in crate::store) async fn log_ins_at_once_count_each_other(house: &impl House) {
    let store = house.open();
    for round in 1..=ROUNDS {
        let user = with_user_number(&store, round).await;
        let log_ins = (0..12).map(|number| OpenSession { most: 2, ..open(session(100 * round + number, &user)) });
        let answers = at_once(&store, log_ins).await;
        assert!(answers.iter().all(|answer| matches!(answer, Ok(OpenSessionOutcome::Opened { .. }))), "{answers:?}");
        assert_eq!(live(&store, &user).await, 2);
    }
}

pub(in crate::store) async fn a_refresh_and_a_log_out_at_once_leave_nothing_alive(house: &impl House) {
    let store = house.open();
    let user = with_user(&store).await;
    for number in 1..=40 {
        store.write(open(session(number, &user))).await.unwrap();
        let by_token = log_out(number, Which::One(session_id(number)), NOW);
        let (refreshed, ended) = tokio::join!(store.rotate(rotate(number, 0, NOW)), store.write(by_token));
        assert!(matches!(refreshed, Ok(RotateOutcome::Rotated { .. } | RotateOutcome::Refused(_))), "{refreshed:?}");
        assert!(ended.is_ok());
        let found = store.read(FindSession { id: session_id(number) }).await.unwrap().unwrap();
        assert!(found.ended.is_some());
    }
    assert_eq!(feed(&store).await.head, 40);
}

pub(in crate::store) async fn sessions_that_end_twice_at_once_are_told_once(house: &impl House) {
    let store = house.open();
    for round in 1..=ROUNDS {
        let user = with_user_number(&store, round).await;
        for number in 0..LOG_INS {
            store.write(open(session(100 * round + number, &user))).await.unwrap();
        }
        let last = session_id(100 * round);
        let ends = [Which::All, Which::Others(last), Which::One(last), Which::Each];
        at_once(&store, ends.map(|which| end(&user, which))).await.into_iter().for_each(|answer| {
            answer.unwrap();
        });
    }
    assert_eq!(sessions_told(&store).await.len() as u128, ROUNDS * LOG_INS);
}

/// Whatever meets whatever: what was told of each session is what became of it.
pub(in crate::store) async fn everything_at_once_keeps_the_rules(house: &impl House) {
    let store = house.open();
    let user = with_user(&store).await;
    for number in 1..=20 {
        store.write(open(session(number, &user))).await.unwrap();
    }
    let mut tasks = JoinSet::new();
    let mut start = |number: u128| {
        let (store, user) = (store.clone(), user.clone());
        tasks.spawn(async move {
            let full = OpenSession { most: 15, ..open(session(1000 + number, &user)) };
            let hash = || PasswordHash::new(HASH);
            let upgrade = UpgradePasswordHash { user: user.id, expected: hash(), new: hash(), now: NOW };
            match number % 4 {
                0 => store.write(full).await.map(drop),
                1 => store.write(end(&user, Which::One(session_id(1 + number % 20)))).await.map(drop),
                2 => store.write(upgrade).await.map(drop),
                _ => store.rotate(rotate(1 + number % 20, 0, NOW)).await.map(drop),
            }
        });
    };
    (0..80).for_each(&mut start);
    tasks.join_all().await.into_iter().for_each(|answer| answer.unwrap());
    let entries = feed(&store).await.entries;
    let mut found: Vec<Session> = Vec::new();
    for number in (1..=20).chain(1000..1080) {
        found.extend(store.read(FindSession { id: session_id(number) }).await.unwrap());
    }
    assert_eq!(found.len(), 40);
    assert_eq!(found.iter().filter(|session| session.ended.is_some()).count(), entries.len());
    assert!(live(&store, &user).await <= 15);
}
