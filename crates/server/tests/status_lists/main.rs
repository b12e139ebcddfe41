//! Token Status Lists end to end: what a token says, what the list of its session says, and that every end reaches it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod foreign;
mod interop;
mod site;

use jotgate_server::domain::session::EndReason;
use jotgate_server::flows;
use jotgate_wire::StatusList;
use serde_json::json;

use site::{PASSWORD, Site};

#[tokio::test]
async fn a_token_says_where_its_status_stands() {
    let site = Site::start(|config| config.tokens.status_list = true).await;
    let session = site.register("ada@example.com").await;
    let (uri, idx) = session.status();
    assert!(uri.starts_with(&format!("{}/status-lists/", site.url)), "{uri}");
    let answer = site.get(&uri).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], StatusList::MEDIA_TYPE);
    assert_eq!(answer.headers()["cache-control"], "public, max-age=30");
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    let etag = answer.headers()["etag"].clone();
    let (header, claims) = site.verified(&answer.text().await.unwrap());
    assert_eq!((&header["typ"], &header["alg"]), (&json!("statuslist+jwt"), &json!("EdDSA")));
    assert_eq!((claims.sub.as_str(), claims.ttl), (uri.as_str(), Some(30)));
    assert_eq!(claims.exp.unwrap() - claims.iat, 600);
    assert_eq!(StatusList::read(&claims.status_list, 1 << 14).unwrap().status(idx), Some(0));
    let known = site.client.get(&uri).header("if-none-match", etag).send().await.unwrap();
    assert_eq!(known.status(), 304);

    let refreshed = site.refresh(&session).await;
    assert_eq!(refreshed.status(), (uri, idx), "the place is the session's, not the token's");
}

#[tokio::test]
async fn every_end_reaches_the_list() {
    let site = Site::start(|config| {
        config.tokens.status_list = true;
        config.sessions.max_per_user = 2;
    })
    .await;
    let first = site.register("ada@example.com").await;
    let second = site.log_in("ada@example.com").await;
    assert_eq!((site.status_of(&first).await, site.status_of(&second).await), (0, 0));

    site.call(&second, "/v1/logout", json!({})).await;
    assert_eq!((site.status_of(&first).await, site.status_of(&second).await), (0, 1), "log-out");

    let third = site.log_in("ada@example.com").await;
    site.call(&third, "/v1/logout?scope=others", json!({})).await;
    assert_eq!((site.status_of(&first).await, site.status_of(&third).await), (1, 0), "the others");

    let fourth = site.log_in("ada@example.com").await;
    let change = json!({"current_password": PASSWORD, "new_password": "quite another pass phrase"});
    site.call(&fourth, "/v1/password/change", change).await;
    assert_eq!((site.status_of(&third).await, site.status_of(&fourth).await), (1, 0), "password change");

    site.steal(&fourth).await;
    assert_eq!(site.status_of(&fourth).await, 1, "reuse of a refresh token");

    let crowd = [site.register("bob@example.com").await, site.log_in("bob@example.com").await];
    let last = site.log_in("bob@example.com").await;
    assert_eq!((site.status_of(&crowd[0]).await, site.status_of(&last).await), (1, 0), "too many");
    flows::disable_user(&site.app, &flows::By::command_line(), last.user()).await.unwrap();
    assert_eq!((site.status_of(&crowd[1]).await, site.status_of(&last).await), (1, 1), "disabled");

    let carol = site.register("carol@example.com").await;
    flows::end_session(&site.app, &flows::By::command_line(), None, carol.id(), EndReason::Administrator)
        .await
        .unwrap();
    assert_eq!(site.status_of(&carol).await, 1, "by an operator");
    let dave = site.register("dave@example.com").await;
    flows::delete_user(&site.app, &flows::By::command_line(), dave.user()).await.unwrap();
    assert_eq!(site.status_of(&dave).await, 1, "deleted");
}

/// Many at once, and after a restart: no place is given twice.
#[tokio::test]
async fn places_are_given_once() {
    let mut site = Site::start(|config| config.tokens.status_list = true).await;
    site.register("ada@example.com").await;
    let mut places = std::collections::HashSet::new();
    for _ in 0..2 {
        let mut log_ins = tokio::task::JoinSet::new();
        for _ in 0..40 {
            log_ins.spawn(site::log_in(site.client.clone(), site.url.clone()));
        }
        for session in log_ins.join_all().await {
            assert!(places.insert(session.status()), "{:?}", session.status());
        }
        site = site.restart().await;
    }
    assert_eq!(places.len(), 80);
}

#[tokio::test]
async fn after_a_restart_what_has_ended_is_still_in_the_list() {
    let site = Site::start(|config| config.tokens.status_list = true).await;
    let session = site.register("ada@example.com").await;
    site.call(&session, "/v1/logout", json!({})).await;
    let site = site.restart().await;
    assert_eq!(site.status_of(&session).await, 1);
}

#[tokio::test]
async fn what_is_no_list_is_not_found() {
    let site = Site::start(|config| config.tokens.status_list = true).await;
    assert_eq!(site.get(&format!("{}/status-lists/0", site.url)).await.status(), 404, "nobody has a place yet");
    site.register("ada@example.com").await;
    for (id, expected) in
        [("0", 200), ("1", 404), ("00", 404), ("+0", 404), ("-1", 404), ("x", 404), ("18446744073709551615", 404)]
    {
        assert_eq!(site.get(&format!("{}/status-lists/{id}", site.url)).await.status(), expected, "{id}");
    }
}

#[tokio::test]
async fn without_the_setting_there_are_none() {
    let site = Site::start(|_| ()).await;
    let session = site.register("ada@example.com").await;
    assert!(session.claims().get("status").is_none());
    assert_eq!(site.get(&format!("{}/status-lists/0", site.url)).await.status(), 404);
}
