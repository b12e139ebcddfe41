//! A server on a free port, and what its tokens say.

use std::path::Path;

use jotgate_jose::{Algorithm, danger, jws};
use jotgate_server::config::Seconds;
use jotgate_server::domain::session::SessionId;
use jotgate_server::domain::user::UserId;
use jotgate_server::{App, Config, Server};
use jotgate_wire::{StatusList, StatusListClaims};
use reqwest::{Client, Response};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const PASSWORD: &str = "a long enough pass phrase";

pub(crate) struct Site {
    pub(crate) url: String,
    pub(crate) client: Client,
    pub(crate) app: App,
    config: Config,
    data: TempDir,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

/// The tokens of a session.
pub(crate) struct Session(Value);

impl Session {
    pub(crate) fn text(&self, member: &str) -> String {
        self.0[member].as_str().unwrap().to_owned()
    }

    pub(crate) fn claims(&self) -> Value {
        danger::decode(&self.text("access_token")).unwrap().claims
    }

    /// Address of the list, and place in it.
    pub(crate) fn status(&self) -> (String, u64) {
        let status = &self.claims()["status"]["status_list"];
        (status["uri"].as_str().unwrap().to_owned(), status["idx"].as_u64().unwrap())
    }

    pub(crate) fn id(&self) -> SessionId {
        self.text("session_id").parse().unwrap()
    }

    pub(crate) fn user(&self) -> UserId {
        self.claims()["sub"].as_str().unwrap().parse().unwrap()
    }
}

impl Site {
    pub(crate) async fn start(configure: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut config = config(port, data.path());
        configure(&mut config);
        Self::open(config, data).await
    }

    async fn open(config: Config, data: TempDir) -> Self {
        let app = App::open(config.clone()).await.unwrap();
        let server = Server::bind(app.clone()).await.unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        Self { url: config.issuer.clone(), client: Client::new(), app, config, data, stop, running }
    }

    /// The same data in another process, as far as it can know.
    pub(crate) async fn restart(self) -> Self {
        self.stop.send(()).unwrap();
        drop(self.client);
        self.running.await.unwrap();
        Self::open(self.config, self.data).await
    }

    pub(crate) async fn get(&self, url: &str) -> Response {
        self.client.get(url).send().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Response {
        self.client.post(format!("{}{path}", self.url)).json(&body).send().await.unwrap()
    }

    async fn session(&self, path: &str, body: Value) -> Session {
        let answer = self.post(path, body).await;
        assert!(answer.status().is_success(), "{answer:?}");
        Session(answer.json().await.unwrap())
    }

    pub(crate) async fn register(&self, email: &str) -> Session {
        self.session("/v1/register", json!({"email": email, "password": PASSWORD})).await
    }

    pub(crate) async fn log_in(&self, email: &str) -> Session {
        self.session("/v1/login", json!({"email": email, "password": PASSWORD})).await
    }

    pub(crate) async fn refresh(&self, session: &Session) -> Session {
        self.session("/v1/refresh", json!({"refresh_token": session.text("refresh_token")})).await
    }

    /// Uses a refresh token whose successor has been used.
    pub(crate) async fn steal(&self, session: &Session) {
        let next = self.refresh(session).await;
        self.refresh(&next).await;
        let stolen = self.post("/v1/refresh", json!({"refresh_token": session.text("refresh_token")})).await;
        assert_eq!(stolen.status(), 401);
    }

    pub(crate) async fn call(&self, session: &Session, path: &str, body: Value) {
        let call = self.client.post(format!("{}{path}", self.url)).bearer_auth(session.text("access_token"));
        let answer = call.json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 204, "{path}");
    }

    /// What the list says of a session.
    pub(crate) async fn status_of(&self, session: &Session) -> u8 {
        let (uri, idx) = session.status();
        let (_, claims) = self.verified(&self.get(&uri).await.text().await.unwrap());
        StatusList::read(&claims.status_list, 1 << 14).unwrap().status(idx).unwrap()
    }

    /// Header and claims of a list, whose signature must be by the published key.
    pub(crate) fn verified(&self, jwt: &str) -> (Map<String, Value>, StatusListClaims) {
        let verified = jws::verify(jwt, &*self.app.verifying_keys(), &[Algorithm::EdDsa]).unwrap();
        (danger::decode(jwt).unwrap().header, serde_json::from_slice(verified.payload()).unwrap())
    }
}

/// A log-in of its own, to be one of many.
pub(crate) async fn log_in(client: Client, url: String) -> Session {
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let answer = client.post(format!("{url}/v1/login")).json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    Session(answer.json().await.unwrap())
}

fn config(port: u16, data: &Path) -> Config {
    let mut config = Config::new(&format!("http://127.0.0.1:{port}")).unwrap();
    data.clone_into(&mut config.base_dir);
    config.http.listen = format!("127.0.0.1:{port}");
    config.http.shutdown_grace = Seconds(1);
    config.throttle.enabled = false;
    config.passwords.memory_kib = 8 * 1024;
    config.passwords.iterations = 1;
    config
}
