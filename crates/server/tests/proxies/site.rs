//! A server that trusts its proxy, the program, and the proxy between them and the world.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jotgate_server::config::Network;
use jotgate_server::domain::time::Timestamp;
use jotgate_server::{App, Clock, Config, Server, SystemRandom};
use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::program;
use crate::proxy::{Kind, Ports, Proxy, is_here};

pub(crate) const PASSWORD: &str = "a long enough pass phrase";

#[derive(Debug)]
struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) struct Site {
    /// Scheme, host and port of the proxy; of the server itself where there is none.
    pub(crate) origin: String,
    pub(crate) ports: Ports,
    pub(crate) client: Client,
    pub(crate) app: App,
    clock: Arc<ManualClock>,
    running: Vec<JoinHandle<()>>,
    _data: TempDir,
    proxy: Option<Proxy>,
}

/// Tokens of one log-in.
pub(crate) struct Tokens {
    pub(crate) user: String,
    pub(crate) access: String,
    pub(crate) cookies: String,
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.proxy.take());
        self.running.iter().for_each(JoinHandle::abort);
    }
}

impl Site {
    /// Everything, or nothing where that proxy is not on this machine.
    pub(crate) async fn behind(kind: Kind) -> Option<Self> {
        if !is_here(kind) {
            return None;
        }
        // A port that was free a moment ago may be taken by a neighbour.
        for _ in 0..10 {
            let port = free_port().await;
            let mut site = Self::start(port, |config| trust(config, TRUSTED)).await;
            if let Some(proxy) = Proxy::start(kind, site.ports).await {
                site.proxy = Some(proxy);
                return Some(site);
            }
        }
        panic!("no port stays free for {kind:?}");
    }

    /// Without a proxy: the tests send what one would.
    pub(crate) async fn trusting(proxies: &[&str]) -> Self {
        Self::start(free_port().await, |config| trust(config, proxies)).await
    }

    /// The same with a configuration of the test's.
    pub(crate) async fn configured(configure: impl FnOnce(&mut Config)) -> Self {
        let both = |config: &mut Config| {
            trust(config, TRUSTED);
            configure(config);
        };
        Self::start(free_port().await, both).await
    }

    async fn start(port: u16, configure: impl FnOnce(&mut Config)) -> Self {
        let origin = format!("http://127.0.0.1:{port}");
        let data = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock(AtomicI64::new(1_800_000_000_000)));
        let mut config = config(&origin, data.path());
        configure(&mut config);
        let app = App::open_with(config, clock.clone(), Arc::new(SystemRandom)).await.unwrap();
        let server = Server::bind(app.clone()).await.unwrap();
        let jotgate = server.local_address().unwrap().port();
        let (program, running) = program::start().await;
        let running = vec![running, tokio::spawn(server.run(std::future::pending()))];
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        let ports = Ports { proxy: port, jotgate, program };
        Self { origin, ports, client, app, clock, running, _data: data, proxy: None }
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Of the program, through the proxy.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.origin))
    }

    /// Of the server itself, past the proxy.
    pub(crate) fn direct(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://127.0.0.1:{}{path}", self.ports.jotgate))
    }

    pub(crate) async fn log_in(&self) -> Tokens {
        let body = json!({"email": "ada@example.com", "password": PASSWORD, "name": "Ada Löwe"});
        let _ = self.direct(Method::POST, "/auth/v1/register").json(&body).send().await.unwrap();
        let mut body = json!({"email": "ada@example.com", "password": PASSWORD});
        let bearer = self.direct(Method::POST, "/auth/v1/login").json(&body).send().await.unwrap();
        let bearer: Value = bearer.json().await.unwrap();
        body["transport"] = "cookie".into();
        let cookie = self.direct(Method::POST, "/auth/v1/login").json(&body).send().await.unwrap();
        let set = cookie
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap().split(';').next().unwrap());
        let cookies = set.collect::<Vec<_>>().join("; ");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Tokens { user: text(&bearer["user"]["id"]), access: text(&bearer["access_token"]), cookies }
    }

    pub(crate) async fn log_out(&self, access: &str) {
        let request = self.direct(Method::POST, "/auth/v1/logout").header(AUTHORIZATION, bearer(access));
        assert_eq!(request.send().await.unwrap().status(), 204);
    }
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

pub(crate) fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// Where the proxies of these tests are.
pub(crate) const TRUSTED: &[&str] = &["127.0.0.1"];

fn trust(config: &mut Config, proxies: &[&str]) {
    config.http.trusted_proxies = proxies.iter().map(|network| Network::parse(network).unwrap()).collect();
}

fn config(origin: &str, data: &std::path::Path) -> Config {
    let mut config = Config::new(&format!("{origin}/auth")).unwrap();
    data.clone_into(&mut config.base_dir);
    config.http.listen = "127.0.0.1:0".into();
    config.forward_auth.login_url = Some(format!("{origin}/login?theme=dark"));
    config.passwords.memory_kib = 8 * 1024;
    config.passwords.iterations = 1;
    config
}
