//! A local issuer with a revocation feed, which can be told to misbehave.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use http_body::Frame;
use jotgate_guard::{Clock, Guard, GuardBuilder, KeySet};
use jotgate_jose::{SigningKey, jwt};
use jotgate_wire::{Entry, FeedDocument, Subject};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

use crate::support::{AUDIENCE, NOW, claims_with, token};

/// How the issuer answers a question for its feed.
#[derive(Debug, Clone)]
pub(crate) enum Manner {
    Well,
    Status(u16),
    Says(String),
    /// A good head of an answer, and then these bytes for ever.
    Endless(&'static [u8]),
    /// A stream that is over at once.
    Empty,
    /// Nothing, for as long as anybody waits.
    Never,
}

pub(crate) struct FeedIssuer {
    pub(crate) url: String,
    pub(crate) clock: Clock,
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    clock: Clock,
    keys: Mutex<Vec<SigningKey>>,
    names_feed: Mutex<bool>,
    entries: Mutex<Vec<Entry>>,
    head: AtomicU64,
    epoch: AtomicI64,
    documents: Mutex<Manner>,
    streams: Mutex<Manner>,
    /// Those who follow.
    followers: Mutex<Vec<mpsc::UnboundedSender<String>>>,
    opened: Semaphore,
    asked: AtomicUsize,
    /// The numbers after which streams were opened.
    opened_after: Mutex<Vec<u64>>,
}

impl FeedIssuer {
    /// With keys of which the first signs.
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let clock = Clock::manual(NOW);
        let inner = Arc::new(Inner {
            url: url.clone(),
            clock: clock.clone(),
            keys: Mutex::new(keys.iter().map(|key| (*key).clone()).collect()),
            names_feed: Mutex::new(true),
            entries: Mutex::default(),
            head: AtomicU64::new(0),
            epoch: AtomicI64::new(0),
            documents: Mutex::new(Manner::Well),
            streams: Mutex::new(Manner::Well),
            followers: Mutex::default(),
            opened: Semaphore::new(0),
            asked: AtomicUsize::new(0),
            opened_after: Mutex::default(),
        });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, clock, inner }
    }

    pub(crate) fn builder(&self) -> GuardBuilder {
        Guard::builder().issuer(&self.url).audience(AUDIENCE).clock(self.clock.clone())
    }

    pub(crate) fn guard(&self) -> Guard {
        self.builder().build().unwrap()
    }

    /// An access token with other claims than usual.
    pub(crate) fn token(&self, key: &SigningKey, changes: &Value) -> String {
        let mut claims = claims_with(&json!({"iss": self.url}));
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        token(key, &claims)
    }

    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        *self.inner.keys.lock().unwrap() = keys.iter().map(|key| (*key).clone()).collect();
    }

    pub(crate) fn names_no_feed(&self) {
        *self.inner.names_feed.lock().unwrap() = false;
    }

    pub(crate) fn documents(&self, manner: Manner) {
        *self.inner.documents.lock().unwrap() = manner;
    }

    pub(crate) fn streams(&self, manner: Manner) {
        *self.inner.streams.lock().unwrap() = manner;
    }

    /// How often somebody asked for the feed in any way.
    pub(crate) fn asked(&self) -> usize {
        self.inner.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn opened_after(&self) -> Vec<u64> {
        self.inner.opened_after.lock().unwrap().clone()
    }

    /// Returns when a stream was opened that nobody has waited for.
    pub(crate) async fn somebody_follows(&self) {
        self.inner.opened.acquire().await.unwrap().forget();
    }

    /// Writes an end without telling those who follow.
    pub(crate) fn end_silently(&self, subject: Subject) {
        let seq = self.inner.head.fetch_add(1, Ordering::SeqCst) + 1;
        self.inner.entries.lock().unwrap().push(Entry { seq, subject, forget_at: NOW + 4200 });
    }

    pub(crate) fn end(&self, subject: Subject) {
        let before = self.inner.head.load(Ordering::SeqCst);
        self.end_silently(subject);
        self.tell(&self.inner.sign(&self.inner.document(before)));
    }

    pub(crate) fn end_session(&self, sid: &str) {
        self.end(Subject::Sid(sid.to_owned()));
    }

    /// Sends a document to all who follow, whatever it says.
    pub(crate) fn tell(&self, jwt: &str) {
        self.inner.followers.lock().unwrap().retain(|follower| follower.send(jwt.to_owned()).is_ok());
    }

    pub(crate) fn heartbeat(&self) {
        self.tell(&self.inner.sign(&self.inner.document(self.inner.head.load(Ordering::SeqCst))));
    }

    pub(crate) fn break_streams(&self) {
        self.inner.followers.lock().unwrap().clear();
    }

    /// The document after a number, to be changed and signed by the test.
    pub(crate) fn document(&self, after: u64) -> FeedDocument {
        self.inner.document(after)
    }

    pub(crate) fn sign(&self, document: &FeedDocument) -> String {
        self.inner.sign(document)
    }

    /// Puts the data back to a state with so many ends.
    pub(crate) fn put_back(&self, epoch: i64, ends: u64) {
        self.inner.entries.lock().unwrap().retain(|entry| entry.seq <= ends);
        self.inner.head.store(ends, Ordering::SeqCst);
        self.inner.epoch.store(epoch, Ordering::SeqCst);
    }
}

impl Inner {
    fn document(&self, after: u64) -> FeedDocument {
        let head = self.head.load(Ordering::SeqCst);
        let after = after.min(head);
        let entries = self.entries.lock().unwrap();
        let entries: Vec<_> = entries.iter().filter(|entry| entry.seq > after).take(512).cloned().collect();
        let upto = if entries.len() < 512 { head } else { entries.last().unwrap().seq };
        FeedDocument {
            iss: self.url.clone(),
            aud: FeedDocument::AUDIENCE.into(),
            iat: self.clock.now(),
            exp: self.clock.now() + FeedDocument::LIFE_SECONDS,
            epoch: self.epoch.load(Ordering::SeqCst),
            after,
            upto,
            head,
            entries,
        }
    }

    fn sign(&self, document: &FeedDocument) -> String {
        jwt::sign(&self.keys.lock().unwrap()[0], FeedDocument::TYPE, document).unwrap()
    }

    fn metadata(&self) -> String {
        let mut metadata = json!({"issuer": self.url, "jwks_uri": format!("{}/keys", self.url)});
        if *self.names_feed.lock().unwrap() {
            metadata["revocation_feed_uri"] = json!(format!("{}/feed", self.url));
        }
        metadata.to_string()
    }

    fn key_set(&self) -> String {
        let keys = self.keys.lock().unwrap();
        KeySet::new(keys.iter().map(SigningKey::verifying_key)).unwrap().to_json().unwrap()
    }

    fn stream(&self, mut after: u64) -> Body {
        let (sender, receiver) = mpsc::unbounded_channel();
        // Everything since first; then what is told.
        loop {
            let document = self.document(after);
            sender.send(self.sign(&document)).unwrap();
            if document.reaches_the_head() {
                break;
            }
            after = document.upto;
        }
        self.followers.lock().unwrap().push(sender);
        self.opened_after.lock().unwrap().push(after);
        self.opened.add_permits(1);
        Body::new(Events(receiver))
    }
}

async fn answer(State(issuer): State<Arc<Inner>>, uri: Uri, headers: HeaderMap, _: Request<Body>) -> Response<Body> {
    match uri.path() {
        "/.well-known/openid-configuration" => return Response::new(Body::from(issuer.metadata())),
        "/keys" => return Response::new(Body::from(issuer.key_set())),
        "/feed" => {}
        _ => return status(404),
    }
    issuer.asked.fetch_add(1, Ordering::SeqCst);
    let after: u64 = uri.query().and_then(|query| query.strip_prefix("after=")?.parse().ok()).unwrap();
    let is_stream = headers.get(header::ACCEPT).is_some_and(|accept| accept == "text/event-stream");
    let manner = if is_stream { &issuer.streams } else { &issuer.documents };
    let manner = manner.lock().unwrap().clone();
    let body = match manner {
        Manner::Status(code) => return status(code),
        Manner::Says(text) => Body::from(text),
        Manner::Endless(bytes) => Body::new(Endless(bytes)),
        Manner::Empty => Body::empty(),
        Manner::Never => std::future::pending().await,
        Manner::Well if is_stream => issuer.stream(after),
        Manner::Well => Body::from(issuer.sign(&issuer.document(after))),
    };
    let kind = if is_stream { "text/event-stream" } else { "application/jwt" };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn status(code: u16) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}

struct Events(mpsc::UnboundedReceiver<String>);

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let jwt = ready!(self.0.poll_recv(cx));
        Poll::Ready(jwt.map(|jwt| Ok(Frame::data(Bytes::from(format!("data: {jwt}\n\n"))))))
    }
}

struct Endless(&'static [u8]);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(self.0)))))
    }
}
