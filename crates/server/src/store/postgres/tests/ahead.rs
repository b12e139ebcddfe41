//! What goes along with the next statement, or with the commit, and fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::super::ATTEMPTS;
use super::{House, OnServer};
use crate::store::sql::{Sql, sql};
use crate::store::tx::{FromRow, Row, Tx, params};
use crate::store::{Op, StoreError};

/// A change that fails, and what comes after it.
struct Fail {
    change: Sql,
    then: Then,
    runs: Arc<AtomicU32>,
}

#[derive(Clone, Copy, Debug)]
enum Then {
    Commit,
    Change,
    Look,
    LookTwice,
}

struct Nothing;

impl FromRow for Nothing {
    fn from_row(_: &impl Row) -> Result<Self, StoreError> {
        Ok(Self)
    }
}

impl Op for Fail {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        tx.execute_along(self.change, params![]).await?;
        let look = sql!("SELECT number FROM meta WHERE name = 'ping'");
        match self.then {
            Then::Commit => Ok(()),
            Then::Change => {
                tx.execute(sql!("UPDATE meta SET number = 1 WHERE name = 'ping'"), params![]).await.map(drop)
            }
            Then::Look => tx.first::<Nothing>(look, params![]).await.map(drop),
            Then::LookTwice => {
                tx.first_and_all::<Nothing, Nothing>((look, params![]), (look, params![])).await.map(drop)
            }
        }
    }
}

/// What failed first is told, and not that the statements after it were ignored; what somebody else was in the way of is tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_failure_is_the_cause_of_the_others() {
    let Some(house) = OnServer::build("the_first_failure_is_the_cause_of_the_others") else { return };
    let store = house.open();
    let cases = [
        (sql!("UPDATE meta SET number = 1 / 0"), "division by zero (22012)", 1),
        (sql!("INSERT INTO meta (name, number) VALUES ('ping', 0)"), "meta_pkey\" (23505)", ATTEMPTS),
    ];
    for (change, expected, runs) in cases {
        for then in [Then::Commit, Then::Change, Then::Look, Then::LookTwice] {
            let ran = Arc::new(AtomicU32::new(0));
            let said = store.write(Fail { change, then, runs: Arc::clone(&ran) }).await.unwrap_err().to_string();
            assert!(said.ends_with(expected), "{then:?}: {said}");
            assert_eq!(ran.load(Ordering::SeqCst), runs, "{then:?}");
        }
    }
    assert_eq!(house.database.run("SELECT number FROM meta WHERE name = 'ping'").unwrap(), [[Some("0".to_owned())]]);
    assert_eq!(store.ping().await, Ok(()));
}
