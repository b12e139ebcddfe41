use super::House;
use super::fixture::{FORGET_AT, NOW, end, feed, session_id, user, with_sessions};
use crate::domain::revocation::Subject;
use crate::domain::time::Timestamp;
use crate::store::revocations::{self, Feed, ForgetRevocations, RevocationsAfter};
use crate::store::sessions::Which;
use crate::store::tx::Tx;
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
    store.write(end(&user, Which::All)).await.unwrap();
    let entries = feed(&store).await.entries;
    assert_eq!(entries[0].revocation.subject, Subject::Session(session_id(4)));
    assert_eq!(entries[1].revocation.subject, Subject::Session(session_id(2)));
    assert_eq!(after(&store, 0, 10).await, (5, vec![1, 2, 3, 4, 5]));
    assert_eq!(after(&store, 3, 10).await, (5, vec![4, 5]));
    assert_eq!(after(&store, 1, 2).await, (5, vec![2, 3]));
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
