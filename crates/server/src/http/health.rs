//! `GET /healthz` (alive) and `/readyz` (can serve: the store takes a write, and there are keys for new tokens).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::error::ApiError;
use crate::app::App;

pub(crate) async fn alive() -> Json<serde_json::Value> {
    Json(json!({"status": "alive"}))
}

pub(crate) async fn ready(State(app): State<App>) -> Response {
    if let Err(no_key) = app.keyring().can_issue(app.now()) {
        tracing::warn!(%no_key, "not ready: there is no key for new tokens");
        return ApiError::store_unavailable("the server has no key for new tokens just now").into_response();
    }
    match app.inner.limits.ready(&app.inner.store, app.now()).await {
        Ok(()) => Json(json!({"status": "ready"})).into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready: the store does not take a write");
            ApiError::store_unavailable("the store does not take a write just now").into_response()
        }
    }
}
