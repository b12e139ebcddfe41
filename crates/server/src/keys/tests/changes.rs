//! Changes of the algorithm, of secrets, and of the master key.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;

#[tokio::test]
async fn another_algorithm_takes_over_and_refuses_nobody() {
    let house = House::new();
    let before = house.server().await;
    let old = register(&before).await;
    before.close().await;
    let app = house.server_of(Algorithm::Es256, None, None).await;
    assert_eq!(verdict(&app, &old), "ok");
    app.advance_keys().await.unwrap();
    let algorithms = || app.keyring().algorithms().map(Algorithm::name).collect::<Vec<_>>();
    assert_eq!(algorithms(), ["ES256", "EdDSA"]);
    house.pass(PUBLISHED - 1);
    app.advance_keys().await.unwrap();
    assert_eq!(header(&refresh(&app, &old).await.unwrap(), "alg"), "EdDSA");
    house.pass(1);
    app.advance_keys().await.unwrap();
    let new = refresh(&app, &old).await.unwrap();
    assert_eq!(header(&new, "alg"), "ES256");
    assert_eq!((verdict(&app, &old), verdict(&app, &new)), ("ok".into(), "ok".into()));
    house.pass(revocations::LONGEST_TOKEN);
    app.advance_keys().await.unwrap();
    assert_eq!(algorithms(), ["ES256"]);
}

#[tokio::test]
async fn a_key_pair_takes_over_from_a_secret() {
    let house = House::new();
    let before = house.server_of(Algorithm::Hs256, Some(SECRET), None).await;
    let old = register(&before).await;
    before.close().await;
    let refused = App::open(house.config()).await.unwrap_err().to_string();
    assert!(refused.contains("tokens.previous_secret"), "{refused}");
    let app = house.server_of(Algorithm::EdDsa, None, Some(SECRET)).await;
    app.advance_keys().await.unwrap();
    assert_eq!((verdict(&app, &old), app.keyring().signing().unwrap().algorithm()), ("ok".into(), Algorithm::Hs256));
    house.pass(PUBLISHED);
    app.advance_keys().await.unwrap();
    let new = refresh(&app, &old).await.unwrap();
    assert_eq!(header(&new, "alg"), "EdDSA");
    assert_eq!((verdict(&app, &old), verdict(&app, &new)), ("ok".into(), "ok".into()));
    house.pass(revocations::LONGEST_TOKEN);
    app.advance_keys().await.unwrap();
    app.close().await;
    house.server().await;
}

/// Its verifiers have a secret by other means than the key set, so only its operator knows when.
#[tokio::test]
async fn a_secret_takes_over_when_it_is_asked_to() {
    let house = House::new();
    let before = house.server().await;
    let old = register(&before).await;
    before.close().await;
    let app = house.server_of(Algorithm::Hs256, Some(SECRET), None).await;
    app.advance_keys().await.unwrap();
    house.pass(7 * DAY);
    assert_eq!(app.advance_keys().await.unwrap(), []);
    let waiting = refresh(&app, &old).await.unwrap();
    assert_eq!(header(&waiting, "alg"), "EdDSA");
    assert!(flows::rotate_key(&app, KeyPurpose::Signing).await.unwrap().signs);
    let new = refresh(&app, &waiting).await.unwrap();
    assert_eq!(header(&new, "alg"), "HS256");
    assert_eq!((verdict(&app, &waiting), verdict(&app, &new)), ("ok".into(), "ok".into()));
    assert!(!flows::public_keys(&app).contains(&signer(&app)));
}

pub(super) fn write_key(house: &House) -> PathBuf {
    let file = house.path().join("new-key");
    fs::write(&file, "0f".repeat(32)).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file
}

#[tokio::test]
async fn a_new_master_key_takes_over_while_servers_run() {
    let house = House::new();
    let running = house.server().await;
    let grant = register(&running).await;
    let (made, new) = (house.path().join("jotgate.db.master-key"), write_key(&house));
    let old_text = fs::read_to_string(&made).unwrap();
    let rekeyed = flows::rekey(&house.config(), &new).await.unwrap();
    assert_eq!((rekeyed.keys, rekeyed.was_done, rekeyed.replaced_file), (2, false, true));
    assert_eq!(fs::read_to_string(&made).unwrap(), "0f".repeat(32));
    // The running server goes on, and adds nothing that nobody else could open.
    running.follow_keys().await.unwrap();
    let grant = refresh(&running, &grant).await.unwrap();
    let refused = flows::rotate_key(&running, KeyPurpose::Signing).await.unwrap_err().to_string();
    assert!(refused.contains("another master key"), "{refused}");
    house.pass(100 * DAY);
    assert!(running.advance_keys().await.unwrap_err().to_string().contains("another master key"));
    house.pass(-100 * DAY);
    assert_eq!(verdict(&house.server().await, &grant), "ok");
    // As after a crash before the file was replaced: a start is refused, and calling it again finishes.
    fs::write(&made, old_text).unwrap();
    assert!(App::open(house.config()).await.unwrap_err().to_string().contains("jotgate keys rekey"));
    assert!(flows::rekey(&house.config(), &new).await.unwrap().was_done);
    assert_eq!(verdict(&house.server().await, &grant), "ok");
}

#[tokio::test]
async fn a_row_that_does_not_open_keeps_the_old_master_key() {
    let house = House::new();
    house.server().await.close().await;
    let new = write_key(&house);
    let database = rusqlite::Connection::open(house.path().join("jotgate.db")).unwrap();
    let damage = "UPDATE keys SET sealed = zeroblob(60) WHERE purpose = 'refresh'";
    let read = || {
        let all = "SELECT group_concat(kid || hex(sealed)) FROM keys";
        database.query_row(all, [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(database.execute(damage, []).unwrap(), 1);
    let before = read();
    let refused = flows::rekey(&house.config(), &new).await.unwrap_err().to_string();
    assert!(refused.contains("cannot be decrypted"), "{refused}");
    assert_eq!(read(), before);
}
