use super::House;
use super::fixture::{NOW, at_once, feed};
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};
use crate::domain::revocation::Subject;
use crate::domain::rotation::{Rotation, Turn, Wanted};
use crate::domain::time::Timestamp;
use crate::store::keys::{
    AdvanceKeys, Ask, Change, InsertKeysIfNone, KeysVersion, LoadKeys, NextKey, OtherMaster, Reseal, ResealOutcome,
    Resealed, RevokeKeys, RevokeOutcome,
};
use crate::store::tx::Tx;
use crate::store::{Op, Store, StoreError};

const MASTER: i64 = 7;
/// From making a key to its first signature.
const PUBLISHED: i64 = 390;

fn key(kid: &str, purpose: KeyPurpose) -> StoredKey {
    StoredKey {
        kid: kid.to_owned(),
        purpose,
        algorithm: "EdDSA".to_owned(),
        state: KeyState::Active,
        sealed: Some(vec![0, 255, 7]),
        public: (purpose == KeyPurpose::Signing).then(|| vec![1, 254]),
        created_at: NOW,
        activate_at: Some(NOW.plus_seconds(1)),
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
    let inserted = store.write(InsertKeysIfNone { keys: keys.clone(), master: MASTER }).await.unwrap();
    assert_eq!(inserted.keys, keys);
    assert!(inserted.version > before.version);
    assert_eq!(store.read(LoadKeys).await.as_ref(), Ok(&inserted));
    assert_eq!(store.read(KeysVersion).await, Ok(inserted.version));
}

pub(in crate::store) async fn of_two_first_starts_one_makes_the_keys(house: &impl House) {
    let (ours, theirs) = (house.open(), house.open());
    let keys = |name: &str| {
        let (signing, refresh) = (format!("{name}-s"), format!("{name}-r"));
        InsertKeysIfNone {
            keys: vec![key(&signing, KeyPurpose::Signing), key(&refresh, KeyPurpose::Refresh)],
            master: MASTER,
        }
    };
    let (a, b) = tokio::join!(ours.write(keys("ours")), theirs.write(keys("theirs")));
    let (a, b) = (a.unwrap().keys, b.unwrap().keys);
    assert_eq!(a.len(), 2);
    assert_eq!(a, b);
}

pub(in crate::store) async fn a_new_purpose_gets_its_keys(house: &impl House) {
    let store = house.open();
    store.write(InsertKeysIfNone { keys: vec![key("a", KeyPurpose::Signing)], master: MASTER }).await.unwrap();
    let more = vec![key("b", KeyPurpose::Signing), key("c", KeyPurpose::Refresh)];
    let there = store.write(InsertKeysIfNone { keys: more, master: MASTER }).await.unwrap();
    assert_eq!(there.keys, [key("a", KeyPurpose::Signing), key("c", KeyPurpose::Refresh)]);
}

fn rotation() -> Rotation {
    Rotation {
        wanted: Wanted::Pair("EdDSA".to_owned()),
        every: Some(90 * 86_400),
        cache_life: 300,
        caches_until: Timestamp::default(),
        keep_signing: 4200,
        keep_refresh: 86_400,
    }
}

fn fresh(kid: &str, purpose: KeyPurpose, now: Timestamp) -> StoredKey {
    let state = KeyState::Next;
    StoredKey { state, created_at: now, activate_at: None, activated_at: None, ..key(kid, purpose) }
}

fn later(seconds: i64) -> Timestamp {
    NOW.plus_seconds(seconds)
}

/// A store with an active key for each purpose: `a` and `r`.
async fn begun(house: &impl House) -> Store {
    let store = house.open();
    let keys = vec![key("a", KeyPurpose::Signing), key("r", KeyPurpose::Refresh)];
    store.write(InsertKeysIfNone { keys, master: MASTER }).await.unwrap();
    store
}

fn ask(kid: &str, ask: Ask, now: Timestamp) -> NextKey {
    let purpose = KeyPurpose::Signing;
    NextKey { purpose, ask, rotation: rotation(), made: fresh(kid, purpose, now), master: MASTER, now }
}

fn advance(made: &[&str], now: Timestamp) -> AdvanceKeys {
    let made = made.iter().map(|kid| fresh(kid, KeyPurpose::Signing, now)).collect();
    AdvanceKeys { rotation: rotation(), made, keep: Vec::new(), master: MASTER, now }
}

fn revoke(kids: &[&str], heirs: &[&str]) -> RevokeKeys {
    let heirs = heirs.iter().map(|kid| key(kid, KeyPurpose::Signing)).collect();
    let kids = kids.iter().map(|kid| (*kid).to_owned()).collect();
    RevokeKeys { kids, heirs, master: MASTER, now: NOW, forget_at: later(10) }
}

/// Each signing key with its state and whether its private half is there.
async fn states(store: &Store) -> Vec<(String, KeyState, bool)> {
    let stored = store.read(LoadKeys).await.unwrap();
    let signing = stored.keys.into_iter().filter(|key| key.purpose == KeyPurpose::Signing);
    signing.map(|key| (key.kid, key.state, key.sealed.is_some())).collect()
}

fn state(kid: &str, state: KeyState, private: bool) -> (String, KeyState, bool) {
    (kid.to_owned(), state, private)
}

pub(in crate::store) async fn a_key_lives_from_next_to_gone(house: &impl House) {
    let store = begun(house).await;
    let asked = store.write(ask("b", Ask::Sign, NOW)).await.unwrap().unwrap();
    assert_eq!((&*asked.kid, asked.was_there, asked.turn), ("b", false, Some(Turn::At(later(PUBLISHED)))));
    let published = [state("a", KeyState::Active, true), state("b", KeyState::Next, true)];
    assert_eq!(store.write(advance(&[], later(PUBLISHED - 1))).await, Ok(Ok(vec![])));
    assert_eq!(states(&store).await, published);
    let again = store.write(ask("c", Ask::Sign, later(PUBLISHED - 1))).await.unwrap().unwrap();
    assert_eq!((&*again.kid, again.was_there, again.turn), ("b", true, Some(Turn::At(later(PUBLISHED)))));
    assert_eq!(states(&store).await, published, "asking does not make it earlier");
    let changes = store.write(advance(&[], later(PUBLISHED))).await;
    assert_eq!(changes, Ok(Ok(vec![Change::Activated("b".into())])));
    let rotated = [state("a", KeyState::Retired, false), state("b", KeyState::Active, true)];
    assert_eq!(states(&store).await, rotated, "the private half goes with the last signature");
    assert_eq!(store.write(advance(&[], later(PUBLISHED + 4199))).await, Ok(Ok(vec![])));
    let changes = store.write(advance(&[], later(PUBLISHED + 4200))).await;
    assert_eq!(changes, Ok(Ok(vec![Change::Dropped("a".into())])));
    assert_eq!(states(&store).await, [state("b", KeyState::Active, true)]);
    assert_eq!(feed(&store).await.head, 0, "an orderly change revokes nothing");
}

pub(in crate::store) async fn of_many_servers_one_takes_each_step(house: &impl House) {
    let store = begun(house).await;
    let took = async |now: Timestamp| {
        let names: Vec<_> = (0..20).map(|n| format!("{n}@{}", now.seconds())).collect();
        let all = at_once(&store, names.iter().map(|name| advance(&[name], now))).await;
        all.into_iter().filter(|changes| !changes.as_ref().unwrap().as_ref().unwrap().is_empty()).count()
    };
    let rotation = 90 * 86_400 + 1;
    assert_eq!(took(later(rotation - 7 * 86_400 - 1)).await, 0);
    assert_eq!(took(later(rotation - 7 * 86_400)).await, 1);
    assert_eq!(took(later(rotation - 1)).await, 0);
    assert_eq!(took(later(rotation)).await, 1);
    assert_eq!(states(&store).await.len(), 2);
    assert_eq!(took(later(rotation + 4200)).await, 1);
    assert_eq!(states(&store).await.len(), 1);
    let asked = at_once(&store, ["x", "y", "z"].map(|kid| ask(kid, Ask::Exist, NOW))).await;
    let made = asked.into_iter().filter(|asked| !asked.as_ref().unwrap().as_ref().unwrap().was_there).count();
    assert_eq!((made, states(&store).await.len()), (1, 2));
}

pub(in crate::store) async fn a_revoked_key_is_gone_named_and_replaced_at_once(house: &impl House) {
    let store = begun(house).await;
    let revoked = store.write(revoke(&["a"], &["h"])).await;
    let changes = vec![Change::Revoked("a".into()), Change::Activated("h".into())];
    assert_eq!(revoked, Ok(RevokeOutcome::Revoked(changes)));
    assert_eq!(states(&store).await, [state("h", KeyState::Active, true)]);
    let entries = feed(&store).await.entries;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].revocation.subject, Subject::Key("a".into()));
    assert_eq!(entries[0].revocation.forget_at, later(10));
    assert_eq!(store.write(revoke(&["a"], &["i"])).await, Ok(RevokeOutcome::Unknown("a".into())));
    assert_eq!(store.write(revoke(&["h"], &[])).await, Ok(RevokeOutcome::NoHeir(KeyPurpose::Signing)));
    assert_eq!(states(&store).await, [state("h", KeyState::Active, true)], "refused, so nothing has changed");
    assert_eq!(feed(&store).await.head, 1);
}

pub(in crate::store) async fn the_next_key_takes_over_from_a_revoked_one(house: &impl House) {
    let store = begun(house).await;
    store.write(ask("b", Ask::Exist, NOW)).await.unwrap().unwrap();
    store.write(revoke(&["a"], &["h"])).await.unwrap();
    assert_eq!(states(&store).await, [state("b", KeyState::Active, true)]);
    store.write(ask("c", Ask::Exist, NOW)).await.unwrap().unwrap();
    store.write(revoke(&["b", "c"], &["h"])).await.unwrap();
    assert_eq!(states(&store).await, [state("h", KeyState::Active, true)], "the next one may be stolen, too");
    assert_eq!(feed(&store).await.head, 3);
    // A key of refresh tokens signs nothing that a verifier sees.
    let heirs = vec![key("q", KeyPurpose::Refresh)];
    store.write(RevokeKeys { heirs, ..revoke(&["r"], &[]) }).await.unwrap();
    assert_eq!(feed(&store).await.head, 3);
}

pub(in crate::store) async fn of_two_revocations_at_once_one_key_signs(house: &impl House) {
    let store = begun(house).await;
    let done = at_once(&store, ["h", "i"].map(|heir| revoke(&["a"], &[heir]))).await;
    let unknown = |outcome: &&Result<_, StoreError>| matches!(outcome, Ok(RevokeOutcome::Unknown(_)));
    assert_eq!(done.iter().filter(unknown).count(), 1);
    assert_eq!(states(&store).await.len(), 1);
    assert_eq!(feed(&store).await.head, 1);
}

/// The operation, and then an end that comes before the commit.
#[derive(Debug)]
struct Interrupted<O>(O);

impl<O: Op> Op for Interrupted<O> {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        self.0.run(tx).await?;
        Err(StoreError::Unavailable("interrupted".to_owned()))
    }
}

pub(in crate::store) async fn what_is_interrupted_leaves_nothing_half_done(house: &impl House) {
    let store = begun(house).await;
    store.write(ask("b", Ask::Exist, NOW)).await.unwrap().unwrap();
    let before = store.read(LoadKeys).await.unwrap();
    let end = later(100 * 86_400);
    let interrupted = [
        store.write(Interrupted(advance(&["c"], end))).await,
        store.write(Interrupted(ask("c", Ask::Sign, end))).await,
        store.write(Interrupted(revoke(&["a", "b"], &["h"]))).await,
        store.write(Interrupted(reseal(&before.keys, before.version))).await,
    ];
    assert!(interrupted.iter().all(Result::is_err));
    assert_eq!(store.read(LoadKeys).await, Ok(before));
    assert_eq!(feed(&store).await.head, 0);
}

fn reseal(keys: &[StoredKey], version: u64) -> Reseal {
    let again = |key: &StoredKey| Resealed {
        kid: key.kid.clone(),
        sealed: key.sealed.as_ref().map(|_| vec![9]),
        public: key.public.as_ref().map(|_| vec![8]),
    };
    Reseal { version, keys: keys.iter().map(again).collect(), master: MASTER + 1 }
}

pub(in crate::store) async fn all_keys_get_another_master_key_or_none(house: &impl House) {
    let store = begun(house).await;
    let stored = store.read(LoadKeys).await.unwrap();
    store.write(ask("b", Ask::Exist, NOW)).await.unwrap().unwrap();
    assert_eq!(store.write(reseal(&stored.keys, stored.version)).await, Ok(ResealOutcome::Changed));
    let stored = store.read(LoadKeys).await.unwrap();
    assert_eq!(stored.master, Some(MASTER));
    assert_eq!(store.write(reseal(&stored.keys, stored.version)).await, Ok(ResealOutcome::Done));
    let after = store.read(LoadKeys).await.unwrap();
    assert_eq!(after.master, Some(MASTER + 1));
    assert!(after.keys.iter().all(|key| key.sealed == Some(vec![9]) && key.public.as_ref().is_none_or(|p| *p == [8])));
    // Whoever has the old master key adds nothing that nobody else could open.
    let end = later(100 * 86_400);
    assert_eq!(store.write(advance(&["c"], end)).await, Ok(Err(OtherMaster)));
    assert_eq!(store.write(ask("c", Ask::Sign, end)).await, Ok(Err(OtherMaster)));
    assert_eq!(store.write(revoke(&["a"], &["h"])).await, Ok(RevokeOutcome::OtherMaster(OtherMaster)));
    assert_eq!(store.read(LoadKeys).await.unwrap().keys, after.keys);
}
