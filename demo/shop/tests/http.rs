//! The shop as a client without a browser sees it.
#![expect(clippy::unwrap_used, reason = "these are tests; what cannot be set up fails them")]

use std::net::SocketAddr;

use jotgate_guard::Clock;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use shop::{Elsewhere, Options, Shop};
use tempfile::TempDir;
use tokio::net::TcpListener;

struct Site {
    url: String,
    client: Client,
    clock: Clock,
    _data: TempDir,
}

async fn open(elsewhere: Option<Elsewhere>) -> Site {
    let data = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Clock::system().now());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = Options { origin: url.clone(), elsewhere, clock: clock.clone() };
    let shop = Shop::open(options, data.path()).await.unwrap();
    tokio::spawn(async move {
        let router = shop.router.clone();
        let served = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await;
        drop(shop);
        served
    });
    Site { url, client: Client::new(), clock, _data: data }
}

impl Site {
    async fn token(&self) -> String {
        let who = json!({"email": "mira@example.com", "password": "a long enough pass phrase"});
        let registered = self.client.post(format!("{}/auth/v1/register", self.url)).json(&who).send().await.unwrap();
        registered.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    fn orders(&self, token: &str) -> RequestBuilder {
        self.client.post(format!("{}/api/orders", self.url)).bearer_auth(token)
    }
}

/// Status and code, or status and total.
async fn outcome(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, body["code"].as_str().map_or_else(|| body["total"].to_string(), str::to_owned))
}

#[tokio::test]
async fn an_order_is_of_whoever_the_token_speaks_for() {
    let site = open(None).await;
    let order = json!({"items": [{"product": "boat", "quantity": 2}]});
    let anonymous = site.client.post(format!("{}/api/orders", site.url)).json(&order).send().await.unwrap();
    assert_eq!(outcome(anonymous).await, (401, "token_missing".into()));
    let token = site.token().await;
    assert_eq!(outcome(site.orders(&token).json(&order).send().await.unwrap()).await, (201, "1800".into()));
    for body in [json!({"items": []}), json!({"items": [{"product": "boat", "quantity": 1, "price": 1}]}), json!([])] {
        let refused = outcome(site.orders(&token).json(&body).send().await.unwrap()).await;
        assert_eq!(refused, (400, "invalid_request".into()), "{body}");
    }
    let everybody = site.client.delete(format!("{}/api/orders", site.url)).bearer_auth(&token).send().await.unwrap();
    assert_eq!(outcome(everybody).await, (403, "scope_insufficient".into()));
}

/// Guard and server have one clock, so a minute is a minute.
#[tokio::test]
async fn an_access_token_lives_for_a_minute() {
    let site = open(None).await;
    let token = site.token().await;
    let order = json!({"items": [{"product": "mug", "quantity": 1}]});
    site.clock.set(site.clock.now() + 59);
    assert_eq!(outcome(site.orders(&token).json(&order).send().await.unwrap()).await.0, 201);
    site.clock.set(site.clock.now() + 1);
    let refused = outcome(site.orders(&token).json(&order).send().await.unwrap()).await;
    assert_eq!(refused, (401, "token_expired".into()));
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let site = open(None).await;
    for path in ["/", "/jotgate.js", "/api/products", "/api/orders", "/nowhere", "/auth/v1/me"] {
        let answer = site.client.get(format!("{}{path}", site.url)).send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
    }
}

/// The page may ask a server elsewhere, and nobody else.
#[tokio::test]
async fn a_server_elsewhere_is_named_to_the_browser() {
    let here = open(None).await;
    let elsewhere = Elsewhere { issuer: format!("{}/auth", here.url), audience: format!("{}/api", here.url) };
    let shop = open(Some(elsewhere)).await;
    let page = shop.client.get(&shop.url).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains(&format!("connect-src 'self' {};", here.url)), "{policy}");
    // Its tokens are good here, too: the guard has found its keys.
    let order = json!({"items": [{"product": "ink", "quantity": 1}]});
    let token = here.token().await;
    assert_eq!(outcome(shop.orders(&token).json(&order).send().await.unwrap()).await, (201, "1600".into()));
}
