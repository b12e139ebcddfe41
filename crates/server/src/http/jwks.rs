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

/// How long verifiers may keep what is published of the keys. A new key signs only after it was published for longer than this.
pub(super) fn max_age(app: &App) -> HeaderValue {
    let seconds = app.config().keys.jwks_max_age.0;
    HeaderValue::from_str(&format!("public, max-age={seconds}")).unwrap_or(HeaderValue::from_static("no-cache"))
}

/// Whether the client has the document with this tag already.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|known| matches(known, etag))
}

/// RFC 9110 §13.1.2: a list of tags compared weakly, or `*`.
fn matches(known: &HeaderValue, etag: &str) -> bool {
    let tags = known.to_str().unwrap_or_default().split(',').map(str::trim);
    tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag)).any(|tag| tag == etag || tag == "*")
}
