//! What a client of a protected API is answered, to the letter.

mod support;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use jotgate_guard::{AccessClaims, Auth, Guard, RevocationSet, Scoped, scope};
use jotgate_jose::jwt;
use jotgate_wire::{Entry, Subject};
use serde_json::{Value, json};
use support::{Answer, claims, claims_with, get, guard_with, key, send, token, with_token};

scope!(pub ProfileScope = "profile");
scope!(OrdersWrite = "orders:write");

async fn hello(auth: Auth) -> String {
    format!("hello {}", auth.subject())
}

async fn perhaps(auth: Option<Auth>) -> String {
    auth.map_or("hello stranger".to_owned(), |auth| format!("hello {}", auth.subject()))
}

async fn profile(auth: Scoped<ProfileScope>) -> String {
    format!("profile of {}", auth.subject())
}

async fn order(_auth: Scoped<OrdersWrite>) -> &'static str {
    "ordered"
}

fn app(guard: &Guard) -> Router {
    let required = Router::new()
        .route("/hello", on_get(hello))
        .route("/profile", on_get(profile))
        .route("/order", on_get(order))
        .layer(guard.layer());
    let optional =
        Router::new().route("/perhaps", on_get(perhaps)).route("/must", on_get(hello)).layer(guard.optional());
    let scoped = Router::new().route("/read", on_get(hello)).layer(guard.require_scope("orders:read"));
    let closed = Router::new().route("/write", on_get(hello)).layer(guard.require_scope("orders"));
    required.merge(optional).merge(scoped).merge(closed).route("/open", on_get(hello)).route("/open2", on_get(perhaps))
}

fn check(answer: &Answer, status: u16, challenge: Option<&str>, code: &str) {
    assert_eq!((answer.status, answer.challenge.as_deref()), (status, challenge), "{answer:?}");
    assert_eq!(answer.code(), code);
    assert_eq!(answer.headers[CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn a_good_token_gets_in() {
    let key = key("k1");
    let app = app(&guard_with(&key).build().unwrap());
    for (path, body) in [
        ("/hello", "hello u1"),
        ("/perhaps", "hello u1"),
        ("/must", "hello u1"),
        ("/profile", "profile of u1"),
        ("/read", "hello u1"),
    ] {
        let answer = send(&app, with_token(path, &token(&key, &claims()))).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path}");
    }
}

#[tokio::test]
async fn no_token_is_a_bare_challenge() {
    let app = app(&guard_with(&key("k1")).build().unwrap());
    for path in ["/hello", "/must", "/read", "/profile"] {
        let answer = send(&app, get(path).body(Body::empty()).unwrap()).await;
        check(&answer, 401, Some("Bearer"), "token_missing");
    }
    let other_scheme = get("/hello").header(AUTHORIZATION, "Basic dTpw").body(Body::empty()).unwrap();
    check(&send(&app, other_scheme).await, 401, Some("Bearer"), "token_missing");
}

#[tokio::test]
async fn anonymous_requests_pass_where_they_may_and_bad_tokens_do_not() {
    let key = key("k1");
    let app = app(&guard_with(&key).build().unwrap());
    let anonymous = send(&app, get("/perhaps").body(Body::empty()).unwrap()).await;
    assert_eq!((anonymous.status, anonymous.body.as_str()), (200, "hello stranger"));
    let expired = token(&key, &claims_with(&json!({"exp": support::NOW - 31})));
    let challenge = r#"Bearer error="invalid_token", error_description="token_expired""#;
    check(&send(&app, with_token("/perhaps", &expired)).await, 401, Some(challenge), "token_expired");
}

#[tokio::test]
async fn every_refusal_has_its_code_and_says_no_more() {
    let key = key("k1");
    let app = app(&guard_with(&key).build().unwrap());
    let stranger = support::key("k1");
    let refused = |changes: Value| token(&key, &claims_with(&changes));
    let cases = [
        ("token_malformed", "not-a-token".to_owned()),
        ("key_unknown", token(&support::key("k2"), &claims())),
        ("signature_invalid", token(&stranger, &claims())),
        ("type_mismatch", jwt::sign(&key, "JWT", &claims()).unwrap()),
        ("type_mismatch", jwt::sign(&key, "logout+jwt", &claims()).unwrap()),
        ("type_mismatch", format!("jgr_{}", "A".repeat(82))),
        ("issuer_mismatch", refused(json!({"iss": "https://auth.example.com/"}))),
        ("audience_mismatch", refused(json!({"aud": "https://api.example.com.evil.example"}))),
        ("token_expired", refused(json!({"exp": support::NOW - 30}))),
        ("token_not_yet_valid", refused(json!({"nbf": support::NOW + 31}))),
        ("claim_missing", refused(json!({"sub": null}))),
        ("claim_missing", refused(json!({"exp": null}))),
        ("claim_malformed", refused(json!({"exp": "soon"}))),
    ];
    for (code, token) in cases {
        let answer = send(&app, with_token("/hello", &token)).await;
        let challenge = format!(r#"Bearer error="invalid_token", error_description="{code}""#);
        check(&answer, 401, Some(&challenge), code);
        assert!(!answer.body.contains("https://"), "the answer says what was expected: {}", answer.body);
    }
}

#[tokio::test]
async fn a_lacking_scope_is_named() {
    let key = key("k1");
    let app = app(&guard_with(&key).build().unwrap());
    // Scopes are whole words: `orders:read` does not grant `orders`.
    for (path, scope) in [("/write", "orders"), ("/order", "orders:write")] {
        let answer = send(&app, with_token(path, &token(&key, &claims()))).await;
        let challenge =
            format!(r#"Bearer error="insufficient_scope", error_description="scope_insufficient", scope="{scope}""#);
        check(&answer, 403, Some(&challenge), "scope_insufficient");
    }
    let without = token(&key, &claims_with(&json!({"scope": null})));
    assert_eq!(send(&app, with_token("/read", &without)).await.status, 403);
}

#[tokio::test]
async fn scopes_are_whole_words_in_whatever_form_an_issuer_writes_them() {
    let key = key("k1");
    let guard = guard_with(&key).build().unwrap();
    for (changes, granted) in [
        (json!({"scope": "orders:read  orders"}), vec!["orders:read", "orders"]),
        (json!({"scope": ["orders:read", "two words", ""]}), vec!["orders:read"]),
        (json!({"scope": null, "scp": ["orders:read", "orders"]}), vec!["orders:read", "orders"]),
        (json!({"scope": null, "scp": "orders:read"}), vec!["orders:read"]),
        (json!({"scope": "profile", "scp": ["orders"]}), vec!["profile"]),
        (json!({"scope": 7}), vec![]),
        (json!({"scope": ["orders", 7]}), vec![]),
        (json!({"scope": null}), vec![]),
    ] {
        let auth = guard.verify(&token(&key, &claims_with(&changes))).await.unwrap();
        assert_eq!(auth.scopes().collect::<Vec<_>>(), granted, "{changes}");
        for scope in ["orders", "orders:read", "two", "two words", ""] {
            assert_eq!(auth.has_scope(scope), granted.contains(&scope), "{changes} {scope:?}");
        }
    }
}

#[tokio::test]
async fn a_token_sent_in_a_wrong_way_is_a_bad_request() {
    let key = key("k1");
    let app = app(&guard_with(&key).build().unwrap());
    let token = token(&key, &claims());
    let twice = get("/hello")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    let challenge = r#"Bearer error="invalid_request", error_description="more than one Authorization header""#;
    check(&send(&app, twice).await, 400, Some(challenge), "invalid_request");
    for path in ["/hello", "/perhaps"] {
        let in_address = get(&format!("{path}?access_token={token}")).body(Body::empty()).unwrap();
        let answer = send(&app, in_address).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "invalid_request"));
        assert!(!answer.body.contains(&token));
    }
}

#[tokio::test]
async fn a_route_without_a_guard_is_closed() {
    let key = key("k1");
    let app = app(&guard_with(&key).build().unwrap());
    for path in ["/open", "/open2"] {
        check(&send(&app, with_token(path, &token(&key, &claims()))).await, 500, None, "internal_error");
    }
}

#[tokio::test]
async fn an_ended_session_is_refused_at_once() {
    let key = key("k1");
    let revocations = Arc::new(RevocationSet::new());
    let app = app(&guard_with(&key).revocations(Arc::clone(&revocations)).build().unwrap());
    let token = token(&key, &claims());
    assert_eq!(send(&app, with_token("/hello", &token)).await.status, 200);
    let cases = [
        (Subject::Sid("s1".into()), "session_ended"),
        (Subject::Jti("j1".into()), "token_revoked"),
        (Subject::Kid("k1".into()), "key_revoked"),
    ];
    for (seq, (subject, code)) in (1..).zip(cases) {
        revocations.apply(Entry { seq, subject, forget_at: support::NOW + 600 });
        let challenge = format!(r#"Bearer error="invalid_token", error_description="{code}""#);
        check(&send(&app, with_token("/hello", &token)).await, 401, Some(&challenge), code);
    }
}

#[tokio::test]
async fn a_session_that_cannot_be_read_is_refused_where_sessions_can_end() {
    let key = key("k1");
    let revocations = Arc::new(RevocationSet::new());
    revocations.apply(Entry { seq: 1, subject: Subject::Sid("7".into()), forget_at: support::NOW + 600 });
    let guard = guard_with(&key).revocations(revocations).build().unwrap();
    let token = token(&key, &claims_with(&json!({"sid": 7})));
    assert_eq!(support::outcome(&guard, &token).await, "claim_malformed");
}

#[tokio::test]
async fn the_same_guard_twice_verifies_once_and_another_guard_anew() {
    let (key, other) = (key("k1"), key("k1"));
    let (guard, stranger) = (guard_with(&key).build().unwrap(), guard_with(&other).build().unwrap());
    let inner = Router::new().route("/hello", on_get(hello)).layer(guard.require_scope("profile"));
    let request = || with_token("/hello", &token(&key, &claims()));
    assert_eq!(send(&inner.clone().layer(guard.layer()), request()).await.status, 200);
    assert_eq!(send(&inner.layer(stranger.optional()), request()).await.code(), "signature_invalid");
    let behind_stranger = Router::new().route("/hello", on_get(hello)).layer(stranger.layer()).layer(guard.layer());
    assert_eq!(send(&behind_stranger, request()).await.code(), "signature_invalid");
}

#[tokio::test]
async fn claims_come_in_any_shape() {
    let key = key("k1");
    let guard = guard_with(&key).build().unwrap();
    let claims = claims_with(&json!({"tenant": "t9", "email": "a@example.com"}));
    let auth = guard.verify(&token(&key, &claims)).await.unwrap();
    let own: AccessClaims = auth.claims().unwrap();
    assert_eq!((own.email.as_deref(), own.extra["tenant"].as_str()), (Some("a@example.com"), Some("t9")));
    assert_eq!(auth.claims::<Value>().unwrap(), claims);
    assert!(auth.claims::<Vec<String>>().is_err());
    assert_eq!((auth.issuer(), auth.session_id(), auth.token_id()), (support::ISSUER, Some("s1"), Some("j1")));
    assert_eq!((auth.expires_at(), auth.issued_at()), (support::NOW + 600, Some(support::NOW)));
    assert_eq!(auth.scopes().collect::<Vec<_>>(), ["orders:read", "profile"]);
}
