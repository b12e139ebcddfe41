//! A client of a running server.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "a long enough pass phrase";

/// Status and body of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) cookies: Vec<String>,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.body)).to_owned()
    }
}

/// A client.
#[derive(Clone)]
pub(crate) struct Probe {
    url: String,
    client: Client,
}

impl Probe {
    pub(crate) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), client: Client::new() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// An answer, or nothing when the server went away.
    pub(crate) async fn try_send(&self, request: RequestBuilder) -> Option<Answer> {
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let cookies = response.headers().get_all("set-cookie").iter();
        let cookies = cookies.filter_map(|cookie| Some(cookie.to_str().ok()?.split(';').next()?.to_owned())).collect();
        let body = response.bytes().await.ok()?;
        Some(Answer { status, body: serde_json::from_slice(&body).unwrap_or_default(), cookies })
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.expect("an answer")
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// A call with an access token.
    pub(crate) fn authorized(&self, method: Method, path: &str, access_token: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(access_token)
    }

    pub(crate) async fn me(&self, access_token: &str) -> Answer {
        self.send(self.authorized(Method::GET, "/v1/me", access_token)).await
    }

    pub(crate) async fn register(&self, email: &str) -> Answer {
        self.post("/v1/register", json!({"email": email, "password": PASSWORD})).await.ok(201)
    }

    pub(crate) async fn log_in(&self, email: &str) -> Answer {
        self.post("/v1/login", json!({"email": email, "password": PASSWORD})).await
    }

    pub(crate) fn refreshing(&self, refresh_token: &str) -> RequestBuilder {
        self.request(Method::POST, "/v1/refresh").json(&json!({"refresh_token": refresh_token}))
    }
}
