//! Clean-up and the hot path: neither waits for the other.

use std::sync::Mutex;

use tokio::sync::oneshot;

use super::{House, OnServer};
use crate::store::conformance::fixture::{NOW, open, rotate, session, with_sessions};
use crate::store::sessions::{DeleteDeadSessions, OpenSessionOutcome, RotateOutcome, Swept};
use crate::store::tx::Tx;
use crate::store::{Op, StoreError};

/// A step of the clean-up that stays in its transaction until it is let go.
struct Held {
    reached: Mutex<Option<oneshot::Sender<Swept>>>,
    let_go: Mutex<Option<oneshot::Receiver<()>>>,
}

/// Of sessions that nobody has refreshed within their two hours.
fn step() -> DeleteDeadSessions {
    DeleteDeadSessions { dead_before: NOW.plus_seconds(7201), after: None, scan: 500 }
}

impl Op for Held {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        let swept = step().run(tx).await?;
        let (reached, let_go) = (self.reached.lock().unwrap().take(), self.let_go.lock().unwrap().take());
        reached.unwrap().send(swept).unwrap();
        let_go.unwrap().await.map_err(|_| StoreError::Closed)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_and_a_log_in_do_not_wait_for_a_step_of_the_clean_up() {
    let test = "a_refresh_and_a_log_in_do_not_wait_for_a_step_of_the_clean_up";
    let Some(house) = OnServer::build(test) else { return };
    let store = house.open();
    let ada = with_sessions(&store, 1..=20).await;
    let used = NOW.plus_seconds(60);
    for number in 1..=10 {
        store.rotate(rotate(number, 0, used)).await.unwrap();
    }
    let (reached, at_it) = oneshot::channel();
    let (go, let_go) = oneshot::channel();
    let held = Held { reached: Mutex::new(Some(reached)), let_go: Mutex::new(Some(let_go)) };
    let sweeping = tokio::spawn({
        let store = store.clone();
        async move { store.write(held).await }
    });
    assert_eq!(at_it.await.unwrap().deleted, 10);
    for number in 1..=10 {
        let refreshed = store.rotate(rotate(number, 1, used)).await;
        assert!(matches!(refreshed, Ok(RotateOutcome::Rotated { .. })), "{refreshed:?}");
    }
    let opened = store.write(open(session(30, &ada))).await;
    assert!(matches!(opened, Ok(OpenSessionOutcome::Opened { .. })), "{opened:?}");
    go.send(()).unwrap();
    assert_eq!(sweeping.await.unwrap(), Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_of_the_clean_up_does_not_wait_for_a_refresh() {
    let Some(house) = OnServer::build("a_step_of_the_clean_up_does_not_wait_for_a_refresh") else { return };
    let store = house.open();
    with_sessions(&store, 1..=4).await;
    store.rotate(rotate(2, 0, NOW.plus_seconds(60))).await.unwrap();
    let (other, connection) = tokio_postgres::connect(&house.database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let hold = "BEGIN; UPDATE sessions SET generation = generation WHERE generation = 1";
    other.batch_execute(hold).await.unwrap();
    assert_eq!(store.write(step()).await, Ok(Swept { deleted: 3, next: None }));
    other.batch_execute("COMMIT").await.unwrap();
}
