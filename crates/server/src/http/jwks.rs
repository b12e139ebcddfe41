//! `GET /.well-known/jwks.json`: the public keys (RFC 7517 §5), cacheable.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::app::App;

pub(crate) async fn get(State(app): State<App>, headers: HeaderMap) -> Response {
    let jwks = app.keyring().jwks().clone();
    let etag = HeaderValue::from_str(&jwks.etag).unwrap_or(HeaderValue::from_static("\"\""));
    let common = [(header::ETAG, etag), (header::CACHE_CONTROL, max_age(&app))];
    if is_known(&headers, &jwks.etag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(header::CONTENT_TYPE, "application/jwk-set+json")], jwks.body).into_response()
}

    let common = [(header::ETAG, etag), (header::CACHE_CONTROL, max_age(&app))];
    if is_known(&headers, &jwks.etag) {
}

/// RFC 9110 §13.1.2: a list of tags compared weakly, or `*`.
fn matches(known: &HeaderValue, etag: &str) -> bool {
    let tags = known.to_str().unwrap_or_default().split(',').map(str::trim);
    tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag)).any(|tag| tag == etag || tag == "*")
}
