//! One process, one application: the server under `/auth` and an API behind the guard beside it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use axum::Router;
use axum::routing::get;
use jotgate_guard::{Auth, Guard};
use jotgate_server::{App, Config, Jobs};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

const PASSWORD: &str = "a long enough pass phrase";

struct Site {
    url: String,
    client: Client,
    /// The guard of `/foreign`.
    foreign: Guard,
    _jobs: Jobs,
    auth: App,
    _data: TempDir,
}

async fn hello(auth: Auth) -> String {
    format!("hello {}", auth.subject())
}

/// The API finds the keys as the application hands them over (`/shared`), or as any API would, over HTTP (`/foreign`).
async fn start() -> Site {
    let data = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let issuer = format!("{url}/auth");
    let mut config = Config::new(&issuer).unwrap();
    config.base_dir = data.path().to_owned();
    config.passwords.memory_kib = 8 * 1024;
    config.tokens.audience = vec!["https://api.example.com".into()];
    let auth = App::open(config).await.unwrap();
    let jobs = auth.start_jobs();
    let builder = || Guard::builder().issuer(&issuer).audience("https://api.example.com");
    let live = {
        let auth = auth.clone();
        move || auth.verifying_keys()
    };
    let shared = builder().live_keys(live).revocations(auth.revocations()).build().unwrap();
    let foreign = builder().build().unwrap();
    let guard = foreign.clone();
    let app = Router::new()
        .route("/shared", get(hello).layer(shared.layer()))
        .route("/foreign", get(hello).layer(foreign.layer()))
        .nest("/auth", auth.router());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Site { url, client: Client::new(), foreign: guard, auth, _jobs: jobs, _data: data }
}

impl Site {
    async fn register(&self) -> Value {
        let body = json!({"email": "ada@example.com", "password": PASSWORD});
        let request = self.client.post(format!("{}/auth/v1/register", self.url)).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn get(&self, path: &str, token: &str) -> (u16, String) {
        let answer = self.client.get(format!("{}{path}", self.url)).bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_guard_in_the_same_process_refuses_an_ended_session_at_once() {
    let site = start().await;
    let registered = site.register().await;
    let token = registered["access_token"].as_str().unwrap();
    let greeting = format!("hello {}", registered["user"]["id"].as_str().unwrap());
    assert_eq!(site.get("/shared", token).await, (200, greeting.clone()));
    assert_eq!(site.get("/foreign", token).await, (200, greeting));

    let logout = site.client.post(format!("{}/auth/v1/logout", site.url)).bearer_auth(token).send().await.unwrap();
    assert_eq!(logout.status().as_u16(), 204);
    let (status, body) = site.get("/shared", token).await;
    assert!(status == 401 && body.contains("\"code\":\"session_ended\""), "{status} {body}");
}

/// The key ring changes under the guard: the new key's tokens are taken at once, the old one's refused by name.
#[tokio::test]
async fn a_guard_in_the_same_process_follows_the_keys() {
    let site = start().await;
    let registered = site.register().await;
    let token = registered["access_token"].as_str().unwrap();
    assert_eq!(site.get("/shared", token).await.0, 200);
    let kid = site.auth.verifying_keys().keys()[0].kid().unwrap().to_owned();
    jotgate_server::flows::revoke_keys(&site.auth, vec![kid]).await.unwrap();
    let (status, body) = site.get("/shared", token).await;
    assert!(status == 401 && body.contains("\"code\":\"key_revoked\""), "{status} {body}");
    let refresh = json!({"refresh_token": registered["refresh_token"]});
    let renewed = site.client.post(format!("{}/auth/v1/refresh", site.url)).json(&refresh).send().await.unwrap();
    let renewed: Value = renewed.json().await.unwrap();
    assert_eq!(site.get("/shared", renewed["access_token"].as_str().unwrap()).await.0, 200);
}

#[tokio::test]
async fn a_refresh_token_is_no_access_token() {
    let site = start().await;
    let registered = site.register().await;
    let (status, body) = site.get("/foreign", registered["refresh_token"].as_str().unwrap()).await;
    assert!(status == 401 && body.contains("\"code\":\"type_mismatch\""), "{status} {body}");
}

/// The log-out is answered, and the API refuses as soon as the feed has told it; nothing else is waited for.
#[tokio::test]
async fn a_guard_elsewhere_refuses_an_ended_session_within_a_moment() {
    let site = start().await;
    let registered = site.register().await;
    let token = registered["access_token"].as_str().unwrap();
    let auth = site.foreign.verify(token).await.unwrap();
    let logout = site.client.post(format!("{}/auth/v1/logout", site.url)).bearer_auth(token).send().await.unwrap();
    assert_eq!(logout.status().as_u16(), 204);
    let patience = std::time::Duration::from_secs(20);
    let ended = tokio::time::timeout(patience, site.foreign.ended(&auth)).await.unwrap();
    assert_eq!(ended.code(), "session_ended");
    let (status, body) = site.get("/foreign", token).await;
    assert!(status == 401 && body.contains("\"code\":\"session_ended\""), "{status} {body}");
}
