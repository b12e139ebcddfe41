//! What a route does while nothing is heard of the feed.

use axum::Router;
use axum::routing::get;
use jotgate_guard::{Auth, Guard, Stale};
use serde_json::json;

use crate::ended;
use crate::issuer::{FeedIssuer, Manner};
use crate::support::{NOW, TestIssuer, key, outcome, send, with_token};

fn app(guard: &Guard) -> Router {
    let hello = || get(async |auth: Auth| auth.subject().to_owned());
    Router::new()
        .route("/accept", hello().layer(guard.layer()))
        .route("/refuse", hello().layer(guard.layer().stale(Stale::Refuse)))
        .route("/optional", get(async || "anyone").layer(guard.optional().stale(Stale::Refuse)))
        .merge(Router::new().route("/both", hello().layer(guard.layer().stale(Stale::Refuse))).layer(guard.layer()))
}

async fn statuses(app: &Router, token: &str) -> [u16; 4] {
    let mut statuses = [0; 4];
    for (status, path) in statuses.iter_mut().zip(["/accept", "/refuse", "/both", "/optional"]) {
        *status = send(app, with_token(path, token)).await.status;
    }
    statuses
}

#[tokio::test]
async fn each_route_has_its_policy() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let guard = issuer.guard();
    let (app, token) = (app(&guard), issuer.token(&key, &json!({})));
    assert_eq!(statuses(&app, &token).await, [200; 4]);
    issuer.somebody_follows().await;

    issuer.documents(Manner::Status(503));
    issuer.streams(Manner::Status(503));
    issuer.clock.set(NOW + 10);
    assert_eq!(statuses(&app, &token).await, [200; 4], "ten seconds are not too long");
    issuer.clock.set(NOW + 11);
    assert_eq!(statuses(&app, &token).await, [200, 503, 503, 503]);
    let refused = send(&app, with_token("/refuse", &token)).await;
    assert_eq!((refused.code().as_str(), refused.challenge), ("revocations_stale", None));
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(send(&app, crate::support::get("/optional").body(axum::body::Body::empty()).unwrap()).await.status, 200);

    issuer.heartbeat();
    let auth = guard.verify(&issuer.token(&key, &json!({"sid": "s-1"}))).await.unwrap();
    issuer.end_session("s-1");
    assert_eq!(ended(&guard, &auth).await, "session_ended");
    assert_eq!(statuses(&app, &token).await, [200; 4], "it is fresh again");
}

#[tokio::test]
async fn the_guard_has_a_policy_for_those_who_say_nothing() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let lenient = issuer.guard();
    let strict = issuer.builder().stale(Stale::Refuse).build().unwrap();
    let lax = issuer.builder().stale(Stale::Refuse).stale_after(std::time::Duration::from_mins(1)).build().unwrap();
    let token = issuer.token(&key, &json!({}));
    for guard in [&lenient, &strict, &lax] {
        assert_eq!(outcome(guard, &token).await, "ok");
    }
    issuer.documents(Manner::Status(503));
    issuer.streams(Manner::Status(503));
    issuer.break_streams();
    issuer.clock.set(NOW + 11);
    assert_eq!(outcome(&lenient, &token).await, "ok");
    assert_eq!(outcome(&strict, &token).await, "revocations_stale");
    assert_eq!(outcome(&lax, &token).await, "ok");
    assert_eq!(send(&app(&strict), with_token("/accept", &token)).await.status, 503);
    issuer.clock.set(NOW + 61);
    assert_eq!(outcome(&lax, &token).await, "revocations_stale");
}

#[tokio::test]
async fn old_documents_sent_again_make_nothing_fresh() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let guard = issuer.builder().stale(Stale::Refuse).build().unwrap();
    let token = issuer.token(&key, &json!({}));
    let old = issuer.sign(&issuer.document(0));
    assert_eq!(outcome(&guard, &token).await, "ok");
    issuer.somebody_follows().await;
    issuer.documents(Manner::Says(old.clone()));
    issuer.clock.set(NOW + 11);
    let asked = issuer.asked();
    for _ in 0..20 {
        issuer.tell(&old);
    }
    issuer.break_streams();
    issuer.streams(Manner::Says(format!("data: {old}\n\n")));
    while issuer.asked() < asked + 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(outcome(&guard, &token).await, "revocations_stale");
}

#[tokio::test]
async fn an_issuer_whose_clock_is_ahead_is_not_fresh_for_longer() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    issuer.clock.set(NOW + 25);
    let clock = jotgate_guard::Clock::manual(NOW);
    let guard = issuer.builder().clock(clock.clone()).stale(Stale::Refuse).build().unwrap();
    let token = issuer.token(&key, &json!({}));
    assert_eq!(outcome(&guard, &token).await, "ok");
    issuer.somebody_follows().await;
    issuer.documents(Manner::Status(503));
    clock.set(NOW + 11);
    assert_eq!(outcome(&guard, &token).await, "revocations_stale");
}

/// The clock that people set says nothing of how long it has been silent.
#[tokio::test]
async fn a_clock_that_is_set_back_makes_nothing_fresh() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let guard = issuer.builder().stale(Stale::Refuse).build().unwrap();
    let token = issuer.token(&key, &json!({}));
    assert_eq!(outcome(&guard, &token).await, "ok");
    issuer.somebody_follows().await;
    issuer.documents(Manner::Status(503));
    issuer.streams(Manner::Status(503));
    issuer.clock.set(NOW - 3600);
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(12)).await;
    tokio::time::resume();
    assert_eq!(outcome(&guard, &token).await, "revocations_stale");
}

#[tokio::test]
async fn a_feed_that_never_answered_is_stale() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    issuer.documents(Manner::Status(503));
    let token = issuer.token(&key, &json!({}));
    assert_eq!(statuses(&app(&issuer.guard()), &token).await, [200, 503, 503, 503]);
}

#[tokio::test]
async fn an_issuer_without_a_feed_is_never_stale() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let guard = issuer.builder().stale(Stale::Refuse).build().unwrap();
    assert_eq!(outcome(&guard, &issuer.token(&key)).await, "ok");
    assert_eq!(statuses(&app(&guard), &issuer.token(&key)).await, [200; 4]);
}

#[tokio::test]
async fn an_issuer_that_had_a_feed_is_stale_without_it() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let guard = issuer.builder().stale(Stale::Refuse).build().unwrap();
    let token = issuer.token(&key, &json!({}));
    assert_eq!(outcome(&guard, &token).await, "ok");
    issuer.somebody_follows().await;
    issuer.names_no_feed();
    issuer.documents(Manner::Status(404));
    issuer.streams(Manner::Status(404));
    issuer.break_streams();
    issuer.clock.set(NOW + 11);
    assert_eq!(outcome(&guard, &token).await, "revocations_stale");
}

/// Whoever has a feed says there what has ended, and its status lists are for others, unless they are asked for.
#[tokio::test]
async fn beside_a_feed_status_lists_are_read_where_that_is_said() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let place = json!({"status_list": {"idx": 0, "uri": format!("{}/no-such-list", issuer.url)}});
    let token = issuer.token(&key, &json!({"status": place}));
    assert_eq!(outcome(&issuer.guard(), &token).await, "ok");
    let both = issuer.builder().status_lists(Stale::Refuse).build().unwrap();
    assert_eq!(outcome(&both, &token).await, "revocations_stale");
    let unfollowed = issuer.builder().without_revocation_feed().build().unwrap();
    assert_eq!(outcome(&unfollowed, &token).await, "revocations_stale");
    issuer.names_no_feed();
    assert_eq!(outcome(&issuer.guard(), &token).await, "revocations_stale");
}
