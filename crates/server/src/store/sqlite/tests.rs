use std::path::PathBuf;

use rusqlite::StatementStatus;
use tempfile::TempDir;

use super::{Options, Sqlite, connect};
use crate::store::conformance::{House, statements};
use crate::store::{Engine, Store, sessions, users};

mod answers;
mod backup;
mod faults;
mod files;

/// A database file in a directory of its own.
pub(in crate::store) struct OnDisk(TempDir);

impl OnDisk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("jotgate.db")
    }

    /// Opens it with other limits than the usual ones.
    fn open_with(&self, options: Options) -> Store {
        Store { engine: Engine::Sqlite(Sqlite::open(&self.path(), options).unwrap()) }
    }

    /// A connection as any other program would open it.
    fn by_other_means(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path()).unwrap()
    }
}

impl House for OnDisk {
    fn build(_: &str) -> Option<Self> {
        Some(Self::new())
    }

    fn open(&self) -> Store {
        self.open_with(Options::default())
    }
}

/// The suite that every engine passes.
mod suite {
    use super::OnDisk;

    crate::store::conformance::conformance!(OnDisk);
}

/// Copying from one to another.
mod copies {
    use super::OnDisk;

    crate::store::copy::tests::copies!(within_sqlite, OnDisk, OnDisk);

    /// A table that somebody adds is either copied or said not to be.
    #[test]
    fn every_table_and_column_is_known_to_the_copy() {
        use crate::store::conformance::House;
        let house = OnDisk::new();
        let _store = house.open();
        let columns = "SELECT tables.name || '.' || columns.name FROM sqlite_schema AS tables,                        pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'";
        let connection = house.by_other_means();
        let mut statement = connection.prepare(columns).unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert_eq!(crate::store::copy::columns(), found);
    }
}

#[test]
fn every_statement_can_be_prepared() {
    let house = OnDisk::new();
    let _store = house.open();
    let connection = house.by_other_means();
    for (name, statement) in statements() {
        let prepared = connection.prepare(statement.sqlite());
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

#[test]
fn the_hot_statements_search_and_never_scan() {
    let house = OnDisk::new();
    let _store = house.open();
    let connection = house.by_other_means();
    let sessions = [
        sessions::STATEMENTS,
        sessions::open::STATEMENTS,
        sessions::rotate::STATEMENTS,
        sessions::seen_from::STATEMENTS,
    ];
    for (name, statement) in [users::STATEMENTS].into_iter().chain(sessions).flatten().copied() {
        let explained = format!("EXPLAIN QUERY PLAN {}", statement.sqlite());
        let mut statement = connection.prepare(&explained).unwrap();
        let count = statement.parameter_count();
        let steps = statement.query_map(rusqlite::params_from_iter(vec![0; count]), |row| row.get::<_, String>(3));
        for step in steps.unwrap() {
            assert!(!step.as_ref().unwrap().contains("SCAN"), "{name}: {step:?}");
        }
    }
}

/// A statement that is planned anew for each value costs several times as much.
#[test]
fn a_statement_is_planned_once() {
    let house = OnDisk::new();
    let _store = house.open();
    let connection = connect::plain(&house.path(), Options::default()).unwrap();
    for (name, statement) in statements() {
        let mut statement = connection.prepare(statement.sqlite()).unwrap();
        for value in 0..3 {
            let values = vec![value; statement.parameter_count()];
            // What the values do to the rows does not matter here.
            let mut rows = statement.query(rusqlite::params_from_iter(values)).unwrap();
            while let Ok(Some(_)) = rows.next() {}
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{name}");
    }
}
