//! What the audit trail has of what people did.

use jotgate_server::domain::audit::{Actor, Event, Line};
use jotgate_server::flows::{self, Lines};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, USER_AGENT};
use serde_json::json;

use crate::answer::Answer;
use crate::site::{PASSWORD, SECRET_TEXTS, Site, send};

const NEW_PASSWORD: &str = "quite another pass phrase";

/// The whole trail, the oldest line first.
async fn trail(site: &Site) -> Vec<Line> {
    let mut lines = flows::audit(&site.app, Lines::default(), 1000).await.unwrap();
    lines.reverse();
    lines
}

/// Event, code and kind of actor of each line.
fn told(lines: &[Line]) -> Vec<(&str, &str, &str)> {
    lines.iter().map(|line| (&*line.event, line.refused.as_deref().unwrap_or("done"), line.by.actor.kind())).collect()
}

async fn change_password(site: &Site, access_token: &str, current: &str) -> Answer {
    let body = json!({"current_password": current, "new_password": NEW_PASSWORD});
    let request = site.request(Method::POST, "/v1/password/change").json(&body);
    send(request.header(AUTHORIZATION, format!("Bearer {access_token}"))).await
}

pub(crate) async fn every_flow_leaves_its_line(site: Site) {
    let ada = site.register("ada@example.com").await;
    site.clock.advance(1);
    let body = json!({"email": "ada@example.com", "password": "a wrong pass phrase"});
    let refused = send(site.request(Method::POST, "/v1/login").json(&body).header(USER_AGENT, "x".repeat(9000))).await;
    refused.refused(401, "invalid_credentials");
    site.post("/v1/login", json!({"email": "known@example.com", "password": PASSWORD})).await.ok(401);
    site.clock.advance(1);
    let second = site.log_in("ada@example.com").await;
    site.clock.advance(1);
    change_password(&site, &second.text("access_token"), "a wrong pass phrase").await.ok(401);
    site.clock.advance(1);
    change_password(&site, &second.text("access_token"), PASSWORD).await.ok(204);
    site.clock.advance(1);
    let rotated = site.refresh(&second.text("refresh_token")).await.ok(200);
    site.clock.advance(1);
    let left = site.post("/v1/logout", json!({"refresh_token": rotated.text("refresh_token")})).await.ok(204);
    site.post("/v1/logout", json!({"refresh_token": rotated.text("refresh_token")})).await.ok(204);

    let lines = trail(&site).await;
    let expected = [
        ("register", "done", "user"),
        ("login", "invalid_credentials", "anonymous"),
        ("login", "invalid_credentials", "anonymous"),
        ("login", "done", "user"),
        ("password.change", "invalid_credentials", "user"),
        ("password.change", "done", "user"),
        ("logout", "done", "user"),
    ];
    assert_eq!(told(&lines), expected, "a refresh has no line, nor has a log-out that ends nothing");
    let user = flows::find_user(&site.app, "ada@example.com").await.unwrap().id;
    assert_eq!(lines[0].session.map(|id| id.to_string()), Some(ada.text("session_id")));
    assert_eq!(lines[0].by.origin.request.map(|id| id.to_string()), Some(ada.header("x-request-id")));
    assert_eq!(lines[6].by.origin.request.map(|id| id.to_string()), Some(left.header("x-request-id")));
    let (known, unknown): (Vec<_>, Vec<_>) = lines[1..3].iter().partition(|line| line.user == Some(user));
    assert_eq!((known.len(), unknown.len(), unknown[0].user), (1, 1, None));
    assert_eq!(known[0].by.origin.user_agent.as_ref().unwrap().len(), 256);
    assert_eq!(lines[5].detail["sessions_ended"], 1);
    // An application that mounts the router has not said whose connection it is.
    let address = site.base.is_empty().then_some("127.0.0.1");
    assert!(lines.iter().all(|line| line.by.origin.address.as_deref() == address), "{lines:?}");
    let whole = format!("{lines:?}");
    assert!(SECRET_TEXTS.iter().all(|secret| !whole.contains(secret)), "{whole}");
}

pub(crate) async fn a_reuse_has_one_line(site: Site) {
    let ada = site.register("ada@example.com").await;
    site.refresh(&ada.text("refresh_token")).await.ok(200);
    site.clock.advance(3600);
    for _ in 0..3 {
        site.refresh(&ada.text("refresh_token")).await.ok(401);
    }
    let everywhere = site.request(Method::POST, "/v1/logout?scope=global");
    send(everywhere.json(&json!({"refresh_token": ada.text("refresh_token")}))).await.ok(401);
    let lines = trail(&site).await;
    assert_eq!(told(&lines), [("register", "done", "user"), ("refresh.reused", "done", "anonymous")]);
    assert_eq!(lines[1].session.map(|id| id.to_string()), Some(ada.text("session_id")));
    assert!(lines[1].by.origin.request.is_some());
}

pub(crate) async fn operators_leave_their_lines(site: Site) {
    let ada = site.register("ada@example.com").await;
    let user = flows::find_user(&site.app, "ada@example.com").await.unwrap().id;
    let by = flows::By::command_line();
    site.clock.advance(1);
    flows::end_sessions_of(&site.app, &by, user, jotgate_server::domain::session::EndReason::Administrator)
        .await
        .unwrap();
    flows::end_sessions_of(&site.app, &by, user, jotgate_server::domain::session::EndReason::Administrator)
        .await
        .unwrap();
    site.clock.advance(1);
    let kid = flows::keys(&site.app).await.unwrap().into_iter().find(|key| key.signs_from.is_some()).unwrap().kid;
    flows::revoke_keys(&site.app, vec![kid.clone()]).await.unwrap();
    let lines = trail(&site).await;
    let (operated, keys) = lines[1..].split_at(1);
    assert_eq!(told(operated), [("session.end", "done", "command_line")], "an end that ends nothing has none");
    assert_eq!(operated[0].detail["reason"], "administrator");
    let mut events = told(keys);
    events.sort_unstable();
    assert_eq!(events, [("key.activate", "done", "command_line"), ("key.revoke", "done", "command_line")]);
    assert!(keys.iter().any(|line| line.event == Event::KeyRevoke.name() && line.target.as_deref() == Some(&*kid)));
    assert!(lines.iter().all(|line| line.by.actor != Actor::System));
    site.me(&ada.text("access_token")).await.ok(401);
}

/// Known, unknown: the trail says the same of both, and no more than who asked from where.
pub(crate) async fn asking_for_mail_has_a_line_that_tells_nobody_apart(site: Site) {
    site.register("known@example.com").await;
    for (path, event) in [("/v1/password/forgot", "password.forgot"), ("/v1/email/resend", "email.resend")] {
        for email in ["known@example.com", "nobody@example.com"] {
            for _ in 0..5 {
                site.post(path, json!({"email": email})).await.ok(202);
            }
            site.post(path, json!({"email": email})).await.ok(429);
        }
        let lines: Vec<_> = trail(&site).await.into_iter().filter(|line| line.event == event).collect();
        let (refused, done): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.refused.is_some());
        assert_eq!((done.len(), refused.len()), (10, 2), "{lines:?}");
        assert!(refused.iter().all(|line| line.refused.as_deref() == Some("too_many_attempts")));
        let plain = |line: &Line| {
            let unknown = line.user.is_none() && line.target.is_none() && line.detail.is_empty();
            line.by.actor == Actor::Anonymous && unknown && line.by.origin.request.is_some()
        };
        assert!(lines.iter().all(plain), "{lines:?}");
        assert!(!format!("{lines:?}").contains("@example.com"));
    }
}

pub(crate) async fn what_people_change_of_themselves_has_a_line(site: Site) {
    let ada = site.register("ada@example.com").await;
    let patch = async |body: serde_json::Value| {
        let request = site.request(Method::PATCH, "/v1/me").json(&body);
        send(request.header(AUTHORIZATION, format!("Bearer {}", ada.text("access_token")))).await.ok(200)
    };
    site.clock.advance(1);
    patch(json!({"name": "Ada L.", "user_metadata": {"locale": "de"}})).await;
    patch(json!({"name": "Ada L."})).await;
    patch(json!({})).await;
    let lines = trail(&site).await;
    assert_eq!(told(&lines[1..]), [("user.update", "done", "user")], "what changes nothing has no line");
    assert_eq!(lines[1].detail["changed"], json!(["name", "user_metadata"]));
    assert_eq!(lines[1].user, lines[1].by.actor.id());
}
