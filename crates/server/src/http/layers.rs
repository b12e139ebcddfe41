//! What happens around every request: an id, a time limit, a caught panic, errors written out, one line in the log.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, header};
use jotgate_wire::ErrorCode;
use tower_http::catch_panic::CatchPanicLayer;

use super::error::ApiError;
use crate::app::App;
use crate::random;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Nothing here is a page: a browser must not guess otherwise, frame it, or tell where it came from (OWASP ASVS 5.0 §3.4).
const NOT_A_PAGE: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// Puts the layers around a set of routes.
pub(crate) fn around(routes: Router<App>, app: &App) -> Router<App> {
    let limit = app.config().http.request_timeout.duration();
    routes
        .layer(middleware::from_fn(move |request, next| in_time(limit, request, next)))
        .layer(middleware::from_fn_with_state(app.clone(), admitted))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(app.clone(), identified))
}

pub(crate) async fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is nothing at this path")
}

pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "this path does not take that method; `Allow` has those that it does")
}

/// Gives the request an id, writes out an error with it, and logs the outcome: never a header, a query or a body.
async fn identified(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = app.now();
    let id = random::uuid(&*app.inner.random, started).to_string();
    let method = known(request.method());
    let path = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let mut response = written_out(next.run(request).await, &id);
    let code = response.extensions().get::<ApiError>().map_or("", ApiError::code);
    let (status, took_ms) = (response.status().as_u16(), app.now().millis_since(started));
    tracing::info!(method, path, status, code, took_ms, request_id = id, "answered");
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in NOT_A_PAGE {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What depends on a cookie must not be answered again from somebody's cache.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
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

/// So many requests at once and no more: what is beyond is refused at once instead of waiting without end.
async fn admitted(State(app): State<App>, request: Request, next: Next) -> Response {
    match app.inner.limits.admit() {
        Some(_place) => next.run(request).await,
        None => ApiError::overloaded("too many requests are being served").into_response(),
    }
}

async fn in_time(limit: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(ErrorCode::RequestTimeout, "the request took too long to arrive or to be served")
            .into_response(),
    }
}

/// A panic is a fault of ours; what it says may hold anything, so it goes nowhere.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request handler panicked");
    ApiError::new(ErrorCode::InternalError, "something went wrong in the server").into_response()
}
