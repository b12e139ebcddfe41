//! The file: what is refused, and what a crash leaves.

use std::fs;
use std::path::Path;

use super::super::{Options, Sqlite};
use super::OnDisk;
use crate::store::users::{CreateUser, CreateUserOutcome, ListUsers};
use crate::store::{Engine, OpenError, Store};

fn open(house: &OnDisk) -> Result<Store, OpenError> {
    open_file(&house.path())
}

fn open_file(path: &Path) -> Result<Store, OpenError> {
    Sqlite::open(path, Options::default()).map(|engine| Store::on(Engine::Sqlite(engine)))
}

fn user(number: u128) -> CreateUser {
    let mut user = crate::domain::user::sample::user();
    user.id = crate::domain::user::UserId::new(uuid::Uuid::from_u128(number));
    user.email = crate::domain::email::Email::parse(&format!("u{number}@example.com")).unwrap();
    CreateUser { user, session: None }
}

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let house = OnDisk::new();
    drop(open(&house).unwrap());
    let other = house.by_other_means();
    other.execute("UPDATE meta SET number = 1000 WHERE name = 'schema'", []).unwrap();
    let message = open(&house).unwrap_err().to_string();
    assert!(message.contains("version 1000") && message.contains("up to version 1:"), "{message}");
    other.execute("UPDATE meta SET number = 1 WHERE name = 'schema'", []).unwrap();
    assert!(open(&house).is_ok());
}

#[test]
fn a_database_of_something_else_is_refused_and_left_alone() {
    let house = OnDisk::new();
    house.by_other_means().execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    assert!(matches!(open(&house), Err(OpenError::NotOurs(_))));
    let tables: i64 =
        house.by_other_means().query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn a_file_of_something_else_is_refused_and_left_alone() {
    let house = OnDisk::new();
    let text = "Dear diary, ".repeat(1000);
    fs::write(house.path(), &text).unwrap();
    assert!(matches!(open(&house), Err(OpenError::NotOurs(_))));
    assert_eq!(fs::read_to_string(house.path()).unwrap(), text);
}

#[test]
fn a_missing_directory_is_named() {
    let house = OnDisk::new();
    let path = house.path().join("below").join("jotgate.db");
    fs::write(house.path(), "").unwrap();
    let message = open_file(&path).unwrap_err().to_string();
    assert!(message.contains("below") && message.contains("does not exist"), "{message}");
}

#[test]
fn a_directory_is_not_a_database() {
    let house = OnDisk::new();
    fs::create_dir(house.path()).unwrap();
    assert!(matches!(open(&house), Err(OpenError::Inaccessible { .. })));
}

#[test]
#[cfg(unix)]
fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let house = OnDisk::new();
    let _store = open(&house).unwrap();
    for entry in fs::read_dir(house.0.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn a_path_that_looks_like_a_url_is_a_path() {
    let house = OnDisk::new();
    let path = house.0.path().join("file:odd?mode=memory");
    drop(open_file(&path).unwrap());
    assert!(path.is_file());
}

/// What a killed process leaves is the files as they are at that moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_crash_at_any_moment() {
    let house = OnDisk::new();
    let store = open(&house).unwrap();
    for answered in 1..=30_usize {
        assert_eq!(store.write(user(answered as u128)).await, Ok(CreateUserOutcome::Created));
        let crashed = OnDisk::new();
        fs::copy(house.path(), crashed.path()).unwrap();
        fs::copy(house.path().with_extension("db-wal"), crashed.path().with_extension("db-wal")).unwrap();
        let check: String = crashed.by_other_means().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
        let found = open(&crashed).unwrap().read(ListUsers { after: None, limit: 100 }).await.unwrap();
        assert_eq!(found.len(), answered);
    }
}

#[tokio::test]
async fn a_closed_store_leaves_no_log_behind() {
    let house = OnDisk::new();
    let store = open(&house).unwrap();
    store.write(user(1)).await.unwrap();
    store.close().await;
    drop(store);
    let log = fs::metadata(house.path().with_extension("db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0);
}
