//! Tokens of a hand-written predecessor beside those of the issuer that takes over.
#![expect(clippy::unwrap_used, reason = "these are tests; what cannot be set up fails them")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use jotgate_guard::{Algorithm, BuildError, Clock, Guard, GuardBuilder, Predecessor, RevocationSet, Stale};
use jotgate_jose::{SigningKey, jws};
use jotgate_wire::{Entry, Subject};
use serde_json::{Value, json};
use support::{AUDIENCE, ISSUER, NOW, claims, guard_with, key, outcome, token};

const SECRET: &[u8] = b"the secret of the old application";
const UNTIL: i64 = NOW + 86_400;

fn predecessor() -> Predecessor {
    Predecessor::new(SECRET, UNTIL).unwrap().subject_claim("id").email_claim("email").roles_claim("role")
}

fn guard(key: &SigningKey) -> GuardBuilder {
    guard_with(key).predecessor(predecessor())
}

fn old(claims: &Value) -> String {
    let key = SigningKey::hmac(Algorithm::Hs256, SECRET).unwrap();
    jws::sign(&key, Some("JWT"), claims.to_string().as_bytes()).unwrap()
}

#[tokio::test]
async fn both_are_taken_and_told_apart() {
    let key = key("k1");
    let guard = guard(&key).build().unwrap();
    let auth = guard.verify(&old(&json!({"id": "u1", "email": "ada@example.com", "role": "clerk"}))).await.unwrap();
    assert_eq!(auth.user(), (Predecessor::NAME, "u1"));
    assert_eq!(auth.expires_at(), UNTIL);
    let claims: Value = auth.claims().unwrap();
    assert_eq!((&claims["email"], &claims["roles"]), (&json!("ada@example.com"), &json!(["clerk"])));
    assert_eq!(auth.scopes().count(), 0);
    assert_eq!(guard.verify(&token(&key, &support::claims())).await.unwrap().user(), (ISSUER, "u1"));
}

#[tokio::test]
async fn the_secret_verifies_no_token_of_an_issuer() {
    let key = key("k1");
    let guard = guard(&key).build().unwrap();
    let mut forged = claims();
    forged["id"] = json!("u1");
    // HS256 is not what the issuer signs with, and its keys are asked alone.
    assert_eq!(outcome(&guard, &old(&forged)).await, "algorithm_not_allowed");
    forged["iss"] = json!(format!("{ISSUER}/"));
    assert_eq!(outcome(&guard, &old(&forged)).await, "issuer_mismatch");
    // An issuer that signs with HS256 itself has a secret of its own.
    let own = SigningKey::hmac(Algorithm::Hs256, &[7; 32]).unwrap().with_kid("h1");
    let symmetric =
        Guard::builder().issuer(ISSUER).audience(AUDIENCE).key(own.verifying_key()).clock(Clock::manual(NOW));
    let symmetric = symmetric.token_type("JWT").predecessor(predecessor()).build().unwrap();
    assert_eq!(outcome(&symmetric, &old(&claims())).await, "key_unknown");
    assert_eq!(outcome(&symmetric, &old(&json!({"id": "u1"}))).await, "ok");
    // The other way round: the issuer's own key makes no token of the predecessor.
    let other = jws::sign(&own, Some("JWT"), json!({"id": "u1"}).to_string().as_bytes()).unwrap();
    assert_eq!(outcome(&symmetric, &other).await, "signature_invalid");
}

#[tokio::test]
async fn after_the_date_they_are_refused_with_the_reason() {
    let key = key("k1");
    let clock = Clock::manual(UNTIL - 1);
    let guard = guard(&key).clock(clock.clone()).build().unwrap();
    let token = old(&json!({"id": "u1", "exp": UNTIL + 600}));
    assert_eq!(outcome(&guard, &token).await, "ok");
    clock.set(UNTIL);
    let refused = guard.verify(&token).await.unwrap_err();
    assert_eq!((refused.code(), refused.issuer()), ("token_expired", Some(Predecessor::NAME)));
    assert!(refused.expected().contains("predecessor were taken until"), "{refused}");
}

#[tokio::test]
async fn what_an_issuer_ends_of_a_subject_has_ended() {
    let key = key("k1");
    let revocations = Arc::new(RevocationSet::default());
    let guard = guard(&key).revocations(Arc::clone(&revocations)).build().unwrap();
    let token = old(&json!({"id": "u1", "iat": NOW - 60}));
    let auth = guard.verify(&token).await.unwrap();
    let waiting = tokio::spawn({
        let (guard, auth) = (guard.clone(), auth.clone());
        async move { guard.ended(&auth).await.code() }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    let subject = Subject::Sub { sub: "u1".to_owned(), issued_before: NOW };
    revocations.apply(Entry { seq: 1, subject, forget_at: NOW + 600 });
    assert_ne!(outcome(&guard, &token).await, "ok");
    assert_eq!(outcome(&guard, &old(&json!({"id": "u2", "iat": NOW - 60}))).await, "ok");
    let said = tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap().unwrap();
    assert_eq!(said, outcome(&guard, &token).await);
}

#[tokio::test]
async fn where_nobody_may_be_out_of_date_none_is_taken() {
    let key = key("k1");
    let guard = guard(&key).stale(Stale::Refuse).build().unwrap();
    assert_eq!(outcome(&guard, &old(&json!({"id": "u1"}))).await, "revocations_stale");
}

#[test]
fn a_predecessor_is_no_issuer() {
    let key = key("k1");
    let named = guard_with(&key).predecessor(predecessor().issuer(ISSUER)).build();
    assert!(matches!(named, Err(BuildError::IssuerTwice(name)) if name == ISSUER));
    let alone = Guard::builder().audience(AUDIENCE).predecessor(predecessor()).build();
    assert!(matches!(alone, Err(BuildError::NoIssuer)));
}
