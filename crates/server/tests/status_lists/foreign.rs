//! Our lists read by our own guard as if we were a stranger to it, without the feed.

use std::time::Duration;

use jotgate_guard::{Guard, Stale};
use serde_json::json;

use crate::site::{Session, Site};

async fn outcome(guard: &Guard, session: &Session) -> &'static str {
    match guard.verify(&session.text("access_token")).await {
        Ok(_) => "ok",
        Err(rejection) => rejection.code(),
    }
}

#[tokio::test]
async fn a_guard_that_follows_no_feed_learns_from_the_lists() {
    let site = Site::start(|config| config.tokens.status_list = true).await;
    let (kept, ended) = (site.register("ada@example.com").await, site.log_in("ada@example.com").await);
    let audience = kept.claims()["aud"].as_str().unwrap().to_owned();
    let stranger = || Guard::builder().issuer(&site.url).audience(&audience).without_revocation_feed();
    let guard = stranger().stale(Stale::Refuse).build().unwrap();
    assert_eq!([outcome(&guard, &kept).await, outcome(&guard, &ended).await], ["ok", "ok"]);
    let auth = guard.verify(&ended.text("access_token")).await.unwrap();

    site.call(&ended, "/v1/logout", json!({})).await;
    let newcomer = stranger().build().unwrap();
    assert_eq!([outcome(&newcomer, &kept).await, outcome(&newcomer, &ended).await], ["ok", "token_revoked"]);
    let deaf = stranger().without_status_lists().build().unwrap();
    assert_eq!(outcome(&deaf, &ended).await, "ok", "it was the list that told");

    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(30)).await;
    tokio::time::resume();
    let heard = tokio::time::timeout(Duration::from_secs(30), guard.ended(&auth)).await.unwrap();
    assert_eq!(heard.code(), "token_revoked");
    assert_eq!([outcome(&guard, &kept).await, outcome(&guard, &ended).await], ["ok", "token_revoked"]);
}
