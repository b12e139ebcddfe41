//! A server on a free port, with data of its own and a clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jotgate_server::config::{Client as ClientConfig, Role, Seconds};
use jotgate_server::domain::time::Timestamp;
use jotgate_server::{App, Clock, Config, Server, SystemRandom};
use jotgate_testkit::postgres::Database;
use jotgate_wire::SecretText;
use reqwest::header::{AUTHORIZATION, ORIGIN};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::answer::Answer;

#[path = "described.rs"]
mod described;

pub(crate) const PASSWORD: &str = "a long enough pass phrase";
/// Texts of the scenarios that no log may have: passwords, and the addresses of people.
#[allow(dead_code, reason = "one of the two tests that share this file reads it")]
pub(crate) const SECRET_TEXTS: &[&str] = &[
    PASSWORD,
    "quite another pass phrase",
    "a wrong pass phrase",
    "the secret that nobody may see",
    "ada@example.com",
    "Ada@Example.com",
    "ＡＤＡ@example.com",
    "known@example.com",
    "many@example.com",
    "new@example.com",
    "bücher.example",
];
/// A page that may call the server with cookies.
pub(crate) const SHOP: &str = "https://shop.example.com";

#[derive(Debug)]
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl ManualClock {
    #[allow(dead_code, reason = "one of the tests that share this file asks")]
    pub(crate) fn seconds(&self) -> i64 {
        self.now().seconds()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) base: String,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) client: Client,
    pub(crate) app: App,
    _running: Running,
    _data: TempDir,
    _database: Option<Database>,
}

/// Ends with the site.
struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Site {
    /// `serve`: our own listener.
    pub(crate) async fn served() -> Self {
        Self::configured(|_| {}).await
    }

    /// The same, and something of its configuration changed.
    pub(crate) async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        let port = free_port().await;
        let (app, clock, data) = open(&format!("http://127.0.0.1:{port}"), port, None, change).await;
        Self::serve(port, app, clock, data).await
    }

    #[allow(dead_code, reason = "one of the two tests that share this file uses it")]
    /// `serve` with its data on a PostgreSQL server; nothing, and a word of it, where there is none.
    pub(crate) async fn on_postgres(test: &str) -> Option<Self> {
        let database = Database::create(&format!("on_postgres {test}"))?;
        let port = free_port().await;
        let (app, clock, data) = open(&format!("http://127.0.0.1:{port}"), port, Some(database.url()), |_| {}).await;
        Some(Self { _database: Some(database), ..Self::serve(port, app, clock, data).await })
    }

    async fn serve(port: u16, app: App, clock: Arc<ManualClock>, data: TempDir) -> Self {
        let server = Server::bind(app.clone()).await.unwrap();
        let running = tokio::spawn(server.run(std::future::pending()));
        Self::at(port, "", app, clock, data, running)
    }

    #[allow(dead_code, reason = "one of the two tests that share this file mounts it")]
    /// The router nested in somebody's application, served by axum.
    pub(crate) async fn mounted() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (app, clock, data) = open(&format!("http://127.0.0.1:{port}/auth"), port, None, |_| {}).await;
        let routes = axum::Router::new().nest("/auth", app.router());
        let jobs = app.start_jobs();
        let running = tokio::spawn(async move {
            let _jobs = jobs;
            axum::serve(listener, routes).await.unwrap();
        });
        Self::at(port, "/auth", app, clock, data, running)
    }

    fn at(port: u16, base: &str, app: App, clock: Arc<ManualClock>, data: TempDir, running: JoinHandle<()>) -> Self {
        let origin = format!("http://127.0.0.1:{port}");
        let (url, base) = (format!("{origin}{base}"), base.to_owned());
        Self { url, base, clock, client: Client::new(), app, _running: Running(running), _data: data, _database: None }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// The text of a page.
    pub(crate) async fn page(&self, path: &str) -> String {
        self.request(Method::GET, path).send().await.unwrap().error_for_status().unwrap().text().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(Method::POST, path).json(&body)).await
    }

    /// A call with an access token and no body.
    pub(crate) async fn call(&self, method: Method, path: &str, access_token: &str) -> Answer {
        send(self.request(method, path).header(AUTHORIZATION, format!("Bearer {access_token}"))).await
    }

    pub(crate) async fn me(&self, access_token: &str) -> Answer {
        self.call(Method::GET, "/v1/me", access_token).await
    }

    pub(crate) async fn register(&self, email: &str) -> Answer {
        self.post("/v1/register", json!({"email": email, "password": PASSWORD})).await.ok(201)
    }

    pub(crate) async fn log_in(&self, email: &str) -> Answer {
        self.post("/v1/login", json!({"email": email, "password": PASSWORD})).await.ok(200)
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        self.post("/v1/refresh", json!({"refresh_token": refresh_token})).await
    }

    /// A request as a page of that origin makes it, with cookies.
    pub(crate) async fn browse(&self, method: Method, path: &str, origin: &str, cookies: &str) -> Answer {
        send(self.request(method, path).header(ORIGIN, origin).header("cookie", cookies)).await
    }
}

/// Sends it. A refusal that openapi.json does not have for that call fails the test.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let (client, request) = request.build_split();
    let request = request.unwrap();
    let call = (request.method().to_string(), request.url().path().to_owned());
    let answer = Answer::of(client.execute(request).await.unwrap()).await;
    if let Some(code) = answer.body["code"].as_str() {
        described::check(&call.0, &call.1, answer.status, code);
    }
    answer
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

async fn open(
    issuer: &str,
    port: u16,
    store: Option<String>,
    change: impl FnOnce(&mut Config),
) -> (App, Arc<ManualClock>, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let mut config = Config::new(issuer).unwrap();
    config.base_dir = data.path().to_owned();
    config.http.listen = format!("127.0.0.1:{port}");
    config.http.allowed_origins = vec![SHOP.into()];
    config.http.request_timeout = Seconds(20);
    config.mail.show = true;
    let (idle_ttl, absolute_ttl, retry_window) = (Some(Seconds(3600)), Some(Seconds(7200)), Some(Seconds(2)));
    config.clients.insert("kiosk".into(), ClientConfig { idle_ttl, absolute_ttl, retry_window });
    let role = |scopes: &[&str], everyone| Role { scopes: scopes.iter().map(ToString::to_string).collect(), everyone };
    config.roles.insert("admin".into(), role(&["jotgate:admin"], false));
    config.roles.insert("clerk".into(), role(&["orders:read", "orders:write"], false));
    config.roles.insert("member".into(), role(&["profile"], true));
    config.tokens.claims.insert("plan".into(), "app_metadata.plan.name".into());
    config.tokens.claims.insert("locale".into(), "user_metadata.locale".into());
    config.passwords.memory_kib = 8 * 1024;
    config.passwords.iterations = 1;
    if let Some(url) = store {
        config.store.url = url;
        config.store.max_connections = 8;
        config.keys.master_key = Some(SecretText::from("5a".repeat(32)));
    }
    change(&mut config);
    let clock = Arc::new(ManualClock(AtomicI64::new(1_800_000_000_000)));
    let app = App::open_with(config, clock.clone(), Arc::new(SystemRandom)).await.unwrap();
    (app, clock, data)
}
