//! What good lists say, when it is heard, and how long it holds.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use jotgate_guard::{Auth, Guard, Stale};
use jotgate_jose::jwt;
use jotgate_wire::{StatusList, StatusListBody};
use serde_json::json;

use crate::issuer::{ListIssuer, Manner, places};
use crate::support::{AUDIENCE, NOW, key, outcome, send, with_token};
use crate::{PATIENCE, pass, until};

#[tokio::test]
async fn a_list_says_which_tokens_have_been_taken_back() {
    let issuer = ListIssuer::start().await;
    issuer.publish("/1", &[3, 15], &json!({}));
    let guard = issuer.guard();
    for _ in 0..2 {
        for (idx, expected) in [(0, "ok"), (2, "ok"), (3, "token_revoked"), (4, "ok"), (15, "token_revoked")] {
            assert_eq!(outcome(&guard, &issuer.token("/1", idx)).await, expected, "{idx}");
        }
    }
    assert_eq!(issuer.asked("/1"), 1);
}

/// The example of the draft with two bits each, and what is said of each status.
#[tokio::test]
async fn every_status_but_valid_is_a_token_taken_back() {
    let issuer = ListIssuer::start().await;
    let two_bits = StatusListBody { bits: 2, lst: "eNo76fITAAPfAgc".to_owned() };
    let list = issuer.list("/1", &two_bits, &json!({}));
    issuer.answers("/1", Manner::Says(jwt::sign(&issuer.key, StatusList::TYPE, &list).unwrap()));
    let guard = issuer.guard();
    for (idx, found) in [(0, Some("INVALID")), (1, Some("SUSPENDED")), (2, None), (3, Some("0x03")), (4, None)] {
        match (guard.verify(&issuer.token("/1", idx)).await, found) {
            (Ok(_), None) => {}
            (Err(rejection), Some(found)) => {
                assert_eq!((rejection.code(), rejection.status()), ("token_revoked", 401));
                assert!(rejection.found().ends_with(found), "{rejection}");
            }
            (outcome, _) => panic!("{idx}: {outcome:?}"),
        }
    }
}

#[tokio::test]
async fn what_a_list_may_leave_out_and_write_otherwise() {
    let issuer = ListIssuer::start().await;
    let guard = issuer.guard();
    for (path, changes) in [
        ("/1", json!({"iss": null})),
        ("/2", json!({"exp": null})),
        ("/3", json!({"ttl": null})),
        ("/4", json!({"exp": NOW - 20})),
        ("/5", json!({"iat": NOW + 20, "nbf": NOW + 20})),
        ("/6", json!({"exp": i64::MAX, "ttl": u64::MAX})),
    ] {
        issuer.publish(path, &[1], &changes);
        let outcomes = [outcome(&guard, &issuer.token(path, 0)).await, outcome(&guard, &issuer.token(path, 1)).await];
        assert_eq!(outcomes, ["ok", "token_revoked"], "{changes}");
    }
    let list = issuer.list("/7", &places(&[1]), &json!({}));
    issuer.answers("/7", Manner::Says(jwt::sign(&issuer.key, "application/StatusList+JWT", &list).unwrap() + "\n"));
    assert_eq!(outcome(&guard, &issuer.token("/7", 1)).await, "token_revoked");
}

/// A remembered token, and a connection that it opened: both hear of it when the list's time is over.
#[tokio::test]
async fn what_is_taken_back_is_refused_after_the_ttl() {
    let issuer = ListIssuer::start().await;
    issuer.publish("/1", &[], &json!({}));
    let (guard, token) = (issuer.guard(), issuer.token("/1", 3));
    let auth = guard.verify(&token).await.unwrap();
    issuer.publish("/1", &[3], &json!({"iat": NOW + 1}));
    assert_eq!(outcome(&guard, &token).await, "ok", "the list holds for its ttl");
    pass(Duration::from_secs(30)).await;
    let ended = tokio::time::timeout(PATIENCE, guard.ended(&auth)).await.unwrap();
    assert_eq!(ended.code(), "token_revoked");
    assert_eq!(outcome(&guard, &token).await, "token_revoked");
    issuer.publish("/1", &[], &json!({"iat": NOW + 2}));
    pass(Duration::from_secs(30)).await;
    until(async || outcome(&guard, &token).await == "ok").await;
}

#[tokio::test]
async fn a_list_that_was_good_is_kept_on_errors_until_it_expires() {
    let issuer = ListIssuer::start().await;
    issuer.publish("/1", &[3], &json!({}));
    // However much time passes at once, no fetch takes too long.
    let guard = issuer.builder().fetch_timeout(Duration::from_hours(10_000)).build().unwrap();
    let (good, revoked) = (issuer.token("/1", 0), issuer.token("/1", 3));
    assert_eq!(outcome(&guard, &good).await, "ok");
    let older = issuer.list("/1", &places(&[]), &json!({"iat": NOW - 1}));
    for (asked, manner) in [
        Manner::Status(500),
        Manner::Says("garbage".to_owned()),
        Manner::Says(jwt::sign(&issuer.key, StatusList::TYPE, &older).unwrap()),
        Manner::Says(jwt::sign(&key("k1"), StatusList::TYPE, &older).unwrap()),
    ]
    .into_iter()
    .enumerate()
    {
        issuer.answers("/1", manner);
        while issuer.asked("/1") < asked + 2 {
            pass(Duration::from_secs(30)).await;
        }
        assert_eq!([outcome(&guard, &good).await, outcome(&guard, &revoked).await], ["ok", "token_revoked"]);
    }
    issuer.answers("/1", Manner::Status(404));
    for (now, expected) in [(NOW + 629, ["ok", "token_revoked"]), (NOW + 630, ["revocations_stale"; 2])] {
        issuer.clock.set(now);
        assert_eq!([outcome(&guard, &good).await, outcome(&guard, &revoked).await], expected, "{now}");
    }
    issuer.publish("/1", &[3], &json!({"iat": NOW + 600, "exp": NOW + 1200}));
    pass(Duration::from_secs(30)).await;
    until(async || outcome(&guard, &good).await == "ok").await;
}

/// A list without `exp` counts for an hour, and no list for longer than keys that cannot be fetched anew.
#[tokio::test]
async fn no_list_counts_for_ever() {
    let issuer = ListIssuer::start().await;
    issuer.publish("/1", &[], &json!({"exp": null}));
    issuer.publish("/2", &[], &json!({"exp": NOW + 1_000_000}));
    let guard = issuer.builder().longest_key_age(Duration::from_mins(100)).build().unwrap();
    let tokens = [issuer.token("/1", 0), issuer.token("/2", 0)];
    let outcomes = async || [outcome(&guard, &tokens[0]).await, outcome(&guard, &tokens[1]).await];
    assert_eq!(outcomes().await, ["ok", "ok"]);
    for path in ["/1", "/2"] {
        issuer.answers(path, Manner::Status(500));
    }
    for (now, expected) in [
        (NOW + 3599, ["ok", "ok"]),
        (NOW + 3600, ["revocations_stale", "ok"]),
        (NOW + 5999, ["revocations_stale", "ok"]),
        (NOW + 6000, ["revocations_stale", "revocations_stale"]),
    ] {
        issuer.clock.set(now);
        assert_eq!(outcomes().await, expected, "{now}");
    }
}

#[tokio::test]
async fn a_token_without_its_list_is_answered_as_the_issuer_and_the_route_say() {
    let issuer = ListIssuer::start().await;
    let token = issuer.token("/1", 0);
    let lenient = issuer.builder().status_lists(Stale::Accept).build().unwrap();
    let hello = || get(async |auth: Auth| auth.subject().to_owned());
    let app = |guard: &Guard| {
        Router::new()
            .route("/lenient", hello().layer(guard.layer()))
            .route("/strict", hello().layer(guard.layer().stale(Stale::Refuse)))
    };
    for (guard, expected) in [(&lenient, [200, 503]), (&issuer.guard(), [503, 503])] {
        let app = app(guard);
        let answers =
            [send(&app, with_token("/lenient", &token)).await, send(&app, with_token("/strict", &token)).await];
        assert_eq!(answers.each_ref().map(|answer| answer.status), expected);
        assert_eq!(answers[1].code(), "revocations_stale");
        assert!(answers[1].headers.contains_key("retry-after"));
    }
    issuer.publish("/1", &[], &json!({}));
    pass(Duration::from_secs(30)).await;
    until(async || send(&app(&lenient), with_token("/strict", &token)).await.status == 200).await;
}

#[tokio::test]
async fn with_given_keys_lists_are_read_where_that_is_said() {
    let issuer = ListIssuer::start().await;
    issuer.publish("/1", &[3], &json!({}));
    let builder = || {
        Guard::builder()
            .issuer(&issuer.url)
            .audience(AUDIENCE)
            .clock(issuer.clock.clone())
            .key(issuer.key.verifying_key())
    };
    let token = issuer.token("/1", 3);
    assert_eq!(outcome(&builder().build().unwrap(), &token).await, "ok");
    let ended = std::sync::Arc::new(jotgate_guard::RevocationSet::new());
    assert_eq!(outcome(&issuer.builder().revocations(ended).build().unwrap(), &token).await, "ok");
    assert_eq!(outcome(&issuer.builder().without_status_lists().build().unwrap(), &token).await, "ok");
    assert_eq!(issuer.asked("/1"), 0);
    for policy in [Stale::Accept, Stale::Refuse] {
        assert_eq!(outcome(&builder().status_lists(policy).build().unwrap(), &token).await, "token_revoked");
    }
}
