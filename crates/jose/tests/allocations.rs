//! What verifying allocates. The figures are a promise: raise one only with a reason.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use allocation_counter::{AllocationInfo, measure};
use jotgate_jose::{Algorithm, KeySet, jwt};
use jotgate_testkit::{NOW, keys};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Borrowed<'a> {
    sub: &'a str,
    scope: &'a str,
}

fn policy(algorithm: Algorithm) -> jwt::Policy {
    let policy = jwt::Policy::builder().issuer("https://a").audience("api").algorithms([algorithm]);
    policy.token_type("at+jwt").require(["sid"]).build()
}

fn token(algorithm: Algorithm, extra: &str) -> String {
    let claims = json!({
        "iss": "https://a", "aud": "api", "sub": "ada", "exp": NOW + 600, "iat": NOW, "jti": "j1", "sid": "s1",
        "scope": "read write", "extra": extra,
    });
    jwt::sign(&keys::signing_key(algorithm), "at+jwt", &claims).expect("a token")
}

fn counted(run: impl FnMut()) -> AllocationInfo {
    measure(run)
}

#[test]
fn borrowed_claims_of_a_known_header_allocate_nothing() {
    for algorithm in [Algorithm::Hs256, Algorithm::EdDsa] {
        let (token, key, policy) = (token(algorithm, ""), keys::verifying_key(algorithm), policy(algorithm));
        let mut buffer = jwt::Buffer::new();
        jwt::verify_in::<Borrowed<'_>>(&mut buffer, &token, &key, &policy, NOW).expect("valid");
        let info = counted(|| {
            let verified = jwt::verify_in::<Borrowed<'_>>(&mut buffer, &token, &key, &policy, NOW).expect("valid");
            assert_eq!((verified.claims().sub, verified.claims().scope), ("ada", "read write"));
            assert_eq!(verified.registered().aud().next(), Some("api"));
        });
        assert_eq!(info.count_total, 0, "{algorithm}: {info:?}");
    }
}

#[test]
fn owned_registered_claims_allocate_once() {
    let (token, key) = (token(Algorithm::Hs256, ""), keys::verifying_key(Algorithm::Hs256));
    let policy = policy(Algorithm::Hs256);
    jwt::verify::<jwt::RegisteredOnly>(&token, &key, &policy, NOW).expect("valid");
    let info = counted(|| drop(jwt::verify::<jwt::RegisteredOnly>(&token, &key, &policy, NOW).expect("valid")));
    assert_eq!(info.count_total, 1, "{info:?}");
}

/// A token that cannot be good costs the same however long it is.
#[test]
fn refusing_a_hopeless_token_allocates_nothing_that_grows() {
    let set = KeySet::new([keys::verifying_key(Algorithm::Es256)]).expect("a set");
    let policy = policy(Algorithm::Es256);
    let bytes_for = |extra: &str| {
        let good = token(Algorithm::Es256, extra);
        let wrong_algorithm = token(Algorithm::EdDsa, extra);
        let malformed = token(Algorithm::Es256, extra).replace('.', "");
        let stranger = keys::signing_key(Algorithm::Es256).with_kid("other");
        let unknown_kid = jwt::sign(&stranger, "at+jwt", &json!({"extra": extra})).expect("a token");
        assert!(jwt::verify::<jwt::RegisteredOnly>(&good, &set, &policy, NOW).is_ok());
        [wrong_algorithm, malformed, unknown_kid].map(|token| {
            let refuse = || {
                let refused = jwt::verify::<jwt::RegisteredOnly>(&token, &set, &policy, NOW);
                assert!(refused.is_err());
            };
            counted(refuse).bytes_total
        })
    };
    let (short, long) = (bytes_for(""), bytes_for(&"x".repeat(11_000)));
    assert_eq!(short, long);
    assert!(short.iter().all(|bytes| *bytes < 400), "{short:?}");
}
