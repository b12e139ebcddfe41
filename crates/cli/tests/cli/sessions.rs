//! `sessions list|end`, and how soon a running server notices.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::probe::{Answer, Probe};
use crate::server::{CONFIG, Server};
use crate::support::Desk;

async fn logged_in() -> (Desk, Server, Probe, Answer) {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    let server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    let tokens = probe.register("ada@example.com").await;
    (desk, server, probe, tokens)
}

/// Asks again and again until the server refuses the token; the promise is 200 ms, and a busy machine gets a second.
#[expect(clippy::disallowed_methods, reason = "this measures real time")]
async fn refused_soon(probe: &Probe, access_token: &str, code: &str) {
    let deadline = Instant::now() + Duration::from_secs(1);
    loop {
        let answer = probe.me(access_token).await;
        if answer.status == 401 {
            assert_eq!(answer.body["code"], code);
            return;
        }
        assert!(Instant::now() < deadline, "the server has not noticed within a second");
    }
}

#[tokio::test]
async fn a_running_server_notices_the_end_of_a_session() {
    let (desk, _server, probe, tokens) = logged_in().await;
    let other = probe.log_in("ada@example.com").await.ok(200);
    probe.me(&tokens.text("access_token")).await.ok(200);
    let session = tokens.text("session_id");
    let ran = desk.run(&["sessions", "end", &session]).ends(0);
    assert!(ran.stdout.contains("1 session ended"), "{}", ran.stdout);
    refused_soon(&probe, &tokens.text("access_token"), "session_ended").await;
    probe.me(&other.text("access_token")).await.ok(200);
    let said = desk.run(&["sessions", "end", "--user", "ada@example.com", "--json"]).ends(0).json();
    assert_eq!(said, json!({"sessions_ended": 1}));
    refused_soon(&probe, &other.text("access_token"), "session_ended").await;
    let refreshed = probe.send(probe.refreshing(&other.text("refresh_token"))).await.ok(401);
    assert_eq!(refreshed.body["code"], "session_ended");
}

#[tokio::test]
async fn a_running_server_notices_a_revoked_token_and_its_session_goes_on() {
    let (desk, _server, probe, tokens) = logged_in().await;
    let token = tokens.text("access_token");
    let said = desk.run(&["token", "revoke", &token, "--json"]).ends(0).json();
    refused_soon(&probe, &token, "token_revoked").await;
    let renewed = probe.send(probe.refreshing(&tokens.text("refresh_token"))).await.ok(200);
    probe.me(&renewed.text("access_token")).await.ok(200);
    let shown = desk.run(&["token", "inspect", &token, "--json"]).ends(0).json();
    assert_eq!(said["revoked"], shown["claims"]["jti"]);
    let jti = desk.run(&["token", "inspect", &renewed.text("access_token"), "--json"]).ends(0).json();
    let jti = jti["claims"]["jti"].as_str().unwrap().to_owned();
    desk.run(&["token", "revoke", "--jti", &jti]).ends(0);
    refused_soon(&probe, &renewed.text("access_token"), "token_revoked").await;
}

#[test]
fn what_is_no_token_of_the_server_is_not_revoked() {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    let _server = Server::start(&desk);
    desk.run(&["token", "revoke", "a.b.c"]).ends(1).complains(&["token_malformed"]);
    desk.run(&["token", "revoke", "--jti", &"x".repeat(257)]).ends(2).complains(&["256 bytes"]);
    desk.run(&["token", "revoke", "--jti", "x", "a.b.c"]).ends(2);
    desk.run_with(&["token", "revoke", "-"], b"x\n").ends(2).complains(&["one token"]);
}

#[tokio::test]
async fn live_sessions_are_listed() {
    let (desk, _server, _probe, tokens) = logged_in().await;
    let session = tokens.text("session_id");
    let listed = desk.run(&["sessions", "list", "ada@example.com", "--json"]).ends(0).json();
    assert_eq!((listed["id"].as_str(), &listed["address"]), (Some(&*session), &json!("127.0.0.1")));
    assert!(desk.run(&["sessions", "list", "ada@example.com"]).ends(0).stdout.contains(&session));
    desk.run(&["sessions", "end", &session]).ends(0);
    assert_eq!(desk.run(&["sessions", "list", "ada@example.com", "--json"]).ends(0).stdout, "");
    desk.run(&["sessions", "list", "ada@example.com"]).ends(0).complains(&["no live sessions"]);
}

#[tokio::test]
async fn only_what_is_meant_is_ended() {
    let (desk, _server, probe, tokens) = logged_in().await;
    probe.register("bob@example.com").await;
    let session = tokens.text("session_id");
    desk.run(&["sessions", "end", &session, "--user", "bob@example.com"]).ends(1).complains(&["no such session"]);
    probe.me(&tokens.text("access_token")).await.ok(200);
    desk.run(&["sessions", "end", &session, "--user", "ada@example.com"]).ends(0);
    desk.run(&["sessions", "end", &session]).ends(1).complains(&["no such session"]);
    desk.run(&["sessions", "end", "--user", "nobody@example.com"]).ends(1);
    desk.run(&["sessions", "list", "nobody@example.com"]).ends(1);
    desk.run(&["sessions", "end", "not-an-id"]).ends(2);
}

#[tokio::test]
async fn everybody_is_logged_out() {
    let (desk, _server, probe, ada) = logged_in().await;
    let bob = probe.register("bob@example.com").await;
    desk.run(&["sessions", "end", "--everyone", "--user", "bob@example.com"]).ends(2);
    let said = desk.run(&["sessions", "end", "--everyone"]).ends(0).stdout;
    assert!(said.contains("2 sessions ended"), "{said}");
    for tokens in [&ada, &bob] {
        refused_soon(&probe, &tokens.text("access_token"), "session_ended").await;
    }
}
