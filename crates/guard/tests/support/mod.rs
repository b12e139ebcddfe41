//! What the tests share: tokens, and an issuer that can be told to misbehave.
#![allow(dead_code, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "these are tests; what cannot be set up fails them")]

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body::Frame;
use jotgate_guard::{Algorithm, Clock, Guard, GuardBuilder, KeySet};
use jotgate_jose::{SigningKey, jwt};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tower::ServiceExt;

/// The time in all tests.
pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";

pub(crate) fn key(kid: &str) -> SigningKey {
    SigningKey::generate(Algorithm::EdDsa).unwrap().with_kid(kid)
}

/// Claims that [`guard`] accepts.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "sid": "s1", "jti": "j1", "iat": NOW, "exp": NOW + 600,
        "client_id": "web", "scope": "orders:read profile",
    })
}

/// Those claims with others in their place; `null` takes one out.
pub(crate) fn claims_with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

pub(crate) fn token(key: &SigningKey, claims: &Value) -> String {
    jwt::sign(key, "at+jwt", claims).unwrap()
}

/// A builder with a fixed key and a clock that stands at [`NOW`].
pub(crate) fn guard_with(key: &SigningKey) -> GuardBuilder {
    Guard::builder().issuer(ISSUER).audience(AUDIENCE).key(key.verifying_key()).clock(Clock::manual(NOW))
}

/// What came of a verification: `ok`, or the code of the refusal.
pub(crate) async fn outcome(guard: &Guard, token: &str) -> &'static str {
    match guard.verify(token).await {
        Ok(_) => "ok",
        Err(rejection) => rejection.code(),
    }
}

/// An answer as a client sees it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) challenge: Option<String>,
    pub(crate) body: String,
    pub(crate) headers: HeaderMap,
}

impl Answer {
    pub(crate) fn code(&self) -> String {
        let problem: Value = serde_json::from_str(&self.body).expect("a refusal is JSON");
        problem["code"].as_str().expect("a refusal has a code").to_owned()
    }
}

pub(crate) fn get(path: &str) -> http::request::Builder {
    Request::get(path)
}

pub(crate) fn with_token(path: &str, token: &str) -> Request<Body> {
    get(path).header(header::AUTHORIZATION, format!("Bearer {token}")).body(Body::empty()).unwrap()
}

pub(crate) async fn send(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let challenge = parts.headers.get(header::WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned());
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: parts.status.as_u16(), challenge, body, headers: parts.headers }
}

/// How the issuer answers for one of its documents.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    Well,
    Status(u16),
    Says(String),
    Redirects(String),
    /// With another content type.
    SaysAs(&'static str, String),
    /// Sends bytes for ever.
    Endless,
    /// Sends a piece, and then nothing for ever.
    Stalls,
    /// Answers when [`TestIssuer::let_through`] says so.
    Waits,
}

/// A local issuer on a free port.
pub(crate) struct TestIssuer {
    pub(crate) url: String,
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    keys: Mutex<Vec<SigningKey>>,
    manners: Mutex<[Manner; 3]>,
    key_fetches: AtomicUsize,
    arrived: Semaphore,
    gate: Semaphore,
}

const OPENID: usize = 0;
const OAUTH: usize = 1;
const KEYS: usize = 2;

impl TestIssuer {
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner {
            url: url.clone(),
            keys: Mutex::new(keys.iter().map(|key| (*key).clone()).collect()),
            manners: Mutex::new([Manner::Well, Manner::Well, Manner::Well]),
            key_fetches: AtomicUsize::new(0),
            arrived: Semaphore::new(0),
            gate: Semaphore::new(0),
        });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, inner }
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        *self.inner.keys.lock().unwrap() = keys.iter().map(|key| (*key).clone()).collect();
    }

    pub(crate) fn openid(&self, manner: Manner) {
        self.inner.manners.lock().unwrap()[OPENID] = manner;
    }

    pub(crate) fn oauth(&self, manner: Manner) {
        self.inner.manners.lock().unwrap()[OAUTH] = manner;
    }

    pub(crate) fn keys(&self, manner: Manner) {
        self.inner.manners.lock().unwrap()[KEYS] = manner;
    }

    pub(crate) fn key_fetches(&self) -> usize {
        self.inner.key_fetches.load(Ordering::SeqCst)
    }

    /// Returns when a request stands before a document that [`Manner::Waits`].
    pub(crate) async fn somebody_waits(&self) {
        self.inner.arrived.acquire().await.unwrap().forget();
    }

    pub(crate) fn let_through(&self) {
        self.inner.gate.add_permits(1);
    }

    pub(crate) fn builder(&self) -> GuardBuilder {
        Guard::builder().issuer(&self.url).audience(AUDIENCE).clock(Clock::manual(NOW))
    }

    /// With limits that are never reached by an issuer that answers.
    pub(crate) fn guard(&self) -> Guard {
        self.builder().build().unwrap()
    }

    /// With limits short enough to be waited for.
    pub(crate) fn impatient_guard(&self) -> Guard {
        let short = Duration::from_millis(100);
        self.builder().key_wait(short).fetch_timeout(short).build().unwrap()
    }

    pub(crate) fn token(&self, key: &SigningKey) -> String {
        token(key, &claims_with(&json!({"iss": self.url})))
    }
}

impl Inner {
    fn metadata(&self) -> String {
        json!({"issuer": self.url, "jwks_uri": format!("{}/keys", self.url)}).to_string()
    }

    fn key_set(&self) -> String {
        let keys = self.keys.lock().unwrap();
        KeySet::new(keys.iter().map(SigningKey::verifying_key)).unwrap().to_json().unwrap()
    }
}

async fn answer(State(issuer): State<Arc<Inner>>, request: Request<Body>) -> Response<Body> {
    let (document, text) = match request.uri().path() {
        "/.well-known/openid-configuration" => (OPENID, issuer.metadata()),
        "/.well-known/oauth-authorization-server" => (OAUTH, issuer.metadata()),
        "/keys" | "/moved" => {
            issuer.key_fetches.fetch_add(1, Ordering::SeqCst);
            (KEYS, issuer.key_set())
        }
        _ => return status(404),
    };
    let manner = issuer.manners.lock().unwrap()[document].clone();
    match manner {
        Manner::Redirects(_) if request.uri().path() == "/moved" => says(text),
        Manner::Well => says(text),
        Manner::Status(code) => status(code),
        Manner::Says(text) => says(text),
        Manner::Redirects(to) => redirect(&to),
        Manner::SaysAs(content_type, text) => {
            let mut response = says(text);
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            response
        }
        Manner::Endless => endless(),
        Manner::Stalls => Response::new(Body::new(Stalls(Some(text)))),
        Manner::Waits => {
            issuer.arrived.add_permits(1);
            issuer.gate.acquire().await.unwrap().forget();
            says(text)
        }
    }
}

fn says(text: String) -> Response<Body> {
    Response::new(Body::from(text))
}

fn status(code: u16) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}

fn redirect(to: &str) -> Response<Body> {
    let mut response = status(302);
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_str(to).unwrap());
    response
}

/// A body of ever more white space, as fast as it is read.
pub(crate) struct Spaces;

impl http_body::Body for Spaces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 4096])))))
    }
}

fn endless() -> Response<Body> {
    Response::new(Body::new(Spaces))
}

/// The first half of a document; the second never comes.
struct Stalls(Option<String>);

impl http_body::Body for Stalls {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(text) = self.0.take() else { return Poll::Pending };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(text).split_to(10)))))
    }
}
