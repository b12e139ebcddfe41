//! Logging out: which sessions end, and that they end at once.

use reqwest::Method;
use serde_json::json;

use crate::site::Site;

pub(crate) async fn local_others_and_global(site: Site) {
    site.register("ada@example.com").await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(site.log_in("ada@example.com").await);
    }
    let access: Vec<_> = sessions.iter().map(|session| session.text("access_token")).collect();
    let logout = async |query: &str, token: &str| site.call(Method::POST, &format!("/v1/logout{query}"), token).await;

    logout("?scope=elsewhere", &access[0]).await.refused(400, "invalid_field");
    logout("", &access[0]).await.ok(204);
    site.me(&access[0]).await.refused(401, "session_ended");
    logout("", &access[0]).await.refused(401, "session_ended");
    site.me(&access[1]).await.ok(200);

    logout("?scope=others", &access[1]).await.ok(204);
    site.me(&access[1]).await.ok(200);
    for ended in [2, 3] {
        site.me(&access[ended]).await.refused(401, "session_ended");
        site.refresh(&sessions[ended].text("refresh_token")).await.refused(401, "session_ended");
    }
    logout("?scope=global", &access[1]).await.ok(204);
    site.me(&access[1]).await.refused(401, "session_ended");
    site.refresh(&sessions[1].text("refresh_token")).await.refused(401, "session_ended");
    site.log_in("ada@example.com").await;
}

pub(crate) async fn with_a_refresh_token(site: Site) {
    let one = site.register("ada@example.com").await;
    let body = json!({"refresh_token": one.text("refresh_token")});
    site.post("/v1/logout", body.clone()).await.ok(204);
    site.me(&one.text("access_token")).await.refused(401, "session_ended");
    site.post("/v1/logout", body).await.ok(204);
    site.post("/v1/logout", json!({"refresh_token": "jgr_nonsense"})).await.refused(401, "refresh_token_invalid");
    site.post("/v1/logout", json!({})).await.refused(401, "token_missing");

    let (two, three) = (site.log_in("ada@example.com").await, site.log_in("ada@example.com").await);
    site.post("/v1/logout?scope=global", json!({"refresh_token": two.text("refresh_token")})).await.ok(204);
    site.me(&three.text("access_token")).await.refused(401, "session_ended");
}

/// Ending the others by refresh token leaves that token as good as it was: nobody is logged out by it.
pub(crate) async fn others_by_refresh_token_keep_the_own_session(site: Site) {
    let mine = site.register("ada@example.com").await;
    let other = site.log_in("ada@example.com").await;
    let token = mine.text("refresh_token");
    site.post("/v1/logout?scope=others", json!({"refresh_token": token})).await.ok(204);
    site.me(&other.text("access_token")).await.refused(401, "session_ended");
    site.clock.advance(31);
    site.refresh(&token).await.ok(200);
}

/// An end that this process has not heard of yet, and a log-out whose answer was lost: the one that is answered counts.
pub(crate) async fn an_answered_log_out_is_known_here(site: Site) {
    use jotgate_server::flows::{end_sessions_of, find_user};
    let one = site.register("ada@example.com").await;
    let elsewhere = jotgate_server::App::open(site.app.config().clone()).await.unwrap();
    let user = find_user(&elsewhere, "ada@example.com").await.unwrap();
    end_sessions_of(
        &elsewhere,
        &jotgate_server::flows::By::command_line(),
        user.id,
        jotgate_server::domain::session::EndReason::Administrator,
    )
    .await
    .unwrap();
    site.post("/v1/logout", json!({"refresh_token": one.text("refresh_token")})).await.ok(204);
    site.me(&one.text("access_token")).await.refused(401, "session_ended");
}

/// A stale refresh token must not reach beyond its own session.
pub(crate) async fn with_an_expired_access_token(site: Site) {
    let one = site.register("ada@example.com").await;
    let other = site.log_in("ada@example.com").await;
    let next = site.refresh(&one.text("refresh_token")).await.ok(200);
    site.clock.advance(3600);
    site.call(Method::POST, "/v1/logout", &one.text("access_token")).await.refused(401, "token_expired");
    let stale = json!({"refresh_token": one.text("refresh_token")});
    site.post("/v1/logout?scope=global", stale).await.refused(401, "refresh_token_reused");
    site.refresh(&next.text("refresh_token")).await.refused(401, "session_ended");
    let other = site.refresh(&other.text("refresh_token")).await.ok(200);
    let body = json!({"refresh_token": other.text("refresh_token")});
    site.post("/v1/logout", body).await.ok(204);
    site.me(&other.text("access_token")).await.refused(401, "session_ended");
}

pub(crate) async fn sessions_are_listed_and_ended(site: Site) {
    let one = site.register("ada@example.com").await;
    site.clock.advance(60);
    let body = json!({"email": "ada@example.com", "password": crate::site::PASSWORD, "device": "Ada's phone"});
    let two = site.post("/v1/login", body).await.ok(200);
    let list = site.call(Method::GET, "/v1/sessions", &two.text("access_token")).await.ok(200);
    let list = list.body["sessions"].as_array().unwrap().clone();
    assert_eq!(list.len(), 2);
    assert_eq!((&list[0]["device"], &list[0]["current"]), (&json!("Ada's phone"), &json!(true)));
    assert_eq!((&list[1]["id"], &list[1]["current"]), (&one.body["session_id"], &json!(false)));
    assert_eq!(list[0]["created_at"], "2027-01-15T08:01:00Z");

    let path = format!("/v1/sessions/{}", one.text("session_id"));
    site.call(Method::DELETE, &path, &two.text("access_token")).await.ok(204);
    site.me(&one.text("access_token")).await.refused(401, "session_ended");
    site.call(Method::DELETE, &path, &two.text("access_token")).await.refused(404, "session_not_found");
    for nonsense in ["/v1/sessions/nonsense", "/v1/sessions/%ff"] {
        let refused = site.call(Method::DELETE, nonsense, &two.text("access_token")).await;
        refused.refused(404, "session_not_found");
    }
    site.me(&two.text("access_token")).await.ok(200);
}

pub(crate) async fn somebody_elses_session_is_not_found(site: Site) {
    let ada = site.register("ada@example.com").await;
    let eve = site.register("eve@example.com").await;
    let path = format!("/v1/sessions/{}", ada.text("session_id"));
    site.call(Method::DELETE, &path, &eve.text("access_token")).await.refused(404, "session_not_found");
    site.me(&ada.text("access_token")).await.ok(200);
    let list = site.call(Method::GET, "/v1/sessions", &eve.text("access_token")).await.ok(200);
    assert_eq!(list.body["sessions"].as_array().unwrap().len(), 1);
}

/// A guard in the same process shares the set, and knows of an end before the log-out is answered.
pub(crate) async fn ended_tokens_are_refused_at_once(site: Site) {
    let one = site.register("ada@example.com").await;
    let sid = one.text("session_id");
    let facts = jotgate_wire::TokenFacts { sid: Some(&sid), ..Default::default() };
    assert_eq!(site.app.revocations().check(&facts), None);
    site.call(Method::POST, "/v1/logout", &one.text("access_token")).await.ok(204);
    assert_eq!(site.app.revocations().check(&facts), Some(jotgate_wire::VerificationCode::SessionEnded));
}
