//! Copies: whole however busy the store is, refused where they would do harm.

use std::fs;
use std::path::PathBuf;

use super::OnDisk;
use crate::domain::audit::{By, Event, Line};
use crate::domain::email::Email;
use crate::domain::time::Timestamp;
use crate::domain::user::{UserId, sample};
use crate::store::conformance::House;
use crate::store::revocations::RevocationsAfter;
use crate::store::users::{CreateUser, CreateUserOutcome, ListUsers};
use crate::store::{BackupError, OpenError, Store, StoreUrl};

/// Of restored stores: at millisecond 7.
fn line() -> Line {
    Line::new(uuid::Uuid::from_u128(7), Timestamp::from_millis(7), Event::StoreRestore, By::command_line())
}

fn user(number: u128) -> CreateUser {
    let mut user = sample::user();
    user.id = UserId::new(uuid::Uuid::from_u128(number));
    user.email = Email::parse(&format!("u{number}@example.com")).unwrap();
    CreateUser { user, session: None }
}

fn url(house: &OnDisk) -> StoreUrl {
    StoreUrl::Sqlite { path: house.path() }
}

/// A house whose store has one user, and a copy of it.
async fn with_copy() -> (OnDisk, PathBuf) {
    let house = OnDisk::new();
    let store = house.open();
    store.write(user(1)).await.unwrap();
    let copy = house.0.path().join("copy.db");
    store.back_up(copy.clone()).await.unwrap();
    (house, copy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_under_load_has_all_that_was_answered_before_and_no_holes() {
    let house = OnDisk::new();
    let store = house.open();
    let writer = store.clone();
    let (answered, progress) = tokio::sync::watch::channel(0_u128);
    let writing = tokio::spawn(async move {
        for number in 1..u128::MAX {
            assert_eq!(writer.write(user(number)).await, Ok(CreateUserOutcome::Created));
            if answered.send(number).is_err() {
                return;
            }
        }
    });
    for round in 0..5 {
        let mut seen = progress.clone();
        seen.wait_for(|number| *number > round * 40).await.unwrap();
        let copy = house.0.path().join(format!("copy-{round}.db"));
        let before = *progress.borrow();
        store.back_up(copy.clone()).await.unwrap();
        let new_home = OnDisk::new();
        Store::restore(&copy, &url(&new_home), &line()).unwrap();
        let ids: Vec<_> = new_home.open().read(ListUsers { after: None, limit: u32::MAX }).await.unwrap();
        let ids: Vec<u128> = ids.into_iter().map(|user| u128::from_be_bytes(*user.id.as_bytes())).collect();
        assert!(ids.len() as u128 >= before, "{} users, and {before} had been answered", ids.len());
        assert!((1..).zip(&ids).all(|(number, id)| number == *id), "as it was at one moment");
    }
    drop(progress);
    writing.await.unwrap();
}

#[tokio::test]
#[cfg(unix)]
async fn only_the_owner_can_read_a_copy() {
    use std::os::unix::fs::PermissionsExt;
    let (_house, copy) = with_copy().await;
    assert_eq!(fs::metadata(copy).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let (house, copy) = with_copy().await;
    let before = fs::read(&copy).unwrap();
    let refused = house.open().back_up(copy.clone()).await;
    assert!(matches!(refused, Err(BackupError::Exists(path)) if path == copy));
    assert_eq!(fs::read(&copy).unwrap(), before);
    assert!(matches!(Store::restore(&copy, &url(&house), &line()), Err(BackupError::Exists(_))));
    let new_home = OnDisk::new();
    fs::write(new_home.path().with_extension("db-wal"), "the log of another").unwrap();
    assert!(matches!(Store::restore(&copy, &url(&new_home), &line()), Err(BackupError::Exists(_))));
    assert!(!new_home.path().exists());
}

#[tokio::test]
async fn what_an_interrupted_copy_left_is_no_hindrance() {
    let (house, _) = with_copy().await;
    let copy = house.0.path().join("second.db");
    fs::write(house.0.path().join("second.db.partial"), "half").unwrap();
    house.open().back_up(copy.clone()).await.unwrap();
    assert!(!house.0.path().join("second.db.partial").exists());
}

#[tokio::test]
async fn only_a_whole_copy_of_a_store_is_restored() {
    let (house, copy) = with_copy().await;
    let whole = fs::read(&copy).unwrap();
    let mut damaged = whole.clone();
    damaged[4096 * 2..4096 * 4].fill(7);
    let cut = whole[..whole.len() / 2].to_vec();
    for (name, bytes) in
        [("damaged", damaged), ("cut", cut), ("empty", Vec::new()), ("text", b"Dear diary".repeat(900))]
    {
        let file = house.0.path().join(name);
        fs::write(&file, bytes).unwrap();
        let new_home = OnDisk::new();
        assert!(Store::restore(&file, &url(&new_home), &line()).is_err(), "{name}");
        assert_eq!(fs::read_dir(new_home.0.path()).unwrap().count(), 0, "{name}: nothing is left behind");
    }
    assert!(Store::restore(&house.0.path().join("absent"), &url(&OnDisk::new()), &line()).is_err());
}

#[tokio::test]
async fn a_copy_of_a_newer_version_is_refused() {
    let (_house, copy) = with_copy().await;
    let other = rusqlite::Connection::open(&copy).unwrap();
    other.execute("UPDATE meta SET number = 1000 WHERE name = 'schema'", []).unwrap();
    drop(other);
    let refused = Store::restore(&copy, &url(&OnDisk::new()), &line());
    assert!(matches!(refused, Err(BackupError::Open(OpenError::Newer { found: 1000, .. }))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_store_begins_another_numbering_of_ends() {
    let (house, copy) = with_copy().await;
    let epoch = async |house: &OnDisk| house.open().read(RevocationsAfter { after: 0, limit: 1 }).await.unwrap().epoch;
    assert_eq!(epoch(&house).await, 0);
    let new_home = OnDisk::new();
    Store::restore(&copy, &url(&new_home), &line()).unwrap();
    assert_eq!(epoch(&new_home).await, 7 * 1024);
}
