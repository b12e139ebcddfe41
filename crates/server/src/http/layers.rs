//! What happens around every request: an id, a place among those served at once, a time limit, a caught panic, errors
//! written out, one line in the log.
//!
//! It is one service and not a layer for each, since every layer of a router is copied, boxed and unboxed for every request.

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::Route;
use http::{HeaderName, HeaderValue, Method, header};
use jotgate_wire::ErrorCode;
use tower::{Layer, Service};
use uuid::Uuid;

use super::error::ApiError;
use super::extract::RequestId;
use crate::app::App;
use crate::domain::time::Timestamp;
use crate::metrics;
use crate::random;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Hardly anything here is a page, and what is says its own policy: a browser must not guess otherwise, frame it, or tell where it came
/// from (OWASP ASVS 5.0 §3.4).
const NOT_A_PAGE: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// What asks for the hash of a password; everything else has a core kept for it.
pub(super) const HASHING: &[&str] =
    &["/v1/login", "/v1/register", "/v1/password/change", "/password/reset", "/v1/email/change", "/v1/admin/users"];

/// Puts all of it around a set of routes.
pub(crate) fn around(routes: Router<App>, app: &App) -> Router<App> {
    routes.layer(Around { app: app.clone() })
}

pub(crate) async fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is nothing at this path")
}

pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "this path does not take that method; `Allow` has those that it does")
}

#[derive(Debug, Clone)]
struct Around {
    app: App,
}

impl Layer<Route> for Around {
    type Service = AroundRoute;

    fn layer(&self, route: Route) -> AroundRoute {
        AroundRoute { app: self.app.clone(), route }
    }
}

#[derive(Debug, Clone)]
struct AroundRoute {
    app: App,
    route: Route,
}

impl Service<Request> for AroundRoute {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request>::poll_ready(&mut self.route, context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let seen = Seen::of(&request, &self.app);
        request.extensions_mut().insert(RequestId(seen.id));
        let app = self.app.clone();
        // So many requests at once and no more: what is beyond is refused at once instead of waiting without end.
        let place = app.inner.limits.admit();
        if place.is_some() && !seen.hashes() {
            app.inner.hasher.others_ask();
        }
        let admitted = place.map(|place| (place, caught(|| self.route.call(request))));
        Box::pin(async move {
            let response = match admitted {
                None => ApiError::overloaded("too many requests are being served").into_response(),
                Some((_, Err(Panicked))) => panicked(),
                Some((_place, Ok(answering))) => in_time(&app, answering).await,
            };
            Ok(seen.finish(response, &app))
        })
    }
}

/// What is kept of a request until its answer: never a header, a query or a body.
struct Seen {
    id: Uuid,
    started: Timestamp,
    method: &'static str,
    path: Option<MatchedPath>,
}

impl Seen {
    fn of(request: &Request, app: &App) -> Self {
        let started = app.now();
        let id = random::uuid(&*app.inner.random, started);
        Self { id, started, method: known(request.method()), path: request.extensions().get().cloned() }
    }

    fn hashes(&self) -> bool {
        self.path.as_ref().is_some_and(|path| hashes(self.method, path.as_str()))
    }

    /// Gives the answer the id of its request, writes out an error with it, and logs the outcome.
    fn finish(self, response: Response, app: &App) -> Response {
        let Self { id, started, method, path } = self;
        let mut buffer = Uuid::encode_buffer();
        let id: &str = id.hyphenated().encode_lower(&mut buffer);
        let mut response = written_out(response, id);
        let code = response.extensions().get::<ApiError>().map_or("", ApiError::code);
        let (status, took_ms) = (response.status().as_u16(), app.now().millis_since(started));
        let path = path.as_ref().map_or("(none)", MatchedPath::as_str);
        metrics::answered(method, path, status, code);
        tracing::info!(method, path, status, code, took_ms, request_id = id, "answered");
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(id) {
            headers.insert(REQUEST_ID, value);
        }
        for (name, value) in NOT_A_PAGE {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        // What depends on a cookie must not be answered again from somebody's cache.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        response
    }
}

/// Whether a password is hashed for such a request, or for the one that a browser asks about by it (CORS); the path may have that of an
/// application before it.
fn hashes(method: &str, path: &str) -> bool {
    matches!(method, "POST" | "OPTIONS") && HASHING.iter().any(|hashing| path.ends_with(hashing))
}

/// A method that nobody knows may be as long as its sender likes, and is not worth a log line of that length.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("OTHER")
}

/// Replaces the empty body of an error by the problem document, and keeps the headers that layers below have set (CORS).
fn written_out(response: Response, id: &str) -> Response {
    let Some(error) = response.extensions().get::<ApiError>().cloned() else { return response };
    let mut written = error.answer(id);
    let missing: Vec<_> =
        response.headers().keys().filter(|name| !written.headers().contains_key(*name)).cloned().collect();
    for name in missing.into_iter().filter(|name| name != header::CONTENT_LENGTH) {
        for value in response.headers().get_all(&name) {
            written.headers_mut().append(name.clone(), value.clone());
        }
    }
    written.extensions_mut().insert(error);
    written
}

async fn in_time(app: &App, answering: impl Future<Output = Result<Response, Infallible>>) -> Response {
    let mut answering = pin!(answering);
    let answer = poll_fn(|context| match caught(|| answering.as_mut().poll(context)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(Ok(response))) => Poll::Ready(response),
        Err(Panicked) => Poll::Ready(panicked()),
    });
    let limit = app.config().http.request_timeout.duration();
    match tokio::time::timeout(limit, answer).await {
        Ok(response) => response,
        Err(_) => ApiError::new(ErrorCode::RequestTimeout, "the request took too long to arrive or to be served")
            .into_response(),
    }
}

/// What a panic says may hold anything, so it goes nowhere.
struct Panicked;

fn caught<T>(run: impl FnOnce() -> T) -> Result<T, Panicked> {
    // Nothing that the request touched is used again.
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| Panicked)
}

/// A panic is a fault of ours.
fn panicked() -> Response {
    tracing::error!("a request handler panicked");
    ApiError::new(ErrorCode::InternalError, "something went wrong in the server").into_response()
}
