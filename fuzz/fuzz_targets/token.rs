//! Any text as a token: no panic, and `verify`, `verify_in` and `explain` agree.
#![no_main]

use std::sync::LazyLock;

use jotgate_jose::{Algorithm, KeySet, SigningKey, danger, jws, jwt};
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<KeySet> = LazyLock::new(|| {
    let keys = [Algorithm::EdDsa, Algorithm::Es256].map(|algorithm| SigningKey::generate(algorithm).unwrap().verifying_key());
    KeySet::new(keys).unwrap()
});

static POLICY: LazyLock<jwt::Policy> = LazyLock::new(|| {
    jwt::Policy::builder().issuer("i").audience("a").algorithms(Algorithm::ALL.iter().copied()).build()
});

fuzz_target!(|token: &str| {
    let refusal = jwt::verify::<jwt::RegisteredOnly>(token, &*KEYS, &POLICY, 1).expect_err("nobody signed it");
    let mut buffer = jwt::Buffer::new();
    let borrowed = jwt::verify_in::<jwt::RegisteredOnly>(&mut buffer, token, &*KEYS, &POLICY, 1);
    assert_eq!(borrowed.expect_err("likewise"), refusal);
    let explained = jwt::explain(token, &*KEYS, &POLICY, 1);
    assert!(explained.iter().any(|check| check.code == Some(refusal.code())));
    assert!(refusal.to_string().len() < 2000);
    let _ = jws::verify(token, &*KEYS, Algorithm::ALL);
    let _ = danger::decode(token);
});
