use super::*;
use KeyState::{Active, Next, Retired};

const START: i64 = 1_800_000_000;
const DAY: i64 = 86_400;
/// 300 seconds of cache life and 90 until everyone has noticed.
const PUBLISHED: i64 = 390;

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(START + seconds)
}

fn rotation() -> Rotation {
    Rotation {
        wanted: Wanted::Pair("EdDSA".into()),
        every: Some(90 * DAY),
        cache_life: 300,
        caches_until: Timestamp::default(),
        keep_signing: 4200,
        keep_refresh: 180 * DAY,
    }
}

fn secret(kid: &str) -> Rotation {
    Rotation { wanted: Wanted::Secret(kid.into()), ..rotation() }
}

fn key(kid: &str, purpose: KeyPurpose, algorithm: &str, state: KeyState) -> StoredKey {
    let signed = state != Next;
    StoredKey {
        kid: kid.into(),
        purpose,
        algorithm: algorithm.into(),
        state,
        sealed: None,
        public: (purpose == KeyPurpose::Signing && !algorithm.starts_with("HS")).then(Vec::new),
        created_at: time(0),
        activate_at: signed.then(|| time(0)),
        activated_at: signed.then(|| time(0)),
        retired_at: (state == Retired).then(|| time(0)),
    }
}

fn signing(kid: &str, algorithm: &str, state: KeyState) -> StoredKey {
    key(kid, KeyPurpose::Signing, algorithm, state)
}

fn refresh(kid: &str, state: KeyState) -> StoredKey {
    key(kid, KeyPurpose::Refresh, "HS256", state)
}

fn planned(key: StoredKey, at: i64) -> StoredKey {
    StoredKey { activate_at: Some(time(at)), ..key }
}

fn make(purpose: KeyPurpose, at: Option<i64>, instead_of: Option<&str>) -> Step {
    Step::Make { purpose, activate_at: at.map(time), instead_of: instead_of.map(str::to_owned) }
}

/// The steps that are due at a moment.
#[track_caller]
fn due(rotation: &Rotation, keys: &[StoredKey], at: i64, expected: &[Step]) {
    assert_eq!(rotation.due(keys, time(at)), expected, "at {at}");
}

#[test]
fn a_key_is_made_a_week_ahead_and_signs_when_its_time_has_come() {
    let (purpose, active) = (KeyPurpose::Signing, signing("a", "EdDSA", Active));
    let alone = std::slice::from_ref(&active);
    due(&rotation(), alone, 83 * DAY - 1, &[]);
    due(&rotation(), alone, 83 * DAY, &[make(purpose, Some(90 * DAY), None)]);
    // A server that was off for long makes it at once, and does not let it sign at once.
    due(&rotation(), alone, 200 * DAY, &[make(purpose, Some(200 * DAY + PUBLISHED), None)]);
    let next = StoredKey { created_at: time(83 * DAY), ..planned(signing("b", "EdDSA", Next), 90 * DAY) };
    let both = [active, next];
    due(&rotation(), &both, 90 * DAY - 1, &[]);
    due(&rotation(), &both, 90 * DAY, &[Step::Activate("b".into())]);
}

#[test]
fn a_next_key_without_a_time_waits_for_the_rotation() {
    let keys = [signing("a", "EdDSA", Active), signing("b", "EdDSA", Next)];
    due(&rotation(), &keys, 90 * DAY - 1, &[]);
    due(&rotation(), &keys, 90 * DAY, &[Step::Activate("b".into())]);
    due(&Rotation { every: None, ..rotation() }, &keys, 900 * DAY, &[]);
}

#[test]
fn no_key_signs_before_everyone_must_know_it() {
    for at in [0, 1, 300, PUBLISHED - 1] {
        let keys = [signing("a", "EdDSA", Active), planned(signing("b", "EdDSA", Next), 0)];
        due(&rotation(), &keys, at, &[]);
        assert_eq!(rotation().asked(&keys[1], time(at)), Turn::At(time(PUBLISHED)));
    }
    let keys = [signing("a", "EdDSA", Active), planned(signing("b", "EdDSA", Next), 0)];
    due(&rotation(), &keys, PUBLISHED, &[Step::Activate("b".into())]);
    assert_eq!(rotation().asked(&keys[1], time(PUBLISHED)), Turn::Now);
    // A longer cache life moves the moment, also for a key that was planned under a shorter one.
    let patient = Rotation { cache_life: 3600, ..rotation() };
    due(&patient, &keys, 3689, &[]);
    due(&patient, &keys, 3690, &[Step::Activate("b".into())]);
    // A clock that was set back is no reason either.
    due(&rotation(), &keys, -DAY, &[]);
}

#[test]
fn another_algorithm_is_prepared_at_once_and_signs_as_soon_as_it_may() {
    let active = signing("a", "EdDSA", Active);
    let wanted = Rotation { wanted: Wanted::Pair("ES256".into()), ..rotation() };
    let purpose = KeyPurpose::Signing;
    due(&wanted, std::slice::from_ref(&active), 5, &[make(purpose, Some(5 + PUBLISHED), None)]);
    // One that was made for the old algorithm makes room.
    let unwanted = [active.clone(), signing("b", "EdDSA", Next)];
    due(&wanted, &unwanted, 5, &[make(purpose, Some(5 + PUBLISHED), Some("b"))]);
    // One that waits to be asked need not wait any longer.
    let ready = [active.clone(), signing("c", "ES256", Next)];
    due(&wanted, &ready, PUBLISHED - 1, &[]);
    due(&wanted, &ready, PUBLISHED, &[Step::Activate("c".into())]);
    // Who changes their mind is left with a next key that never signs, and with none that is lost.
    due(&rotation(), &ready, 10 * DAY, &[]);
    due(&rotation(), &ready, 83 * DAY, &[make(purpose, Some(90 * DAY), Some("c"))]);
}

#[test]
fn a_secret_signs_only_when_it_is_asked_to() {
    let pair = signing("a", "EdDSA", Active);
    due(&secret("s"), std::slice::from_ref(&pair), 5, &[make(KeyPurpose::Signing, None, None)]);
    let prepared = [pair.clone(), signing("s", "HS256", Next)];
    due(&secret("s"), &prepared, 900 * DAY, &[]);
    let asked = [pair, planned(signing("s", "HS256", Next), PUBLISHED)];
    due(&secret("s"), &asked, PUBLISHED - 1, &[]);
    due(&secret("s"), &asked, PUBLISHED, &[Step::Activate("s".into())]);
    // It has no age: it changes when the configuration does.
    let active = signing("s", "HS256", Active);
    due(&secret("s"), std::slice::from_ref(&active), 900 * DAY, &[]);
    due(&secret("t"), std::slice::from_ref(&active), 5, &[make(KeyPurpose::Signing, None, None)]);
    due(&rotation(), std::slice::from_ref(&active), 5, &[make(KeyPurpose::Signing, Some(5 + PUBLISHED), None)]);
}

#[test]
fn a_retired_key_stays_until_its_last_token_has_expired() {
    for (key, gone) in [
        (signing("a", "EdDSA", Retired), 4200),
        (signing("s", "HS256", Retired), 4200),
        (refresh("r", Retired), 180 * DAY),
    ] {
        let keys = std::slice::from_ref(&key);
        due(&rotation(), keys, gone - 1, &[]);
        due(&rotation(), keys, gone, &[Step::Drop(key.kid.clone())]);
        assert_eq!(rotation().gone_at(&key), Some(time(gone)));
    }
    for state in [Next, Active] {
        assert_eq!(rotation().gone_at(&signing("a", "EdDSA", state)), None);
    }
}

#[test]
fn keys_of_refresh_tokens_rotate_by_a_time_that_every_server_knows() {
    let active = refresh("r", Active);
    let alone = std::slice::from_ref(&active);
    due(&rotation(), alone, 83 * DAY, &[make(KeyPurpose::Refresh, Some(90 * DAY), None)]);
    due(&rotation(), alone, 200 * DAY, &[make(KeyPurpose::Refresh, Some(200 * DAY + 90), None)]);
    let keys = [active, StoredKey { created_at: time(83 * DAY), ..planned(refresh("q", Next), 90 * DAY) }];
    due(&rotation(), &keys, 90 * DAY - 1, &[]);
    due(&rotation(), &keys, 90 * DAY, &[Step::Activate("q".into())]);
    // One that is made because it is asked for is no exception.
    assert_eq!(rotation().asked(&refresh("n", Next), time(0)), Turn::At(time(90)));
    // Asked earlier: every server has to notice the new time first.
    assert_eq!(rotation().asked(&keys[1], time(84 * DAY)), Turn::At(time(84 * DAY + 90)));
    assert_eq!(rotation().asked(&keys[1], time(90 * DAY - 30)), Turn::At(time(90 * DAY)));
    assert_eq!(rotation().asked(&keys[1], time(90 * DAY)), Turn::Now);
}

#[test]
fn the_heir_of_a_revoked_key_is_one_that_verifiers_know() {
    let keys = [signing("a", "EdDSA", Active), signing("b", "ES256", Next), refresh("r", Active)];
    let of = |revoked: &[&str]| {
        let revoked: Vec<_> = revoked.iter().map(|kid| (*kid).to_owned()).collect();
        heir(&keys, KeyPurpose::Signing, &revoked).map(|key| key.kid.clone())
    };
    assert_eq!(of(&["a"]).as_deref(), Some("b"));
    assert_eq!(of(&["a", "b"]), None);
    assert_eq!(heir(&keys, KeyPurpose::Refresh, &["r".into()]), None);
    // Nobody can know who has got a secret.
    let keys = [signing("a", "EdDSA", Active), signing("s", "HS256", Next)];
    assert_eq!(heir(&keys, KeyPurpose::Signing, &["a".into()]), None);
}

/// A year of servers that look at random moments: there is always one active key, no key signs before its time, and none goes
/// while a token of it can be alive.
#[test]
fn a_year_of_looks_keeps_the_rules() {
    let rotation = Rotation { every: Some(DAY), ..rotation() };
    let (mut keys, mut made, mut activated) = (vec![signing("0", "EdDSA", Active), refresh("r0", Active)], 0, 0);
    let mut at = 0;
    while at < 365 * DAY {
        at += 61 + (at * 7919) % 5000;
        let now = time(at);
        for step in rotation.due(&keys, now) {
            match step {
                Step::Make { purpose, activate_at, instead_of } => {
                    assert_eq!(instead_of, None);
                    made += 1;
                    let name = format!("{}{made}", purpose.name());
                    let algorithm = if purpose == KeyPurpose::Signing { "EdDSA" } else { "HS256" };
                    keys.push(StoredKey { created_at: now, activate_at, ..key(&name, purpose, algorithm, Next) });
                }
                Step::Activate(kid) => {
                    let next = keys.iter().find(|key| key.kid == kid).unwrap().clone();
                    assert!(now >= next.created_at.plus_seconds(rotation.published_for(next.purpose)));
                    for key in keys.iter_mut().filter(|key| key.purpose == next.purpose) {
                        match key.state {
                            Active => (key.state, key.retired_at) = (Retired, Some(now)),
                            Next => (key.state, key.activated_at) = (Active, Some(now)),
                            Retired => {}
                        }
                    }
                    activated += 1;
                }
                Step::Drop(kid) => {
                    let gone = keys.iter().find(|key| key.kid == kid).unwrap();
                    let kept = if gone.purpose == KeyPurpose::Signing { 4200 } else { 180 * DAY };
                    assert!(gone.retired_at.unwrap().plus_seconds(kept) <= now);
                    keys.retain(|key| key.kid != kid);
                }
            }
        }
        for purpose in [KeyPurpose::Signing, KeyPurpose::Refresh] {
            for (state, most) in [(Active, 1), (Next, 1)] {
                let count = keys.iter().filter(|key| key.purpose == purpose && key.state == state).count();
                assert!(count <= most && (state == Next || count == 1), "{at}");
            }
        }
    }
    assert!(activated > 600 && keys.len() < 200, "{activated} {}", keys.len());
}

#[test]
fn a_life_that_was_longer_before_is_waited_for() {
    let lives = CacheLives::default().published_with(3600, time(-9000)).unwrap();
    assert_eq!(lives.published_with(3600, time(0)), None);
    let shorter = lives.published_with(300, time(0)).unwrap();
    assert_eq!(shorter, CacheLives { life: 300, until: time(3600) });
    let again = shorter.published_with(60, time(10)).unwrap();
    assert_eq!(again, CacheLives { life: 60, until: time(3600) }, "the longest counts");
    let rotation = rotation().remembering(shorter);
    let made = |at: i64| StoredKey { created_at: time(at), ..signing("b", "EdDSA", Next) };
    for (made_at, signs_at) in [(-10, 3690), (3, 3690), (3599, 3989), (3600, 3990), (9000, 9390)] {
        assert_eq!(rotation.earliest(&made(made_at)), time(signs_at), "made at {made_at}");
    }
    let of_refresh = StoredKey { created_at: time(3), ..refresh("r", Next) };
    assert_eq!(rotation.earliest(&of_refresh), time(93), "it is in no key set");
    due(&rotation, &[signing("a", "ES256", Active)], 3, &[make(KeyPurpose::Signing, Some(3690), None)]);
}
