//! What a guard counts, before a recorder that a test installs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/recorder.rs"]
mod recorder;
mod support;

use std::sync::Arc;

use http::{Request, Response};
use jotgate_guard::{Guard, Issuer, RevocationSet};
use jotgate_wire::{Entry, Subject};
use metrics::set_default_local_recorder;
use recorder::Kept;
use serde_json::json;
use support::{AUDIENCE, ISSUER, Manner, NOW, TestIssuer, claims, claims_with, guard_with, key, outcome, token};
use tower::{Layer, ServiceExt, service_fn};

#[tokio::test]
async fn verifications_are_counted_by_issuer_and_code() {
    let kept = Kept::default();
    let _recording = set_default_local_recorder(&kept);
    let (ours, theirs) = (key("k1"), key("k1"));
    let revocations = Arc::new(RevocationSet::new());
    let other = Issuer::new("https://other.example").audience(AUDIENCE).key(theirs.verifying_key());
    let guard = guard_with(&ours).revocations(Arc::clone(&revocations)).trust(other).build().unwrap();
    let good = token(&ours, &claims());
    for _ in 0..3 {
        assert_eq!(outcome(&guard, &good).await, "ok");
    }
    assert_eq!(outcome(&guard, &token(&theirs, &claims())).await, "signature_invalid");
    let expired = claims_with(&json!({"iss": "https://other.example", "exp": NOW - 60}));
    assert_eq!(outcome(&guard, &token(&theirs, &expired)).await, "token_expired");
    for number in 0..50 {
        let stranger = claims_with(&json!({"iss": format!("https://{number}.example")}));
        assert_eq!(outcome(&guard, &token(&theirs, &stranger)).await, "issuer_mismatch");
    }
    assert_eq!(outcome(&guard, "x").await, "token_malformed");
    revocations.apply(Entry { seq: 1, subject: Subject::Sid("s1".into()), forget_at: NOW + 600 });
    assert_eq!(outcome(&guard, &good).await, "session_ended");
    let ours = format!("issuer={ISSUER}");
    for (metric, labels, expected) in [
        ("verifications_total", format!("{ours},code=ok"), 3),
        ("verifications_total", format!("{ours},code=signature_invalid"), 1),
        ("verifications_total", format!("{ours},code=session_ended"), 1),
        ("cache_hits_total", ours, 3),
        ("verifications_total", "issuer=https://other.example,code=token_expired".to_owned(), 1),
        ("verifications_total", "issuer=none,code=issuer_mismatch".to_owned(), 50),
        ("verifications_total", "issuer=none,code=token_malformed".to_owned(), 1),
    ] {
        assert_eq!(kept.counted(metric, &labels), expected, "{metric} {labels}");
    }
    assert_eq!(kept.names().len(), 7, "no token makes a label of its own: {:?}", kept.names());
}

#[tokio::test]
async fn requests_that_are_refused_are_counted_too() {
    let kept = Kept::default();
    let _recording = set_default_local_recorder(&kept);
    let key = key("k1");
    let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(String::new())));
    let service = guard_with(&key).build().unwrap().require_scope("admin").layer(hello);
    let request = |path: &str, header: &str| Request::get(path).header("authorization", header).body(()).unwrap();
    let good = format!("Bearer {}", token(&key, &claims()));
    for (request, status) in [
        (Request::get("/").body(()).unwrap(), 401),
        (request("/?access_token=x", &good), 400),
        (request("/", &good), 403),
    ] {
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), status);
    }
    for labels in [
        "issuer=none,code=token_missing".to_owned(),
        "issuer=none,code=invalid_request".to_owned(),
        format!("issuer={ISSUER},code=ok"),
        format!("issuer={ISSUER},code=scope_insufficient"),
    ] {
        assert_eq!(kept.counted("verifications_total", &labels), 1, "{labels}");
    }
}

#[tokio::test]
async fn fetches_of_keys_are_counted_and_timed() {
    let kept = Kept::default();
    let _recording = set_default_local_recorder(&kept);
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let guard: Guard = issuer.guard();
    assert_eq!(outcome(&guard, &issuer.token(&key)).await, "ok");
    issuer.keys(Manner::Status(500));
    assert_eq!(outcome(&guard, &issuer.token(&support::key("k2"))).await, "keys_unavailable");
    let label = format!("issuer={}", issuer.url);
    assert_eq!(kept.counted("key_fetches_total", &format!("{label},outcome=ok")), 1);
    assert_eq!(kept.counted("key_fetches_total", &format!("{label},outcome=failed")), 1);
    let fetched_at = f64::from_bits(kept.counted("keys_fetched_timestamp_seconds", &label));
    assert!((fetched_at - 1.8e9).abs() < 0.5, "{fetched_at}");
}

#[tokio::test]
async fn status_lists_and_fetches_of_them_are_counted() {
    let kept = Kept::default();
    let _recording = set_default_local_recorder(&kept);
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let guard: Guard = issuer.guard();
    for number in 0..2 {
        let place = json!({"status_list": {"idx": 0, "uri": format!("{}/lists/{number}", issuer.url)}});
        let token = token(&key, &claims_with(&json!({"iss": issuer.url, "status": place})));
        assert_eq!(outcome(&guard, &token).await, "revocations_stale");
    }
    let label = format!("issuer={}", issuer.url);
    let lists = || f64::from_bits(kept.counted("status_lists", &label));
    assert_eq!(kept.counted("status_list_fetches_total", &format!("{label},outcome=failed")), 2);
    assert_eq!(kept.counted("verifications_total", &format!("{label},code=revocations_stale")), 2);
    assert!((lists() - 2.0).abs() < 0.1, "{}", lists());
    drop(guard);
    while lists() > 0.1 {
        tokio::task::yield_now().await;
    }
}
