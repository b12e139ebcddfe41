//! What outsiders and slow issuers can cause, and what they cannot.

use std::time::Duration;

use jotgate_guard::Stale;
use jotgate_jose::jwt;
use jotgate_wire::StatusList;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::issuer::{ListIssuer, Manner, places};
use crate::support::{NOW, claims_with, key, outcome, token};
use crate::{PATIENCE, pass, until};

/// Most lists of one issuer, as the guard has it.
const MOST_LISTS: usize = 128;

fn slow(issuer: &ListIssuer) -> Manner {
    let list = issuer.list("/1", &places(&[]), &json!({}));
    Manner::Waits(jwt::sign(&issuer.key, StatusList::TYPE, &list).unwrap())
}

#[tokio::test]
async fn no_request_waits_beyond_its_limit() {
    let issuer = ListIssuer::start().await;
    issuer.answers("/1", slow(&issuer));
    let builder = || issuer.builder().key_wait(Duration::from_millis(100)).fetch_timeout(Duration::from_hours(1));
    let (strict, lenient) = (builder().build().unwrap(), builder().status_lists(Stale::Accept).build().unwrap());
    let token = issuer.token("/1", 0);
    for (guard, expected) in [(&strict, "revocations_stale"), (&lenient, "ok")] {
        for _ in 0..2 {
            assert_eq!(timeout(PATIENCE, outcome(guard, &token)).await.unwrap(), expected);
        }
    }
    assert_eq!(issuer.asked("/1"), 2, "one fetch for each guard");
    issuer.let_through();
    issuer.let_through();
    until(async || outcome(&strict, &token).await == "ok").await;
}

#[tokio::test]
async fn many_who_wait_cause_one_fetch() {
    let issuer = ListIssuer::start().await;
    issuer.answers("/1", slow(&issuer));
    let guard = issuer.guard();
    let mut requests = JoinSet::new();
    for idx in 0..50 {
        let (guard, token) = (guard.clone(), issuer.token("/1", idx % 16));
        requests.spawn(async move { outcome(&guard, &token).await });
    }
    until(async || issuer.asked("/1") == 1).await;
    issuer.let_through();
    assert_eq!(requests.join_all().await, ["ok"; 50]);
    assert_eq!(issuer.asked("/1"), 1);
}

#[tokio::test]
async fn only_good_tokens_lead_to_a_list() {
    let issuer = ListIssuer::start().await;
    issuer.publish("/1", &[], &json!({}));
    let guard = issuer.guard();
    let claims = |changes: serde_json::Value| {
        let mut claims = claims_with(&changes);
        claims["status"] = json!({"status_list": {"idx": 0, "uri": issuer.uri("/1")}});
        claims
    };
    for (token, expected) in [
        (token(&key("k1"), &claims(json!({"iss": issuer.url}))), "signature_invalid"),
        (token(&issuer.key, &claims(json!({"iss": issuer.url, "exp": NOW - 60}))), "token_expired"),
        (token(&issuer.key, &claims(json!({"iss": issuer.url, "aud": "other"}))), "audience_mismatch"),
        (jwt::sign(&issuer.key, "JWT", &claims(json!({"iss": issuer.url}))).unwrap(), "type_mismatch"),
    ] {
        assert_eq!(outcome(&guard, &token).await, expected);
    }
    assert_eq!(issuer.asked_for_any(), 0);
}

/// Lists beyond the bound cannot be had until others are named no longer.
#[tokio::test]
async fn the_number_of_lists_is_bounded() {
    let issuer = ListIssuer::start().await;
    let guard = issuer.guard();
    let path = |number: usize| format!("/{number}");
    for number in 0..MOST_LISTS + 5 {
        issuer.publish(&path(number), &[1], &json!({"exp": NOW + 7200}));
        let expected = if number < MOST_LISTS { "ok" } else { "revocations_stale" };
        assert_eq!(outcome(&guard, &issuer.token(&path(number), 0)).await, expected, "{number}");
    }
    assert_eq!(issuer.asked_for_any(), MOST_LISTS);
    assert_eq!(outcome(&guard, &issuer.token(&path(0), 1)).await, "token_revoked", "the others are still there");
    issuer.clock.set(NOW + 600);
    pass(Duration::from_secs(30)).await;
    let late = issuer.token(&path(MOST_LISTS), 0);
    until(async || outcome(&guard, &late).await == "ok").await;
    let asked = issuer.asked_for_any();
    pass(Duration::from_mins(2)).await;
    until(async || issuer.asked(&path(MOST_LISTS)) >= 2).await;
    assert_eq!(issuer.asked_for_any(), asked + 1, "nobody asks for lists that no token names");
    issuer.publish(&path(0), &[0], &json!({"iat": NOW + 1, "exp": NOW + 7200}));
    assert_eq!(outcome(&guard, &issuer.token(&path(0), 0)).await, "token_revoked", "it is fetched anew when one does");
}
