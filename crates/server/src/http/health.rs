//! `GET /healthz` (alive) and `/readyz` (can serve: the store takes a write; the keys were opened at start).

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
    match app.inner.limits.ready(&app.inner.store, app.now()).await {
        Ok(()) => Json(json!({"status": "ready"})).into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready: the store does not take a write");
            ApiError::store_unavailable("the store does not take a write just now").into_response()
        }
    }
}
