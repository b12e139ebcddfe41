//! A server that people reach over HTTP.

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

pub(crate) struct Site {
    data: TempDir,
    clock: Arc<ManualClock>,
    url: String,
    client: Client,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Value,
}

impl Site {
    /// Our own listener, or the router mounted in an application, which has no limit of connections before it.
    pub(crate) async fn open(mounted: bool, configure: impl FnOnce(&mut Config)) -> Self {
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

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url)).json(body)
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    pub(crate) async fn register(&self, name: &str) -> Answer {
        let body = json!({"email": format!("{name}@example.com"), "password": "a long enough pass phrase"});
        send(self.post("/v1/register", &body)).await
    }

    /// The token in the newest mail with this title, of those that are shown; waits until it is there.
    pub(crate) async fn shown_token(&self, title: &str) -> String {
        let page = async |path: &str| self.get(path).send().await.unwrap().text().await.unwrap();
        for _ in 0..5000 {
            let list = page("/dev/mail").await;
            if let Some(item) = list.split("<li>").skip(1).find(|item| item.contains(title)) {
                let mail = page(item.split('"').nth(1).unwrap()).await;
                return mail.split("?token=").nth(1).unwrap().split(['"', '<', '\n']).next().unwrap().to_owned();
            }
        }
        panic!("no mail `{title}` came");
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        send(self.refreshing()(refresh_token)).await
    }

    /// How to ask for a refresh, for a task of its own.
    pub(crate) fn refreshing(&self) -> impl Fn(&str) -> RequestBuilder + Send + use<> {
        let (client, url) = (self.client.clone(), format!("{}/v1/refresh", self.url));
        move |refresh_token| client.post(&url).json(&json!({"refresh_token": refresh_token}))
    }

    pub(crate) async fn log_out(&self, refresh_token: &str) -> Answer {
        send(self.post("/v1/logout", &json!({"refresh_token": refresh_token}))).await
    }

    /// Whether the server says that it can serve, asked anew.
    pub(crate) async fn ready(&self) -> Answer {
        self.pass(2);
        send(self.get("/readyz")).await
    }

    /// So many seconds pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// What needs no store goes on.
    pub(crate) async fn publishes(&self) {
        for path in ["/healthz", "/.well-known/jwks.json"] {
            assert_eq!(send(self.get(path)).await.status, 200, "{path}");
        }
    }

    /// Asks for the account of those who got this answer.
    pub(crate) async fn get_me(&self, tokens: &Answer) -> Answer {
        send(self.get("/v1/me").bearer_auth(tokens.text("access_token"))).await
    }

    /// What needs no change goes on.
    pub(crate) async fn still_verifies(&self, access_token: &str) {
        let me = send(self.get("/v1/me").bearer_auth(access_token)).await;
        assert_eq!(me.status, 200, "{me:?}");
        self.publishes().await;
    }
}

impl Answer {
    pub(crate) fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {self:?}")).to_owned()
    }

    #[track_caller]
    pub(crate) fn refused(&self, code: &str) {
        assert_eq!((self.status, self.text("code").as_str()), (503, code), "{self:?}");
        assert!(self.retry_after.is_some(), "{self:?}");
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    Answer { status, retry_after, body: response.json().await.unwrap_or_default() }
}
