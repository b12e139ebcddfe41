//! What every engine does with operations, whatever they are.

use super::House;
use super::fixture::{NOW, at_once, end, feed, rotate, rotate_at_once, session_id, user, with_sessions, with_user};
use crate::store::sessions::{FindSession, RotateOutcome, Which};
use crate::store::sql::sql;
use crate::store::tx::{Tx, params};
use crate::store::users::{CreateUser, CreateUserOutcome, FindUser, ListUsers};
use crate::store::{Op, ReadOp, Store, StoreError};

/// Makes two changes, and then what goes wrong.
struct Fail(fn() -> Result<(), StoreError>);

impl Op for Fail {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.execute(sql!("UPDATE users SET name = 'spoilt'"), params![]).await?;
        tx.execute(sql!("UPDATE sessions SET generation = 1000"), params![]).await?;
        (self.0)()
    }
}

/// Makes its only change, as it says, and fails all the same.
struct FailAlone;

impl Op for FailAlone {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.execute_alone(sql!("UPDATE users SET name = 'spoilt'"), params![]).await?;
        Err(failure())
    }
}

fn failure() -> StoreError {
    StoreError::Internal("meant to fail".to_owned())
}

/// Runs failing operations among 100 good ones, and looks at what is left.
async fn among_neighbours<O: Op<Output = ()>>(house: &impl House, bad: impl Fn() -> O) {
    let store = house.open();
    let ada = with_sessions(&store, 1..=100).await;
    let (good, bad) = tokio::join!(
        rotate_at_once(&store, (1..=100).map(|number| rotate(number, 0, NOW))),
        at_once(&store, (0..20).map(|_| bad())),
    );
    assert!(good.iter().all(|answer| matches!(answer, Ok(RotateOutcome::Rotated { .. }))), "{good:?}");
    assert!(bad.iter().all(|answer| matches!(answer, Err(StoreError::Internal(_)))), "{bad:?}");
    for number in 1..=100 {
        let found = store.read(FindSession { id: session_id(number) }).await.unwrap();
        assert_eq!(found.map(|session| session.generation), Some(1));
    }
    assert_eq!(store.read(FindUser { id: ada.id }).await, Ok(Some(ada)));
}

pub(in crate::store) async fn a_failed_operation_undoes_itself_and_harms_no_neighbour(house: &impl House) {
    among_neighbours(house, || Fail(|| Err(failure()))).await;
    let second = house.open();
    let wrong = at_once(&second, (0..5).map(|_| FailAlone)).await;
    assert!(wrong.iter().all(Result::is_err));
    assert_eq!(second.read(FindUser { id: user(1).id }).await, Ok(Some(user(1))));
}

pub(in crate::store) async fn an_operation_that_panics_harms_no_neighbour(house: &impl House) {
    among_neighbours(house, || Fail(|| panic!("meant to panic"))).await;
}

pub(in crate::store) async fn what_was_answered_is_there_after_opening_again(house: &impl House) {
    let store = house.open();
    let ada = with_sessions(&store, [1]).await;
    store.rotate(rotate(1, 0, NOW)).await.unwrap();
    store.close().await;
    let again = house.open();
    assert_eq!(again.read(FindUser { id: ada.id }).await, Ok(Some(ada)));
    let found = again.read(FindSession { id: session_id(1) }).await.unwrap();
    assert_eq!(found.map(|session| session.generation), Some(1));
}

pub(in crate::store) async fn a_store_left_open_loses_nothing(house: &impl House) {
    let left = house.open();
    let ada = with_user(&left).await;
    let again = house.open();
    assert_eq!(again.read(FindUser { id: ada.id }).await, Ok(Some(ada)));
    drop(left);
    assert_eq!(again.write(CreateUser { user: user(2), session: None }).await, Ok(CreateUserOutcome::Created));
}

pub(in crate::store) async fn two_stores_in_one_place_both_write(house: &impl House) {
    let (ours, theirs) = (house.open(), house.open());
    let users = |first: u128| (first..first + 50).map(|number| CreateUser { user: user(number), session: None });
    let (a, b) = tokio::join!(at_once(&ours, users(100)), at_once(&theirs, users(200)));
    assert!(a.iter().chain(&b).all(|answer| *answer == Ok(CreateUserOutcome::Created)));
    let seen = ours.read(ListUsers { after: None, limit: 1000 }).await.unwrap().len();
    assert_eq!(seen, 100);
}

pub(in crate::store) async fn ten_first_openings_at_once_agree(house: &impl House) {
    let stores: Vec<Store> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..10).map(|_| scope.spawn(|| house.open())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (number, store) in (1..).zip(&stores) {
        assert_eq!(store.write(CreateUser { user: user(number), session: None }).await, Ok(CreateUserOutcome::Created));
    }
    assert_eq!(stores[0].read(ListUsers { after: None, limit: 100 }).await.unwrap().len(), 10);
}

pub(in crate::store) async fn a_closed_store_finishes_what_it_accepted_and_refuses_the_rest(house: &impl House) {
    let store = house.open();
    let (answers, ()) = tokio::join!(
        biased;
        at_once(&store, (1..=50).map(|number| CreateUser { user: user(number), session: None })),
        store.close(),
    );
    assert_eq!(store.write(CreateUser { user: user(99), session: None }).await, Err(StoreError::Closed));
    assert_eq!(store.read(FindUser { id: user(1).id }).await, Err(StoreError::Closed));
    store.close().await;
    let created = answers.iter().filter(|answer| **answer == Ok(CreateUserOutcome::Created)).count();
    let refused = answers.iter().filter(|answer| **answer == Err(StoreError::Closed)).count();
    assert_eq!(created + refused, 50);
    let kept = house.open().read(ListUsers { after: None, limit: 100 }).await.unwrap().len();
    assert_eq!(kept, created, "what was answered as done, and nothing else");
}

pub(in crate::store) async fn a_change_goes_on_when_nobody_waits_for_it(house: &impl House) {
    let store = house.open();
    {
        let mut change = std::pin::pin!(store.write(CreateUser { user: user(1), session: None }));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(change.as_mut().poll(&mut context).is_pending() || store.ping().await.is_ok());
    }
    store.close().await;
    assert_eq!(house.open().read(FindUser { id: user(1).id }).await, Ok(Some(user(1))));
}

pub(in crate::store) async fn a_commit_elsewhere_is_noticed(house: &impl House) {
    let (ours, theirs) = (house.open(), house.open());
    let mut watch = ours.watch().unwrap();
    let mut second = ours.watch().unwrap();
    watch.mark_unchanged();
    let user = with_sessions(&theirs, [1]).await;
    theirs.write(end(&user, Which::All)).await.unwrap();
    // There may be more changes than that, and none may be missing: whoever reads at each sees it.
    while feed(&ours).await.head == 0 {
        watch.changed().await.unwrap();
    }
    second.changed().await.unwrap();
    ours.close().await;
    while watch.changed().await.is_ok() {}
}

/// Says that it only reads.
struct Liar;

impl Op for Liar {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        tx.execute_alone(sql!("DELETE FROM users"), params![]).await
    }
}

impl ReadOp for Liar {}

pub(in crate::store) async fn a_read_operation_cannot_write(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    assert_eq!(store.read(Liar).await, Err(StoreError::ReadOnly));
    assert_eq!(store.read(FindUser { id: ada.id }).await, Ok(Some(ada)));
}

pub(in crate::store) async fn a_store_answers_a_ping(house: &impl House) {
    let store = house.open();
    assert_eq!(store.ping().await, Ok(()));
    store.close().await;
    assert_eq!(store.ping().await, Err(StoreError::Closed));
}
