use super::House;
use super::fixture::NOW;
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};
use crate::store::keys::{InsertKeysIfNone, LoadKeys};

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
    assert_eq!(store.read(LoadKeys).await, Ok(Vec::new()));
    let next = StoredKey { state: KeyState::Next, activated_at: None, ..key("b", KeyPurpose::Signing) };
    let old = StoredKey { state: KeyState::Retired, retired_at: Some(NOW), ..key("c", KeyPurpose::Refresh) };
    let keys = vec![key("a", KeyPurpose::Signing), next, old];
    assert_eq!(store.write(InsertKeysIfNone { keys: keys.clone() }).await, Ok(keys.clone()));
    assert_eq!(store.read(LoadKeys).await, Ok(keys));
}

pub(in crate::store) async fn of_two_first_starts_one_makes_the_keys(house: &impl House) {
    let (ours, theirs) = (house.open(), house.open());
    let keys = |name: &str| {
        let (signing, refresh) = (format!("{name}-s"), format!("{name}-r"));
        InsertKeysIfNone { keys: vec![key(&signing, KeyPurpose::Signing), key(&refresh, KeyPurpose::Refresh)] }
    };
    let (a, b) = tokio::join!(ours.write(keys("ours")), theirs.write(keys("theirs")));
    assert_eq!(a.as_ref().map(Vec::len), Ok(2));
    assert_eq!(a, b);
}

pub(in crate::store) async fn a_new_purpose_gets_its_keys(house: &impl House) {
    let store = house.open();
    store.write(InsertKeysIfNone { keys: vec![key("a", KeyPurpose::Signing)] }).await.unwrap();
    let more = vec![key("b", KeyPurpose::Signing), key("c", KeyPurpose::Refresh)];
    let there = store.write(InsertKeysIfNone { keys: more }).await.unwrap();
    assert_eq!(there, [key("a", KeyPurpose::Signing), key("c", KeyPurpose::Refresh)]);
}
