use std::path::PathBuf;

use rusqlite::types::Null;
use rusqlite::{StatementStatus, ToSql, params};
use tempfile::TempDir;

use super::{Options, Sqlite, connect};
use crate::store::conformance::{House, statements};
use crate::store::sql::Sql;
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
        Store::on(Engine::Sqlite(Sqlite::open(&self.path(), options).unwrap()))
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

/// Parts of statements that have a limit of their own.
const BOUNDED: [&str; 3] = ["alive", "ended", "recent"];

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
        for step in steps.unwrap().map(Result::unwrap) {
            let is_bounded = BOUNDED.iter().any(|part| step == format!("SCAN {part}"));
            assert!(is_bounded || !step.contains("SCAN"), "{name}: {step}");
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

/// How much a step of the clean-up makes the database do in the middle of so many sessions, of which some are dead.
fn steps_of_the_clean_up(sessions: u32) -> i32 {
    let house = OnDisk::new();
    let _store = house.open();
    let connection = house.by_other_means();
    let fill = format!(
        "INSERT INTO users (id, email, email_key, roles, created_at, updated_at) VALUES (zeroblob(16), 'a', 'a', '[]', 0, 0); \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {sessions}) \
         INSERT INTO sessions (id, user_id, client_id, generation, scope, created_at, rotated_at, last_used_at, expires_at, \
         idle_for) SELECT CAST(printf('%016d', n) AS BLOB), zeroblob(16), '', 0, '', 0, 0, 0, (n % 5) * 1000, 1000 FROM numbers"
    );
    connection.execute_batch(&fill).unwrap();
    let (after, dead_before) = (format!("{:016}", sessions / 2).into_bytes(), 500);
    let text = |name: &str| {
        let found = sessions::sweep::STATEMENTS.iter().find(|(found, _)| *found == name);
        found.map(|(_, statement)| statement.sqlite()).unwrap()
    };
    let mut find = connection.prepare(text("LAST_OF_STEP")).unwrap();
    let last: Vec<u8> = find.query_row(params![after, 499], |row| row.get(0)).unwrap();
    let mut delete = connection.prepare(text("DELETE_UP_TO")).unwrap();
    assert_eq!(delete.execute(params![after, dead_before, last]).unwrap(), 100);
    find.get_status(StatementStatus::VmStep) + delete.get_status(StatementStatus::VmStep)
}

/// A step is all that anybody waits for, so it must not grow.
#[test]
fn a_step_of_the_clean_up_is_as_short_among_many_sessions_as_among_few() {
    let (few, many) = (steps_of_the_clean_up(2000), steps_of_the_clean_up(40_000));
    assert_eq!(few, many);
    assert!(few > 500, "{few}");
}

/// How much a log-in makes the database do for an account of whose sessions so many have ended, and five are alive.
fn steps_of_a_log_in(ended: u32) -> Vec<(&'static str, i32)> {
    let house = OnDisk::new();
    let _store = house.open();
    let connection = house.by_other_means();
    let fill = format!(
        "INSERT INTO users (id, email, email_key, roles, created_at, updated_at) VALUES (zeroblob(16), 'a', 'a', '[]', 0, 0); \
         WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ended} + 5) \
         INSERT INTO sessions (id, user_id, client_id, generation, scope, address, created_at, rotated_at, last_used_at, \
         expires_at, idle_for, ended_at, end_reason) SELECT CAST(printf('%016d', n) AS BLOB), zeroblob(16), '', 0, '', \
         '192.0.2.1', 0, 0, n, 9000, 1000, iif(n > 5, 100 + n, NULL), iif(n > 5, 'logout', NULL) FROM numbers"
    );
    connection.execute_batch(&fill).unwrap();
    let user = [0_u8; 16];
    let steps = |name: &'static str, statements: &[(&str, Sql)], values: &[&dyn ToSql]| {
        let (_, text) = statements.iter().find(|(found, _)| *found == name).unwrap();
        let mut statement = connection.prepare(text.sqlite()).unwrap();
        let mut rows = statement.query(values).unwrap();
        let mut found = 0;
        while rows.next().unwrap().is_some() {
            found += 1;
        }
        drop(rows);
        assert!(found > 0, "{name} finds nothing");
        (name, statement.get_status(StatementStatus::VmStep))
    };
    vec![
        steps("SEEN_FROM", sessions::seen_from::STATEMENTS, params!["a", "reuse"]),
        steps("SEEN_DEVICES", sessions::open::STATEMENTS, params![user]),
        steps("LIST_LIVE", sessions::STATEMENTS, params![user, 500]),
        steps("END_SURPLUS", sessions::open::STATEMENTS, params![user, 2, 500, Null, 0, "reuse"]),
        steps("END_ALL", sessions::STATEMENTS, params![user, 500, "logout"]),
    ]
}

/// Everybody waits for the one who writes, so nobody makes that long by logging in and out all day.
#[test]
fn a_log_in_is_as_short_after_many_ended_sessions_as_after_few() {
    assert_eq!(steps_of_a_log_in(600), steps_of_a_log_in(20_000));
}
