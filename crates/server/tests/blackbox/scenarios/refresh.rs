//! The rotation rule, row by row, as clients meet it.

use std::collections::HashSet;

use base64_simd::URL_SAFE_NO_PAD;
use serde_json::json;

use super::accounts::futures_join;
use crate::answer::Answer;
use crate::site::{PASSWORD, Site};

pub(crate) async fn rotates_and_replays_within_the_window(site: Site) {
    let registered = site.register("ada@example.com").await;
    let first = registered.text("refresh_token");
    let second = site.refresh(&first).await.ok(200);
    assert_eq!((registered.number("generation"), second.number("generation")), (0, 1));
    assert_eq!(second.header("cache-control"), "no-store");
    assert_ne!(second.text("refresh_token"), first);
    site.me(&second.text("access_token")).await.ok(200);

    site.clock.advance(30);
    let replayed = site.refresh(&first).await.ok(200);
    assert_eq!(replayed.text("refresh_token"), second.text("refresh_token"), "the same successor again");
    assert_ne!(replayed.text("access_token"), second.text("access_token"), "a fresh access token");
    assert_eq!(replayed.number("generation"), 1);
    site.me(&replayed.text("access_token")).await.ok(200);
    site.refresh(&second.text("refresh_token")).await.ok(200);
}

pub(crate) async fn a_late_replay_ends_the_session(site: Site) {
    let first = site.register("ada@example.com").await.text("refresh_token");
    let second = site.refresh(&first).await.ok(200);
    site.clock.advance(31);
    site.refresh(&first).await.refused(401, "refresh_token_reused");
    site.refresh(&second.text("refresh_token")).await.refused(401, "session_ended");
    site.me(&second.text("access_token")).await.refused(401, "session_ended");
    site.refresh(&first).await.refused(401, "session_ended");
}

pub(crate) async fn an_older_generation_ends_the_session(site: Site) {
    let registered = site.register("ada@example.com").await;
    let first = registered.text("refresh_token");
    let second = site.refresh(&first).await.ok(200);
    let third = site.refresh(&second.text("refresh_token")).await.ok(200);
    // By a clock that stands still the rotations would be later than a request that comes after them.
    site.clock.advance(1);
    site.refresh(&first).await.refused(401, "refresh_token_reused");
    for answer in [&registered, &second, &third] {
        site.me(&answer.text("access_token")).await.refused(401, "session_ended");
        site.refresh(&answer.text("refresh_token")).await.refused(401, "session_ended");
    }
    site.log_in("ada@example.com").await;
}

pub(crate) async fn fifty_at_once(site: Site) {
    let first = site.register("ada@example.com").await.text("refresh_token");
    let answers = futures_join((0..50).map(|_| site.refresh(&first))).await;
    let successors: HashSet<_> = answers.into_iter().map(|answer| answer.ok(200).text("refresh_token")).collect();
    assert_eq!(successors.len(), 1, "one generation, one successor");
    let successor = successors.into_iter().next().unwrap();
    let next = site.refresh(&successor).await.ok(200).text("refresh_token");
    assert_ne!(next, successor);
}

pub(crate) async fn chain_of_many(site: Site) {
    let mut token = site.register("ada@example.com").await.text("refresh_token");
    let mut seen = HashSet::from([token.clone()]);
    for _ in 0..50 {
        site.clock.advance(600);
        token = site.refresh(&token).await.ok(200).text("refresh_token");
        assert!(seen.insert(token.clone()));
    }
}

pub(crate) async fn idle_and_absolute_ends(site: Site) {
    const DAY: i64 = 86_400;
    let idle = site.register("idle@example.com").await.text("refresh_token");
    let mut busy = site.register("busy@example.com").await;
    site.clock.advance(30 * DAY - 1);
    busy = site.refresh(&busy.text("refresh_token")).await.ok(200);
    assert_eq!(busy.number("refresh_expires_in"), 30 * DAY);
    site.clock.advance(1);
    site.refresh(&idle).await.refused(401, "refresh_token_expired");

    for _ in 0..5 {
        site.clock.advance(29 * DAY);
        busy = site.refresh(&busy.text("refresh_token")).await.ok(200);
    }
    assert_eq!(busy.number("refresh_expires_in"), 5 * DAY, "the absolute end comes first");
    site.clock.advance(5 * DAY);
    site.refresh(&busy.text("refresh_token")).await.refused(401, "refresh_token_expired");
}

pub(crate) async fn forged_tokens(site: Site) {
    let genuine = site.register("ada@example.com").await.text("refresh_token");
    let mut flipped = genuine.clone().into_bytes();
    flipped[40] = if flipped[40] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let long = "x".repeat(8000);
    for forged in
        ["", "jgr_", &genuine[..genuine.len() - 1], &flipped, &genuine.replace("jgr_", "jgx_"), &long, "jgr_é"]
    {
        site.refresh(forged).await.refused(401, "refresh_token_invalid");
    }
    site.post("/v1/refresh", json!({})).await.refused(401, "refresh_token_invalid");
    site.refresh(&genuine).await.ok(200);
}

pub(crate) async fn refusals_name_their_reason(site: Site) {
    let ada = site.register("ada@example.com").await;
    let user = jotgate_server::flows::find_user(&site.app, "ada@example.com").await.unwrap();
    jotgate_server::flows::disable_user(&site.app, &jotgate_server::flows::By::command_line(), user.id).await.unwrap();
    site.refresh(&ada.text("refresh_token")).await.refused(403, "account_disabled");
    site.me(&ada.text("access_token")).await.refused(401, "session_ended");
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    site.post("/v1/login", body).await.refused(403, "account_disabled");
    let wrong = json!({"email": "ada@example.com", "password": "wrong"});
    site.post("/v1/login", wrong).await.refused(401, "invalid_credentials");
    jotgate_server::flows::enable_user(&site.app, &jotgate_server::flows::By::command_line(), user.id).await.unwrap();
    site.log_in("ada@example.com").await;
    jotgate_server::flows::delete_user(&site.app, &jotgate_server::flows::By::command_line(), user.id).await.unwrap();
    site.refresh(&ada.text("refresh_token")).await.refused(401, "session_ended");
    site.register("ada@example.com").await;
}

pub(crate) async fn a_client_has_limits_of_its_own(site: Site) {
    let body = |client: &str| json!({"email": "ada@example.com", "password": PASSWORD, "client_id": client});
    for path in ["/v1/register", "/v1/login"] {
        let refused = site.post(path, body("nobody")).await.refused(400, "invalid_field");
        assert!(refused.body["fields"]["client_id"].is_string(), "{refused:?}");
    }
    let usual = site.register("ada@example.com").await;
    let first = site.post("/v1/login", body("kiosk")).await.ok(200);
    assert_eq!(client_of(&first), "kiosk");
    assert_eq!(first.number("refresh_expires_in"), 3600);
    let second = site.refresh(&first.text("refresh_token")).await.ok(200);
    assert_eq!(client_of(&second), "kiosk", "it stays that of the session");
    site.clock.advance(2);
    site.refresh(&first.text("refresh_token")).await.ok(200);
    site.clock.advance(3597);
    let last = site.refresh(&second.text("refresh_token")).await.ok(200);
    site.clock.advance(3599);
    assert_eq!(site.refresh(&last.text("refresh_token")).await.ok(200).number("refresh_expires_in"), 2);
    site.clock.advance(2);
    site.refresh(&last.text("refresh_token")).await.refused(401, "refresh_token_expired");
    assert_eq!(client_of(&site.refresh(&usual.text("refresh_token")).await.ok(200)), "jotgate");

    let first = site.post("/v1/login", body("kiosk")).await.ok(200).text("refresh_token");
    site.refresh(&first).await.ok(200);
    site.clock.advance(3);
    site.refresh(&first).await.refused(401, "refresh_token_reused");
}

fn client_of(answer: &Answer) -> String {
    let token = answer.text("access_token");
    let claims = URL_SAFE_NO_PAD.decode_to_vec(token.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["client_id"].as_str().unwrap().to_owned()
}
