//! Keys that come, go, and are not there; and keys of somebody else.

mod support;

use jotgate_guard::{Clock, Guard, Issuer};
use serde_json::json;
use support::{AUDIENCE, Manner, NOW, TestIssuer, claims_with, guard_with, key, outcome, token};

#[tokio::test]
async fn a_new_key_is_found_when_it_is_first_used() {
    let (old, new) = (key("k1"), key("k2"));
    let issuer = TestIssuer::start(&[&old]).await;
    let guard = issuer.guard();
    assert_eq!(outcome(&guard, &issuer.token(&old)).await, "ok");
    issuer.publish(&[&old, &new]);
    assert_eq!(outcome(&guard, &issuer.token(&new)).await, "ok");
    assert_eq!(outcome(&guard, &issuer.token(&old)).await, "ok");
    assert_eq!(issuer.key_fetches(), 2);
}

#[tokio::test]
async fn a_removed_key_stops_with_the_next_set() {
    let (old, new) = (key("k1"), key("k2"));
    let issuer = TestIssuer::start(&[&old]).await;
    let guard = issuer.guard();
    assert_eq!(outcome(&guard, &issuer.token(&old)).await, "ok");
    issuer.publish(&[&new]);
    assert_eq!(outcome(&guard, &issuer.token(&new)).await, "ok");
    assert_eq!(outcome(&guard, &issuer.token(&old)).await, "key_unknown");
}

#[tokio::test]
async fn a_flood_of_unknown_keys_is_one_fetch_and_leaves_good_tokens_alone() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let (guard, good) = (issuer.guard(), issuer.token(&key));
    assert_eq!(outcome(&guard, &good).await, "ok");
    for number in 0..300 {
        let unknown = issuer.token(&support::key(&format!("random-{number}")));
        assert_eq!(outcome(&guard, &unknown).await, "key_unknown");
        assert_eq!(outcome(&guard, &good).await, "ok");
    }
    assert_eq!(issuer.key_fetches(), 2, "one at the start, and one for the whole flood");
}

#[tokio::test]
async fn an_issuer_that_flaps_does_not_take_good_keys_away() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    for manner in [
        Manner::Status(503),
        Manner::Says("garbage".to_owned()),
        Manner::Says(r#"{"keys": []}"#.to_owned()),
        Manner::Redirects("http://127.0.0.1:1/keys".to_owned()),
        Manner::Endless,
        Manner::Waits,
    ] {
        issuer.keys(Manner::Well);
        let guard = issuer.impatient_guard();
        assert_eq!(outcome(&guard, &issuer.token(&key)).await, "ok");
        issuer.keys(manner.clone());
        let unknown = issuer.token(&support::key("k2"));
        assert_eq!(outcome(&guard, &unknown).await, "keys_unavailable", "{manner:?}");
        assert_eq!(outcome(&guard, &issuer.token(&key)).await, "ok", "{manner:?}");
    }
}

#[tokio::test]
async fn a_key_of_one_issuer_never_verifies_a_token_of_another() {
    let (mine, theirs) = (key("k1"), key("k1"));
    let (here, there) = (TestIssuer::start(&[&mine]).await, TestIssuer::start(&[&theirs]).await);
    let guard = here.guard();
    let cases = [
        (token(&mine, &claims_with(&json!({"iss": here.url}))), "ok"),
        (token(&mine, &claims_with(&json!({"iss": there.url}))), "issuer_mismatch"),
        (token(&theirs, &claims_with(&json!({"iss": here.url}))), "signature_invalid"),
        (token(&theirs, &claims_with(&json!({"iss": there.url}))), "signature_invalid"),
    ];
    for (token, expected) in cases {
        assert_eq!(outcome(&guard, &token).await, expected);
    }
}

#[tokio::test]
async fn a_dead_issuer_takes_nothing_from_another_s_tokens() {
    let (alive_key, dead_key) = (key("k1"), key("k1"));
    let (alive, dead) = (TestIssuer::start(&[&alive_key]).await, TestIssuer::start(&[&dead_key]).await);
    dead.keys(Manner::Waits);
    let guard = alive.builder().trust(Issuer::new(&dead.url)).build().unwrap();
    let flood: Vec<_> = (0..1500)
        .map(|_| {
            let (guard, token) = (guard.clone(), dead.token(&dead_key));
            tokio::spawn(async move { outcome(&guard, &token).await })
        })
        .collect();
    dead.somebody_waits().await;
    for _ in 0..50 {
        assert_eq!(outcome(&guard, &alive.token(&alive_key)).await, "ok");
    }
    dead.let_through();
    let mut refused = 0;
    for request in flood {
        match request.await.unwrap() {
            "ok" => {}
            "keys_unavailable" => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!(refused, 1500 - 1024, "so many wait, and the others are refused at once");
}

#[tokio::test]
async fn a_remembered_token_ends_when_any_other_would() {
    let key = key("k1");
    let clock = Clock::manual(NOW);
    let remembering = guard_with(&key).clock(clock.clone()).build().unwrap();
    let forgetful = guard_with(&key).clock(clock.clone()).cached_tokens(0).build().unwrap();
    let token = token(&key, &claims_with(&json!({"nbf": NOW - 10})));
    for (now, expected) in [
        (NOW, "ok"),
        (NOW + 599, "ok"),
        (NOW + 629, "ok"),
        (NOW + 630, "token_expired"),
        (NOW + 10_000, "token_expired"),
        (NOW - 41, "token_not_yet_valid"),
        (NOW + 5, "ok"),
    ] {
        clock.set(now);
        assert_eq!(outcome(&remembering, &token).await, expected, "{now}");
        assert_eq!(outcome(&forgetful, &token).await, expected, "{now}");
    }
}

#[test]
fn a_guard_built_outside_a_runtime_begins_with_its_first_request() {
    let key = key("k1");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let issuer = runtime.block_on(TestIssuer::start(&[&key]));
    let clock = Clock::manual(NOW);
    let guard = Guard::builder().issuer(&issuer.url).audience(AUDIENCE).clock(clock).build().unwrap();
    assert_eq!(issuer.key_fetches(), 0);
    assert_eq!(runtime.block_on(outcome(&guard, &issuer.token(&key))), "ok");
}
