//! What is answered while the queue is full, through the router of a whole server with one worker and one place to wait.

use std::net::SocketAddr;
use std::sync::mpsc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tower::ServiceExt;

use crate::config::{Network, Seconds, Verification};
use crate::domain::email::Email;
use crate::flows::{self, By, NewUser};
use crate::store::outbox::TakeUpMail;
use crate::{App, Config};

use super::password;

const PASSWORD: &str = "a long enough pass phrase";
const NEW_PASSWORD: &str = "quite another pass phrase";
/// Everybody comes from here, the proxy that asks for forward authentication too.
const PEER: &str = "192.0.2.1";

#[derive(Clone)]
struct Client(Router);

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

struct Site {
    app: App,
    client: Client,
    _data: TempDir,
}

/// The queue is full as long as there is one.
struct Full {
    busy: mpsc::Sender<()>,
    /// A log-in that waits.
    waiting: JoinHandle<Answer>,
}

impl Client {
    async fn ask(&self, method: &str, path: &str, access_token: Option<&str>, body: Option<Value>) -> Answer {
        let peer = ConnectInfo(SocketAddr::new(PEER.parse().unwrap(), 1));
        let mut request = Request::builder().method(method).uri(path).extension(peer);
        request = request.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/");
        if let Some(token) = access_token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = match body {
            Some(body) => request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        let response = self.0.clone().oneshot(request.unwrap()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    async fn get(&self, path: &str, access_token: Option<&str>) -> Answer {
        self.ask("GET", path, access_token, None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, None, Some(body)).await
    }

    async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.post("/v1/login", json!({"email": email, "password": password})).await
    }

    async fn register(&self, email: &str) -> Answer {
        self.post("/v1/register", json!({"email": email, "password": PASSWORD})).await
    }

    async fn change_password(&self, access_token: &str) -> Answer {
        let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        self.ask("POST", "/v1/password/change", Some(access_token), Some(body)).await
    }

    async fn change_email(&self, access_token: &str) -> Answer {
        let body = json!({"email": "new@example.com", "current_password": PASSWORD});
        self.ask("POST", "/v1/email/change", Some(access_token), Some(body)).await
    }

    async fn reset(&self, token: &str) -> Answer {
        self.post("/v1/password/reset", json!({"token": token, "new_password": NEW_PASSWORD})).await
    }
}

impl Answer {
    #[track_caller]
    fn ok(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    #[track_caller]
    fn overloaded(self) {
        assert_eq!((self.status, &self.body["code"]), (503, &json!("overloaded")), "{self:?}");
        assert_eq!(self.headers.get(header::RETRY_AFTER).unwrap(), "2", "{self:?}");
    }

    fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {self:?}"))
    }
}

impl Site {
    /// With an account, ada@example.com.
    async fn open(verification: Verification) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::new("https://auth.example.com").unwrap();
        data.path().clone_into(&mut config.base_dir);
        (config.passwords.memory_kib, config.passwords.iterations) = (8 * 1024, 1);
        (config.passwords.workers, config.passwords.max_waiting) = (1, 1);
        // So that a slow machine ends no wait; the request's own limit is longer still.
        (config.passwords.max_wait, config.http.request_timeout) = (Seconds(600), Seconds(900));
        config.http.trusted_proxies = vec![Network::parse(PEER).unwrap()];
        (config.accounts.verification, config.mail.show) = (verification, true);
        let app = App::open(config).await.unwrap();
        let ada = NewUser::new(Email::parse("ada@example.com").unwrap(), Some(password(PASSWORD)));
        flows::create_user(&app, &By::command_line(), NewUser { email_verified: true, ..ada }).await.unwrap();
        let client = Client(app.router());
        Self { app, client, _data: data }
    }

    async fn until(&self, running: usize, waiting: usize) {
        let hasher = &self.app.inner.hasher;
        while (hasher.running(), hasher.waiting()) != (running, waiting) {
            tokio::task::yield_now().await;
        }
    }

    async fn fill(&self) -> Full {
        let (busy, ended) = mpsc::channel::<()>();
        let app = self.app.clone();
        tokio::spawn(async move { app.inner.hasher.pool.run(0, move |_| ended.recv()).await });
        self.until(1, 0).await;
        let client = self.client.clone();
        let waiting = tokio::spawn(async move { client.log_in("ada@example.com", PASSWORD).await });
        self.until(1, 1).await;
        Full { busy, waiting }
    }

    /// The token of a link that sets a new password.
    async fn link_token(&self) -> String {
        self.client.post("/v1/password/forgot", json!({"email": "ada@example.com"})).await.ok(202);
        let now = self.app.now();
        let due = TakeUpMail { now, until: now.plus_seconds(60), limit: 1 };
        for message in self.app.inner.store.write(due).await.unwrap() {
            flows::deliver(&self.app, message).await;
        }
        let link = self.app.inner.mail.shown().unwrap().remove(0).link.unwrap();
        link.split_once("/password/reset?token=").unwrap().1.to_owned()
    }
}

impl Full {
    /// Whoever waited is served.
    async fn end(self) {
        drop(self.busy);
        self.waiting.await.unwrap().ok(200);
    }
}

#[tokio::test]
async fn a_full_queue_refuses_passwords_and_nothing_else() {
    let site = Site::open(Verification::Optional).await;
    let client = &site.client;
    let ada = client.log_in("ada@example.com", PASSWORD).await.ok(200);
    let (access, mut refresh) = (ada.text("access_token"), ada.text("refresh_token").to_owned());
    let token = site.link_token().await;
    let full = site.fill().await;
    for _ in 0..2 {
        for (email, password) in [("ada@example.com", PASSWORD), ("ada@example.com", "wrong"), ("nobody", PASSWORD)] {
            client.log_in(email, password).await.overloaded();
        }
        client.register("eve@example.com").await.overloaded();
        client.change_password(access).await.overloaded();
        client.change_email(access).await.overloaded();
        client.reset(&token).await.overloaded();
        for path in ["/healthz", "/readyz", "/.well-known/jwks.json"] {
            client.get(path, None).await.ok(200);
        }
        let granted = client.get("/authz/forward-auth", Some(access)).await.ok(200);
        assert_eq!(granted.headers.get("remote-user").unwrap(), ada.body["user"]["id"].as_str().unwrap());
        client.get("/v1/me", Some(access)).await.ok(200);
        let renewed = client.post("/v1/refresh", json!({"refresh_token": refresh})).await.ok(200);
        renewed.text("refresh_token").clone_into(&mut refresh);
        assert!(!full.waiting.is_finished(), "it was full all the time");
    }
    full.end().await;
    // What was refused has changed nothing, and now it can be done.
    client.log_in("ada@example.com", NEW_PASSWORD).await.ok(401);
    client.log_in("ada@example.com", PASSWORD).await.ok(200);
    client.register("eve@example.com").await.ok(201);
    client.change_password(access).await.ok(204);
    client.log_in("ada@example.com", NEW_PASSWORD).await.ok(200);
}

#[tokio::test]
async fn whoever_has_waited_too_long_is_told_the_same() {
    let site = Site::open(Verification::Optional).await;
    let Full { busy, waiting } = site.fill().await;
    // With nothing else to do, time goes to the end of the wait at once.
    tokio::time::pause();
    waiting.await.unwrap().overloaded();
    tokio::time::resume();
    site.until(1, 0).await;
    drop(busy);
    site.client.log_in("ada@example.com", PASSWORD).await.ok(200);
}

/// Whoever comes back as they were told must not be told to wait for having come before.
#[tokio::test]
async fn what_a_full_queue_refused_is_no_try() {
    for (verification, registered) in [(Verification::Optional, 201), (Verification::Required, 202)] {
        let site = Site::open(verification).await;
        let client = &site.client;
        let ada = client.log_in("ada@example.com", PASSWORD).await.ok(200);
        let (access, token) = (ada.text("access_token"), site.link_token().await);
        let full = site.fill().await;
        for _ in 0..101 {
            client.log_in("ada@example.com", "wrong").await.overloaded();
            client.change_password(access).await.overloaded();
            client.change_email(access).await.overloaded();
            client.register("eve@example.com").await.overloaded();
            client.reset(&token).await.overloaded();
        }
        full.end().await;
        client.log_in("ada@example.com", "wrong").await.ok(401);
        client.register("eve@example.com").await.ok(registered);
        client.change_email(access).await.ok(202);
        client.reset(&token).await.ok(204);
    }
}
