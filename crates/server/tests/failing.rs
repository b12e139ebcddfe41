//! A store that is slow, or gone: what clients of a real listener are told meanwhile, and that it recovers by itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jotgate_server::domain::time::Timestamp;
use jotgate_server::{App, Clock, Config, Server, SystemRandom};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

#[derive(Debug)]
struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

struct Site {
    data: TempDir,
    clock: Arc<ManualClock>,
    url: String,
    client: Client,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    retry_after: Option<String>,
    body: Value,
}

impl Site {
    /// Our own listener, or the router mounted in an application, which has no limit of connections before it.
    async fn open(mounted: bool, configure: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::new("http://127.0.0.1").unwrap();
        data.path().clone_into(&mut config.base_dir);
        "127.0.0.1:0".clone_into(&mut config.http.listen);
        (config.passwords.memory_kib, config.passwords.iterations) = (8 * 1024, 1);
        configure(&mut config);
        let clock = Arc::new(ManualClock(AtomicI64::new(1_800_000_000)));
        let app = App::open_with(config, clock.clone(), Arc::new(SystemRandom)).await.unwrap();
        let address = if mounted {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { axum::serve(listener, app.router()).await.unwrap() });
            address
        } else {
            let server = Server::bind(app).await.unwrap();
            let address = server.local_address().unwrap();
            tokio::spawn(server.run(std::future::pending()));
            address
        };
        Self { data, clock, url: format!("http://{address}"), client: Client::new() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url)).json(body)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    async fn register(&self, name: &str) -> Answer {
        let body = json!({"email": format!("{name}@example.com"), "password": "a long enough pass phrase"});
        send(self.post("/v1/register", &body)).await
    }

    async fn refresh(&self, refresh_token: &str) -> Answer {
        send(self.post("/v1/refresh", &json!({"refresh_token": refresh_token}))).await
    }

    async fn log_out(&self, refresh_token: &str) -> Answer {
        send(self.post("/v1/logout", &json!({"refresh_token": refresh_token}))).await
    }

    /// Whether the server says that it can serve, asked anew.
    async fn ready(&self) -> Answer {
        self.clock.0.fetch_add(2, Ordering::SeqCst);
        send(self.get("/readyz")).await
    }

    /// What needs no change goes on.
    async fn still_verifies(&self, access_token: &str) {
        let me = send(self.get("/v1/me").bearer_auth(access_token)).await;
        assert_eq!(me.status, 200, "{me:?}");
        for path in ["/healthz", "/.well-known/jwks.json"] {
            assert_eq!(send(self.get(path)).await.status, 200, "{path}");
        }
    }
}

impl Answer {
    fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {self:?}")).to_owned()
    }

    #[track_caller]
    fn refused(&self, code: &str) {
        assert_eq!((self.status, self.text("code").as_str()), (503, code), "{self:?}");
        assert!(self.retry_after.is_some(), "{self:?}");
    }
}

async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    Answer { status, retry_after, body: response.json().await.unwrap_or_default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_does_not_answer_is_given_up_and_comes_back() {
    let site = Site::open(false, |_| {}).await;
    let (ada, eve) = (site.register("ada").await, site.register("eve").await);
    let database = rusqlite::Connection::open(site.file("jotgate.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (eves, adas) = (eve.text("refresh_token"), ada.text("refresh_token"));
    let access_token = ada.text("access_token");
    let (refreshed, logged_out, ready, ()) =
        tokio::join!(site.refresh(&adas), site.log_out(&eves), site.ready(), site.still_verifies(&access_token));
    for answer in [refreshed, logged_out, ready] {
        answer.refused("store_unavailable");
    }
    database.execute_batch("COMMIT").unwrap();
    assert_eq!(site.ready().await.status, 200);
    assert_eq!(site.refresh(&adas).await.status, 200, "nobody honest was logged out");
    assert_eq!(site.log_out(&eves).await.status, 204);
    assert_eq!(site.refresh(&eves).await.text("code"), "session_ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_slow_store_can_take_is_refused_at_once() {
    let site = Site::open(true, |config| config.http.max_connections = 8).await;
    let token = site.register("ada").await.text("refresh_token");
    let database = rusqlite::Connection::open(site.file("jotgate.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let request = site.post("/v1/refresh", &json!({"refresh_token": token}));
        waiting.spawn(send(request));
    }
    for _ in 0..32 {
        waiting.join_next().await.unwrap().unwrap().refused("overloaded");
    }
    database.execute_batch("COMMIT").unwrap();
    let answers = waiting.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(answers.len(), 8, "those that had a place");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_takes_nothing_until_it_is_back() {
    let site = Site::open(false, |_| {}).await;
    let ada = site.register("ada").await;
    let token = ada.text("refresh_token");
    std::fs::rename(site.file("jotgate.db"), site.file("away.db")).unwrap();
    site.refresh(&token).await.refused("store_unavailable");
    site.log_out(&token).await.refused("store_unavailable");
    site.register("eve").await.refused("store_unavailable");
    site.ready().await.refused("store_unavailable");
    site.still_verifies(&ada.text("access_token")).await;
    std::fs::rename(site.file("away.db"), site.file("jotgate.db")).unwrap();
    assert_eq!(site.ready().await.status, 200);
    assert_eq!(site.refresh(&token).await.status, 200);
    assert_eq!(site.register("eve").await.status, 201);
}
