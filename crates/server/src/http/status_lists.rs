//! `GET /status-lists/{id}`: which sessions have ended (draft-ietf-oauth-status-list-21 §8), cacheable.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jotgate_wire::{ErrorCode, StatusList};

use super::error::ApiError;
use super::jwks::is_known;
use crate::app::App;
use crate::status_lists::TTL_SECONDS;

pub(crate) async fn get(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let id = id.ok().and_then(|Path(id)| number(&id));
    let found = match id {
        Some(id) => app.status_list(id).await?,
        None => None,
    };
    let list = found.ok_or_else(|| ApiError::new(ErrorCode::NotFound, "there is no such status list"))?;
    let etag = list.etag();
    let tag = HeaderValue::from_str(&etag).unwrap_or(HeaderValue::from_static("\"\""));
    let age = HeaderValue::try_from(format!("public, max-age={TTL_SECONDS}"));
    let age = age.unwrap_or(HeaderValue::from_static("no-store"));
    let common = [(header::ETAG, tag), (header::CACHE_CONTROL, age)];
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    Ok((common, [(header::CONTENT_TYPE, StatusList::MEDIA_TYPE)], list.jwt).into_response())
}

/// A list has one address: `1`, and not `01`.
fn number(id: &str) -> Option<u64> {
    id.parse().ok().filter(|number: &u64| number.to_string() == id)
}
