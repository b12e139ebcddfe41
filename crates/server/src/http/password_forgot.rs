//! `POST /v1/password/forgot`.

use axum::extract::State;
use http::StatusCode;
use jotgate_wire::EmailRequest;

use super::error::ApiError;
use super::input;
use super::json::Json;
use crate::app::App;
use crate::flows::{self, Device};

pub(crate) async fn post(
    State(app): State<App>,
    device: Device,
    Json(body): Json<EmailRequest>,
) -> Result<StatusCode, ApiError> {
    flows::forgot_password(&app, input::known_email(&body.email), &device).await?;
    Ok(StatusCode::ACCEPTED)
}
