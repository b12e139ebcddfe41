//! `POST /v1/email/verify`.

use axum::extract::State;
use http::StatusCode;
use jotgate_wire::EmailVerifyRequest;

use super::error::ApiError;
use super::json::Json;
use crate::app::App;
use crate::domain::audit::Origin;
use crate::flows;

pub(crate) async fn post(
    State(app): State<App>,
    origin: Origin,
    Json(body): Json<EmailVerifyRequest>,
) -> Result<StatusCode, ApiError> {
    flows::verify_email(&app, origin, body.token.expose()).await?;
    Ok(StatusCode::NO_CONTENT)
}
