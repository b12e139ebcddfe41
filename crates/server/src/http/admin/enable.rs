//! `POST /v1/admin/users/{id}/enable`.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;

use super::{Administrator, refusal, user_id};
use crate::app::App;
use crate::flows;
use crate::http::error::ApiError;

pub(crate) async fn post(
    State(app): State<App>,
    Administrator(by): Administrator,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    flows::enable_user(&app, &by, user_id(id)?).await.map_err(refusal)?;
    Ok(StatusCode::NO_CONTENT)
}
