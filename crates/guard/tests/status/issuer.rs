//! A local issuer whose tokens name status lists, which can be told to misbehave.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, StatusCode, Uri, header};
use jotgate_guard::{Clock, Guard, GuardBuilder, KeySet};
use jotgate_jose::{SigningKey, jwt};
use jotgate_wire::{StatusList, StatusListBody};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::{AUDIENCE, NOW, claims_with, key, token};

/// How the issuer answers for a list.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    Says(String),
    Status(u16),
    Redirects(String),
    /// Never ends.
    Endless,
    /// Says it when [`ListIssuer::let_through`] says so.
    Waits(String),
}

pub(crate) struct ListIssuer {
    pub(crate) url: String,
    pub(crate) clock: Clock,
    pub(crate) key: SigningKey,
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    keys: String,
    lists: Mutex<HashMap<String, Manner>>,
    asked: Mutex<Vec<String>>,
    gate: Semaphore,
}

impl ListIssuer {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (url, key) = (format!("http://{}", listener.local_addr().unwrap()), key("k1"));
        let inner = Arc::new(Inner {
            url: url.clone(),
            keys: KeySet::new([key.verifying_key()]).unwrap().to_json().unwrap(),
            lists: Mutex::default(),
            asked: Mutex::default(),
            gate: Semaphore::new(0),
        });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, clock: Clock::manual(NOW), key, inner }
    }

    pub(crate) fn builder(&self) -> GuardBuilder {
        Guard::builder().issuer(&self.url).audience(AUDIENCE).clock(self.clock.clone())
    }

    pub(crate) fn guard(&self) -> Guard {
        self.builder().build().unwrap()
    }

    pub(crate) fn uri(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// A token with such a `status`, good for two hours.
    pub(crate) fn token_with(&self, status: &Value) -> String {
        let claims = json!({"iss": self.url, "exp": NOW + 7200, "status": status});
        token(&self.key, &claims_with(&claims))
    }

    /// A token whose status stands at a place of a list.
    pub(crate) fn token(&self, path: &str, idx: u64) -> String {
        self.token_with(&json!({"status_list": {"idx": idx, "uri": self.uri(path)}}))
    }

    /// The claims of a good list, with others in their place; `null` takes one out.
    pub(crate) fn list(&self, path: &str, body: &StatusListBody, changes: &Value) -> Value {
        let mut claims = json!({
            "iss": self.url, "sub": self.uri(path), "iat": NOW, "exp": NOW + 600, "ttl": 30, "status_list": body,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    /// Publishes a good list of 16 places.
    pub(crate) fn publish(&self, path: &str, invalid: &[usize], changes: &Value) {
        let claims = self.list(path, &places(invalid), changes);
        self.answers(path, Manner::Says(jwt::sign(&self.key, StatusList::TYPE, &claims).unwrap()));
    }

    pub(crate) fn answers(&self, path: &str, manner: Manner) {
        self.inner.lists.lock().unwrap().insert(path.to_owned(), manner);
    }

    /// How often somebody asked for a list.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.inner.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }

    pub(crate) fn asked_for_any(&self) -> usize {
        self.inner.asked.lock().unwrap().len()
    }

    pub(crate) fn let_through(&self) {
        self.inner.gate.add_permits(1);
    }
}

/// A list of 16 places with a bit each.
pub(crate) fn places(invalid: &[usize]) -> StatusListBody {
    StatusList::of_invalid(16, invalid.iter().copied()).write()
}

async fn answer(State(issuer): State<Arc<Inner>>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    match uri.path() {
        "/.well-known/openid-configuration" => {
            let metadata = json!({"issuer": issuer.url, "jwks_uri": format!("{}/keys", issuer.url)});
            return Response::new(Body::from(metadata.to_string()));
        }
        "/keys" => return Response::new(Body::from(issuer.keys.clone())),
        _ => {}
    }
    assert_eq!(headers[header::ACCEPT], StatusList::MEDIA_TYPE);
    issuer.asked.lock().unwrap().push(uri.path().to_owned());
    let manner = issuer.lists.lock().unwrap().get(uri.path()).cloned();
    match manner.unwrap_or(Manner::Status(404)) {
        Manner::Says(text) => Response::new(Body::from(text)),
        Manner::Status(code) => status(code),
        Manner::Redirects(to) => {
            let mut response = status(302);
            response.headers_mut().insert(header::LOCATION, to.parse().unwrap());
            response
        }
        Manner::Endless => Response::new(Body::new(crate::support::Spaces)),
        Manner::Waits(text) => {
            issuer.gate.acquire().await.unwrap().forget();
            Response::new(Body::from(text))
        }
    }
}

fn status(code: u16) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}
