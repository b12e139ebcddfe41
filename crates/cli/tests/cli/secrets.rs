//! No secret reaches the log, at any level and in any format.

use reqwest::Method;
use serde_json::json;

use crate::probe::{Answer, PASSWORD, Probe};
use crate::server::{CONFIG, Server};
use crate::support::Desk;

const EMAIL: &str = "ada.lovelace@secrets.example.com";
const NEW_PASSWORD: &str = "an entirely different pass phrase";
const WRONG_PASSWORD: &str = "a wrong pass phrase of hers";
const MASTER_KEY: &str = "8f1d3c5b7a9e0f2d4c6b8a7e9f0d1c3b5a7e9d0f2c4b6a8e7f9d1c0b3a5e7f92";
const HMAC_SECRET: &str = "kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aYuEiOcVtRzWqMxNbA";

/// What must not be found, with what it is.
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn add(&mut self, what: &'static str, secret: impl Into<String>) {
        self.0.push((what, secret.into()));
    }

    /// The tokens and cookies of an answer, and the parts that would do as well.
    fn add_answer(&mut self, answer: &Answer) {
        for member in ["access_token", "refresh_token"] {
            if let Some(token) = answer.body[member].as_str() {
                self.add_token(token);
            }
        }
        for cookie in &answer.cookies {
            if let Some((_, value)) = cookie.split_once('=').filter(|(_, value)| !value.is_empty()) {
                self.add_token(value);
            }
        }
    }

    fn add_token(&mut self, token: &str) {
        self.add("a token", token);
        if let Some((_, signature)) = token.rsplit_once('.') {
            self.add("a signature", signature);
        }
        self.add("the end of a token", &token[token.len() - 24..]);
    }

    fn are_not_in(&self, log: &str) {
        for (what, secret) in &self.0 {
            assert!(!log.contains(secret), "{what} is in the log: {secret}\n{log}");
        }
    }
}

/// Everything that a person can do, well and badly.
async fn live(probe: &Probe, secrets: &mut Secrets) {
    let registered = probe.register(EMAIL).await;
    let tokens = probe.log_in(EMAIL).await.ok(200);
    let (access, refresh) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let refreshed = probe.send(probe.refreshing(&refresh)).await.ok(200);
    probe.me(&access).await.ok(200);
    probe.send(probe.authorized(Method::GET, "/v1/sessions", &access)).await.ok(200);
    for answer in [&registered, &tokens, &refreshed] {
        secrets.add_answer(answer);
    }
    probe.register("second@secrets.example.com").await;
    fail(probe, &access, &refresh).await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let newest = refreshed.text("access_token");
    probe.send(probe.authorized(Method::POST, "/v1/password/change", &newest).json(&change)).await.ok(204);
    probe.send(probe.authorized(Method::POST, "/v1/logout", &newest)).await.ok(204);
    probe.me(&newest).await.ok(401);
}

async fn fail(probe: &Probe, access: &str, refresh: &str) {
    probe.post("/v1/login", json!({"email": EMAIL, "password": WRONG_PASSWORD})).await.ok(401);
    probe.post("/v1/login", json!({"email": EMAIL, "password": PASSWORD, "extra": WRONG_PASSWORD})).await.ok(400);
    probe.post("/v1/register", json!({"email": EMAIL, "password": PASSWORD})).await;
    probe.post("/v1/register", json!({"email": "third@secrets.example.com", "password": EMAIL})).await;
    probe.send(probe.refreshing(&format!("{refresh}AAAA"))).await.ok(401);
    probe.me(&format!("{access}AAAA")).await.ok(401);
    let body = format!("{{\"email\":\"{EMAIL}\",\"password\":\"{PASSWORD}\"");
    let broken = probe.request(Method::POST, "/v1/login").header("content-type", "application/json").body(body);
    probe.send(broken).await.ok(400);
    let in_query = format!("/v1/me?access_token={access}&email={EMAIL}");
    probe.send(probe.request(Method::GET, &in_query)).await.ok(401);
    let in_path = format!("/v1/sessions/{refresh}");
    probe.send(probe.authorized(Method::DELETE, &in_path, access)).await;
    let wrong = json!({"current_password": WRONG_PASSWORD, "new_password": NEW_PASSWORD});
    probe.send(probe.authorized(Method::POST, "/v1/password/change", access).json(&wrong)).await;
}

/// The same with cookies.
async fn browse(probe: &Probe, origin: &str, secrets: &mut Secrets) {
    let log_in = json!({"email": "second@secrets.example.com", "password": PASSWORD, "transport": "cookie"});
    let here =
        |request: reqwest::RequestBuilder| request.header("origin", origin).header("sec-fetch-site", "same-origin");
    let answer = probe.send(here(probe.request(Method::POST, "/v1/login")).json(&log_in)).await.ok(200);
    assert_eq!(answer.cookies.len(), 2, "{answer:?}");
    secrets.add_answer(&answer);
    let cookies = answer.cookies.join("; ");
    let with = |method: Method, path: &str| probe.request(method, path).header("cookie", &cookies);
    probe.send(with(Method::GET, "/v1/me")).await.ok(200);
    let refreshed = probe.send(here(with(Method::POST, "/v1/refresh")).json(&json!({}))).await.ok(200);
    secrets.add_answer(&refreshed);
    let from_elsewhere = with(Method::POST, "/v1/logout").header("origin", "https://evil.example.com");
    probe.send(from_elsewhere.header("sec-fetch-site", "cross-site")).await.ok(403);
    probe.send(here(with(Method::POST, "/v1/logout"))).await.ok(204);
}

async fn nothing_secret_is_said(config: &str) {
    let desk = Desk::new();
    desk.write("jotgate.toml", format!("{CONFIG}{config}"));
    let mut command = desk.command(&["serve", "--json"]);
    command.env("JOTGATE_MASTER_KEY", MASTER_KEY);
    let server = Server::start_with(command);
    let mut secrets = Secrets(Vec::new());
    for (what, secret) in [
        ("a password", PASSWORD),
        ("a new password", NEW_PASSWORD),
        ("a wrong password", WRONG_PASSWORD),
        ("the master key", MASTER_KEY),
        ("the HMAC secret", HMAC_SECRET),
        ("an address", EMAIL),
        ("a part of an address", "secrets.example.com"),
    ] {
        secrets.add(what, secret);
    }
    let probe = Probe::new(&server.url);
    live(&probe, &mut secrets).await;
    browse(&probe, "http://127.0.0.1:4400", &mut secrets).await;
    let (code, log) = server.stop();
    assert_eq!(code, 0);
    assert!(log.matches("answered").count() > 15, "the log is not there: {log}");
    assert!(secrets.0.len() > 20, "hardly anything was looked for");
    secrets.are_not_in(&log);
}

#[tokio::test]
async fn no_secret_is_in_the_log_as_text_at_trace() {
    nothing_secret_is_said("[log]\nlevel = \"trace\"\nformat = \"text\"\n").await;
}

#[tokio::test]
async fn no_secret_is_in_the_log_as_json_at_trace_with_hmac() {
    let tokens = format!("[tokens]\nalgorithm = \"HS256\"\nsecret = \"{HMAC_SECRET}\"\n");
    nothing_secret_is_said(&format!("{tokens}[log]\nlevel = \"trace,h2=trace,hyper=trace\"\nformat = \"json\"\n"))
        .await;
}
