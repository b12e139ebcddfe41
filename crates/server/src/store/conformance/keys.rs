use super::House;
use super::fixture::NOW;
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};
use crate::store::keys::{InsertKeysIfNone, KeysVersion, LoadKeys};

fn key(kid: &str, purpose: KeyPurpose) -> StoredKey {
    StoredKey {
        kid: kid.to_owned(),
        purpose,
        algorithm: "EdDSA".to_owned(),
        state: KeyState::Active,
        sealed: vec![0, 255, 7],
        created_at: NOW,
        activated_at: Some(NOW.plus_seconds(1)),
        retired_at: None,
    }
}

pub(in crate::store) async fn keys_are_kept_as_given(house: &impl House) {
    let store = house.open();
    let before = store.read(LoadKeys).await.unwrap();
    assert_eq!(before.keys, []);
    let next = StoredKey { state: KeyState::Next, activated_at: None, ..key("b", KeyPurpose::Signing) };
    let old = StoredKey { state: KeyState::Retired, retired_at: Some(NOW), ..key("c", KeyPurpose::Refresh) };
    let keys = vec![key("a", KeyPurpose::Signing), next, old];
    let inserted = store.write(InsertKeysIfNone { keys: keys.clone() }).await.unwrap();
    assert_eq!(inserted.keys, keys);
    assert!(inserted.version > before.version);
    assert_eq!(store.read(LoadKeys).await.as_ref(), Ok(&inserted));
    assert_eq!(store.read(KeysVersion).await, Ok(inserted.version));
}

pub(in crate::store) async fn of_two_first_starts_one_makes_the_keys(house: &impl House) {
    let (ours, theirs) = (house.open(), house.open());
    let keys = |name: &str| {
        let (signing, refresh) = (format!("{name}-s"), format!("{name}-r"));
        InsertKeysIfNone { keys: vec![key(&signing, KeyPurpose::Signing), key(&refresh, KeyPurpose::Refresh)] }
    };
    let (a, b) = tokio::join!(ours.write(keys("ours")), theirs.write(keys("theirs")));
    let (a, b) = (a.unwrap().keys, b.unwrap().keys);
    assert_eq!(a.len(), 2);
    assert_eq!(a, b);
}

pub(in crate::store) async fn a_new_purpose_gets_its_keys(house: &impl House) {
    let store = house.open();
    store.write(InsertKeysIfNone { keys: vec![key("a", KeyPurpose::Signing)] }).await.unwrap();
    let more = vec![key("b", KeyPurpose::Signing), key("c", KeyPurpose::Refresh)];
    let there = store.write(InsertKeysIfNone { keys: more }).await.unwrap();
    assert_eq!(there.keys, [key("a", KeyPurpose::Signing), key("c", KeyPurpose::Refresh)]);
}
