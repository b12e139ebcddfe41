use std::path::Path;

use jotgate_wire::SecretText;

use super::*;
use crate::config::{Config, Keys};
use crate::domain::rotation::CacheLives;
use crate::domain::time::Timestamp;
use crate::random::SystemRandom;
use crate::tokens::generate::Generator;

const SECRET: &str = "kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aYuEiOcVtR";
const OTHER_SECRET: &str = "pL7wE3rT9yU1iO5aS8dF2gH4jK6zX0cVbNmQwErT";

fn master(byte: &str) -> MasterKey {
    let keys = Keys { master_key: Some(SecretText::from(byte.repeat(32))), ..Keys::default() };
    MasterKey::find(&keys, Path::new("."), None, true, &SystemRandom).unwrap()
}

fn with_secret(secret: &str, previous: Option<&str>) -> Tokens {
    let previous_secret = previous.map(SecretText::from);
    Tokens { algorithm: Algorithm::Hs256, secret: Some(secret.into()), previous_secret, ..Tokens::default() }
}

fn made(tokens: &Tokens, purpose: KeyPurpose, state: KeyState, at: i64) -> StoredKey {
    let generator = Generator { master: &master("01"), random: &SystemRandom };
    let key = generator.active(purpose, tokens, Timestamp::from_millis(at)).unwrap();
    let sealed = key.sealed.clone().filter(|_| state != KeyState::Retired);
    StoredKey { state, sealed, ..key }
}

/// As after a first start.
fn generated(tokens: &Tokens) -> StoredKeys {
    let keys = [KeyPurpose::Refresh, KeyPurpose::Signing].map(|purpose| made(tokens, purpose, KeyState::Active, 1));
    let lives = CacheLives::default();
    StoredKeys { version: 1, master: Some(master("01").mark()), lives, keys: keys.to_vec() }
}

fn open(stored: &StoredKeys, tokens: &Tokens, master: &MasterKey) -> Result<Keyring, KeyringError> {
    Keyring::open(stored, tokens, &terms(), master)
}

fn follow(ring: &Keyring, stored: &StoredKeys, tokens: &Tokens, master: &MasterKey) -> Keyring {
    ring.follow(stored, tokens, &terms(), master).unwrap()
}

fn terms() -> Terms {
    Terms::new(&Config::new("https://auth.example.com").unwrap())
}

#[test]
fn keys_survive_the_store_and_only_under_their_master_key() {
    let tokens = Tokens::default();
    let stored = generated(&tokens);
    let one = open(&stored, &tokens, &master("01")).unwrap();
    let again = open(&stored, &tokens, &master("01")).unwrap();
    assert_eq!(one.signing().unwrap().kid(), again.signing().unwrap().kid());
    assert_eq!(one.jwks().etag, again.jwks().etag);
    assert_eq!(one.signing_since(), Some(Timestamp::from_millis(1)));
    let error = open(&stored, &tokens, &master("02")).unwrap_err();
    assert!(matches!(error, KeyringError::OtherMaster), "{error}");
    let unmarked = StoredKeys { master: None, ..stored };
    assert!(matches!(open(&unmarked, &tokens, &master("02")), Err(KeyringError::Sealed { .. })));
}

#[test]
fn a_moved_row_does_not_open() {
    let tokens = Tokens::default();
    for state in [KeyState::Active, KeyState::Retired] {
        let mut stored = generated(&tokens);
        stored.keys.push(made(&tokens, KeyPurpose::Signing, state, 2));
        stored.keys[2].kid = "another".into();
        assert!(matches!(open(&stored, &tokens, &master("01")), Err(KeyringError::Sealed { .. })), "{state:?}");
    }
    let mut stored = generated(&tokens);
    stored.keys[1].algorithm = "ES256".into();
    assert!(open(&stored, &tokens, &master("01")).unwrap_err().to_string().contains("another algorithm"));
}

/// Whoever can write to the database, and has no master key, cannot have their own key trusted.
#[test]
fn a_public_key_in_clear_does_not_open() {
    let tokens = Tokens::default();
    let theirs = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let jwk = theirs.verifying_key().to_jwk().unwrap().into_bytes();
    let mut stored = generated(&tokens);
    let row = made(&tokens, KeyPurpose::Signing, KeyState::Retired, 2);
    stored.keys.push(StoredKey { kid: theirs.kid().to_owned(), public: Some(jwk), ..row });
    assert!(matches!(open(&stored, &tokens, &master("01")), Err(KeyringError::Sealed { .. })));
}

#[test]
fn next_active_and_retired_verify_and_only_the_active_signs() {
    let tokens = Tokens::default();
    let mut stored = generated(&tokens);
    let es256 = Tokens { algorithm: Algorithm::Es256, ..Tokens::default() };
    stored.keys.push(made(&es256, KeyPurpose::Signing, KeyState::Next, 3));
    stored.keys.push(made(&tokens, KeyPurpose::Signing, KeyState::Retired, 0));
    let ring = open(&stored, &tokens, &master("01")).unwrap();
    assert_eq!(ring.signing().unwrap().kid(), stored.keys[1].kid);
    let kids: Vec<_> = ring.verifying().keys().iter().filter_map(VerifyingKey::kid).collect();
    assert_eq!(kids, [1, 2, 3].map(|at| stored.keys[at].kid.as_str()));
    assert_eq!(ring.algorithms().collect::<Vec<_>>(), [Algorithm::Es256, Algorithm::EdDsa]);
    let jwks = KeySet::from_json(std::str::from_utf8(&ring.jwks().body).unwrap()).unwrap();
    assert_eq!(jwks.len(), 3);
    stored.keys.pop();
    assert_ne!(open(&stored, &tokens, &master("01")).unwrap().jwks().etag, ring.jwks().etag);
}

#[test]
fn no_private_member_and_no_secret_is_published() {
    let stored = generated(&Tokens::default());
    let jwks = open(&stored, &Tokens::default(), &master("01")).unwrap().jwks().clone();
    let text = std::str::from_utf8(&jwks.body).unwrap();
    assert!(text.contains("\"kty\":\"OKP\"") && !text.contains("\"d\""), "{text}");

    let tokens = with_secret(SECRET, None);
    let stored = generated(&tokens);
    assert_eq!((&stored.keys[1].sealed, &stored.keys[1].public), (&None, &None), "the secret is not stored");
    let keyring = open(&stored, &tokens, &master("01")).unwrap();
    assert_eq!(keyring.jwks().body, Bytes::from_static(b"{\"keys\":[]}"));
    assert!(!format!("{keyring:?}").contains(SECRET));
}

#[test]
fn from_a_secret_to_a_key_pair_and_back() {
    let secret = with_secret(SECRET, None);
    let pair = Tokens { previous_secret: Some(SECRET.into()), ..Tokens::default() };
    // The secret still signs while the pair is next.
    let mut stored = generated(&secret);
    stored.keys.push(made(&pair, KeyPurpose::Signing, KeyState::Next, 2));
    let ring = open(&stored, &pair, &master("01")).unwrap();
    assert_eq!((ring.signing().unwrap().algorithm(), ring.verifying().len()), (Algorithm::Hs256, 2));
    assert_eq!(ring.algorithms().count(), 2);
    let published = KeySet::from_json(std::str::from_utf8(&ring.jwks().body).unwrap()).unwrap();
    assert_eq!(published.len(), 1, "the secret is in no key set");
    // Without it nothing can sign, and that is said.
    let said = open(&stored, &Tokens::default(), &master("01")).unwrap_err().to_string();
    assert!(said.contains("tokens.previous_secret"), "{said}");
    // Retired, its tokens are taken as long as it is configured.
    stored.keys[1].state = KeyState::Retired;
    stored.keys[2].state = KeyState::Active;
    assert_eq!(open(&stored, &pair, &master("01")).unwrap().verifying().len(), 2);
    assert_eq!(open(&stored, &Tokens::default(), &master("01")).unwrap().verifying().len(), 1);
    // One secret after another.
    let changed = with_secret(OTHER_SECRET, Some(SECRET));
    let mut stored = generated(&secret);
    stored.keys.push(made(&changed, KeyPurpose::Signing, KeyState::Next, 2));
    let ring = open(&stored, &changed, &master("01")).unwrap();
    assert_eq!((ring.signing().unwrap().kid(), ring.verifying().len()), (&*stored.keys[1].kid, 2));
}

/// After `jotgate keys rekey` a running server has the old master key still.
#[test]
fn under_another_master_key_known_keys_go_on_and_new_ones_are_left_out() {
    let tokens = Tokens::default();
    let mut stored = generated(&tokens);
    stored.keys.push(made(&tokens, KeyPurpose::Signing, KeyState::Next, 2));
    let present = open(&stored, &tokens, &master("01")).unwrap();
    stored.master = Some(master("02").mark());
    stored.keys[1].state = KeyState::Retired;
    stored.keys[2].state = KeyState::Active;
    let ring = follow(&present, &stored, &tokens, &master("01"));
    assert!(ring.failure().is_none());
    assert_eq!((ring.signing().unwrap().kid(), ring.verifying().len()), (&*stored.keys[2].kid, 2));
    // A key that is made later is left out, and nothing else is amiss.
    stored.keys.push(made(&tokens, KeyPurpose::Signing, KeyState::Next, 3));
    let ring = follow(&ring, &stored, &tokens, &master("01"));
    assert!(matches!(ring.failure(), Some(KeyringError::OtherMaster)), "{ring:?}");
    assert_eq!((ring.signing().unwrap().kid(), ring.verifying().len()), (&*stored.keys[2].kid, 2));
    // When it takes over in good order, the one before it goes on as long as it is stored.
    stored.keys[2].state = KeyState::Retired;
    stored.keys[3].state = KeyState::Active;
    let ring = follow(&ring, &stored, &tokens, &master("01"));
    assert_eq!(ring.signing().unwrap().kid(), stored.keys[2].kid);
    stored.keys.remove(2);
    let ring = follow(&ring, &stored, &tokens, &master("01"));
    assert_eq!((ring.signing().err(), ring.verifying().len()), (Some(NoKey), 1));
    // It stays gone, and what opens is taken in again.
    let ring = follow(&ring, &stored, &tokens, &master("01"));
    assert_eq!((ring.signing().err(), ring.verifying().len()), (Some(NoKey), 1));
    stored.master = Some(master("01").mark());
    let ring = follow(&ring, &stored, &tokens, &master("01"));
    assert!(ring.failure().is_none());
    assert_eq!((ring.signing().unwrap().kid(), ring.verifying().len()), (&*stored.keys[2].kid, 2));
}

/// Removing never fails, whichever row does not open and why.
#[test]
fn whatever_does_not_open_a_key_that_is_gone_is_gone() {
    let tokens = with_secret(SECRET, None);
    let damage: [fn(&mut StoredKey); 4] = [
        |key| key.sealed = Some(vec![0; 60]),
        |key| key.sealed = None,
        |key| key.kid = "another".into(),
        |key| *key = made(&with_secret(OTHER_SECRET, None), KeyPurpose::Signing, KeyState::Active, 3),
    ];
    for (at, damage) in damage.into_iter().enumerate() {
        for gone in [0, 1] {
            let mut stored = generated(&tokens);
            let present = open(&stored, &tokens, &master("01")).unwrap();
            let was = stored.keys.remove(gone);
            let purposes = [KeyPurpose::Refresh, KeyPurpose::Signing];
            let mut heir = made(&Tokens::default(), purposes[gone], KeyState::Active, 2);
            damage(&mut heir);
            stored.keys.push(heir);
            let ring = follow(&present, &stored, &tokens, &master("01"));
            assert!(ring.failure().is_some(), "{at}");
            let is_there = |kid: &str| ring.verifying().get(kid).is_some() || ring.private(kid).is_some();
            assert!(!is_there(&was.kid), "{at} {gone}");
            let opened = present.refresh_at(Timestamp::from_millis(5)).unwrap();
            assert_eq!(ring.refresh().get(opened.id).is_none(), gone == 0, "{at}");
            assert_eq!(ring.can_issue(Timestamp::from_millis(5)), Err(NoKey), "{at} {gone}");
        }
    }
}

/// A key of refresh tokens that is made later leaves the one before it in its place, and only as long as that is stored.
#[test]
fn the_refresh_key_before_one_that_does_not_open_goes_on_until_it_is_gone() {
    let tokens = Tokens::default();
    let mut stored = generated(&tokens);
    let (early, late) = (Timestamp::from_millis(3), Timestamp::from_millis(20));
    let present = open(&stored, &tokens, &master("01")).unwrap();
    stored.master = Some(master("02").mark());
    stored.keys.push(made(&tokens, KeyPurpose::Refresh, KeyState::Next, 10));
    let ring = follow(&present, &stored, &tokens, &master("01"));
    let ids = |ring: &Keyring| [early, late].map(|at| ring.refresh_at(at).map(RefreshKey::kid).ok());
    let first = Some(stored.keys[0].kid.clone());
    assert_eq!(ids(&ring), [first.clone(), first]);
    stored.keys.remove(0);
    let ring = follow(&ring, &stored, &tokens, &master("01"));
    assert_eq!((ids(&ring), ring.can_issue(late)), ([None, None], Err(NoKey)));
    assert_eq!(ids(&follow(&ring, &stored, &tokens, &master("01"))), [None, None]);
}
