use super::House;
use super::fixture::{FORGET_AT, HASH, NOW, at_once, end, feed, session_id, user, with_sessions};
use crate::domain::password::PasswordHash;
use crate::domain::revocation::{Revocation, Subject};
use crate::domain::time::Timestamp;
use crate::store::revocations::{self, Feed, ForgetRevocations, RevocationsAfter, RevokeToken};
use crate::store::sessions::{FindSession, Which};
use crate::store::sql::sql;
use crate::store::tx::{Tx, params};
use crate::store::users::{ChangePassword, DeleteUser, DisableUser};
use crate::store::{Op, Store, StoreError};

/// Writes entries as an operation that ends things does.
pub(crate) struct Append {
    pub(crate) subjects: Vec<Subject>,
    pub(crate) forget_at: Timestamp,
}

impl Op for Append {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        revocations::append(tx, &self.subjects, self.forget_at).await
    }
}

/// Puts the feed back to a state with so many ends, as a copy of before would.
pub(crate) struct PutBack {
    pub(crate) ends: i64,
    pub(crate) epoch: i64,
}

impl Op for PutBack {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.execute(sql!("DELETE FROM revocations WHERE sequence > $1"), params![self.ends]).await?;
        tx.execute(sql!("UPDATE meta SET number = $1 WHERE name = 'revocations'"), params![self.ends]).await?;
        tx.execute(sql!("UPDATE meta SET number = $1 WHERE name = 'revocations_epoch'"), params![self.epoch]).await?;
        Ok(())
    }
}

async fn append(store: &Store, jti: &str, forget_at: Timestamp) {
    store.write(Append { subjects: vec![Subject::Token(jti.to_owned())], forget_at }).await.unwrap();
}

async fn after(store: &Store, after: u64, limit: u32) -> (u64, Vec<u64>) {
    let Feed { head, entries, .. } = store.read(RevocationsAfter { after, limit }).await.unwrap();
    (head, entries.into_iter().map(|entry| entry.sequence).collect())
}

pub(in crate::store) async fn entries_are_numbered_in_order(house: &impl House) {
    let store = house.open();
    assert_eq!(after(&store, 0, 10).await, (0, vec![]));
    let user = with_sessions(&store, 1..=5).await;
    for number in [4, 2] {
        store.write(end(&user, Which::One(session_id(number)))).await.unwrap();
    }
    store.write(end(&user, Which::Each)).await.unwrap();
    let entries = feed(&store).await.entries;
    assert_eq!(entries[0].revocation.subject, Subject::Session(session_id(4)));
    assert_eq!(entries[1].revocation.subject, Subject::Session(session_id(2)));
    assert_eq!(after(&store, 0, 10).await, (5, vec![1, 2, 3, 4, 5]));
    assert_eq!(after(&store, 3, 10).await, (5, vec![4, 5]));
    assert_eq!(after(&store, 1, 2).await, (5, vec![2, 3]));
}

/// What ends everything of a user names the user too; what leaves a session to them does not.
pub(in crate::store) async fn a_user_is_named_where_everything_of_theirs_ends(house: &impl House) {
    let store = house.open();
    let ada = with_sessions(&store, 1..=9).await;
    let (id, now, forget_at) = (ada.id, NOW, FORGET_AT);
    let change = |expected: &str, keep| ChangePassword {
        user: id,
        expected: Some(PasswordHash::new(expected)),
        new: PasswordHash::new("new"),
        keep,
        now,
        forget_at,
        notice: None,
    };
    let named = async |before: &mut u64, seconds: Option<i64>| {
        let feed = store.read(RevocationsAfter { after: *before, limit: 1000 }).await.unwrap();
        *before = feed.head;
        let users = feed.entries.into_iter().filter(|entry| !matches!(entry.revocation.subject, Subject::Session(_)));
        let users: Vec<_> = users.map(|entry| entry.revocation).collect();
        let subject = seconds.map(|seconds| Subject::User { user: id, issued_before: now.plus_seconds(seconds) });
        assert_eq!(users, subject.map(|subject| Revocation { subject, forget_at }).into_iter().collect::<Vec<_>>());
    };
    let mut head = 0;
    for (which, expected) in [
        (Which::One(session_id(1)), None),
        (Which::Others(session_id(2)), None),
        (Which::Each, None),
        (Which::All, Some(-60)),
    ] {
        store.write(end(&ada, which)).await.unwrap();
        named(&mut head, expected).await;
    }
    store.write(change(HASH, Some(session_id(2)))).await.unwrap();
    named(&mut head, None).await;
    store.write(change("new", None)).await.unwrap();
    named(&mut head, Some(-60)).await;
    store.write(DisableUser { id, now, forget_at }).await.unwrap();
    named(&mut head, Some(-60)).await;
    store.write(DeleteUser { id, now, forget_at }).await.unwrap();
    named(&mut head, Some(60)).await;
}

pub(in crate::store) async fn every_kind_of_subject_is_kept(house: &impl House) {
    let store = house.open();
    let subjects = vec![
        Subject::Session(session_id(1)),
        Subject::User { user: user(2).id, issued_before: NOW },
        Subject::Token("a token's id ✓".to_owned()),
        Subject::Key("a key's id".to_owned()),
    ];
    store.write(Append { subjects: subjects.clone(), forget_at: FORGET_AT }).await.unwrap();
    let entries = feed(&store).await.entries;
    assert!(entries.iter().all(|entry| entry.revocation.forget_at == FORGET_AT));
    assert_eq!(entries.into_iter().map(|entry| entry.revocation.subject).collect::<Vec<_>>(), subjects);
}

pub(in crate::store) async fn a_token_ends_by_its_name(house: &impl House) {
    let store = house.open();
    let token = |jti: &str, seconds| RevokeToken { jti: jti.to_owned(), forget_at: NOW.plus_seconds(seconds) };
    at_once(&store, [token("a", 10), token("b", 20)]).await.into_iter().for_each(|answer| answer.unwrap());
    let mut told: Vec<_> = feed(&store).await.entries.into_iter().map(|entry| entry.revocation).collect();
    told.sort_by_key(|revocation| revocation.forget_at);
    let expected = [("a", 10), ("b", 20)]
        .map(|(jti, seconds)| Revocation { subject: Subject::Token(jti.into()), forget_at: NOW.plus_seconds(seconds) });
    assert_eq!(told, expected);
}

pub(in crate::store) async fn expired_entries_are_forgotten_and_numbers_never_come_back(house: &impl House) {
    let store = house.open();
    for (jti, seconds) in [("a", 10), ("b", 30), ("c", 20), ("d", 40)] {
        append(&store, jti, NOW.plus_seconds(seconds)).await;
    }
    let forget = |seconds, limit| ForgetRevocations { now: NOW.plus_seconds(seconds), limit };
    assert_eq!(store.write(forget(10, 100)).await, Ok(0), "one that expires now is kept");
    assert_eq!(store.write(forget(100, 1)).await, Ok(1));
    assert_eq!(after(&store, 0, 10).await, (4, vec![2, 3, 4]));
    assert_eq!(store.write(forget(100, 100)).await, Ok(3));
    append(&store, "e", FORGET_AT).await;
    assert_eq!(after(&store, 0, 10).await, (5, vec![5]));
}

/// Takes the counter of the feed away.
struct WithoutCounter;

impl Op for WithoutCounter {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.execute(sql!("DELETE FROM meta WHERE name = 'revocations'"), params![]).await.map(drop)
    }
}

pub(in crate::store) async fn without_its_counter_nothing_ends(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1]).await;
    store.write(WithoutCounter).await.unwrap();
    assert!(store.write(end(&user, Which::All)).await.is_err());
    assert_eq!(store.read(FindSession { id: session_id(1) }).await.unwrap().unwrap().ended, None);
    assert!(store.read(RevocationsAfter { after: 0, limit: 10 }).await.is_err());
}

pub(in crate::store) async fn a_number_beyond_the_head_gets_nothing(house: &impl House) {
    let store = house.open();
    append(&store, "a", FORGET_AT).await;
    assert_eq!(after(&store, 1, 10).await, (1, vec![]));
    assert_eq!(after(&store, u64::MAX, 10).await, (1, vec![]));
}

pub(in crate::store) async fn a_reader_never_sees_a_hole(house: &impl House) {
    const EACH: u64 = 50;
    let (ours, theirs, reading) = (house.open(), house.open(), house.open());
    let write = async |store: Store| {
        for number in 0..EACH {
            append(&store, &number.to_string(), FORGET_AT).await;
        }
    };
    let read = async {
        let mut seen = 0;
        while seen < 4 * EACH {
            let (head, numbers) = after(&reading, seen, 1000).await;
            let expected: Vec<u64> = (seen + 1..=head).collect();
            assert_eq!(numbers, expected, "all up to the head, and nothing beyond");
            seen = head;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(write(ours.clone()), write(theirs.clone()), write(ours.clone()), write(theirs.clone()), read);
}
