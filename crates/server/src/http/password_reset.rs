//! `POST /v1/password/reset`.

use axum::extract::State;
use http::StatusCode;
use jotgate_wire::PasswordResetRequest;

use super::error::ApiError;
use super::json::Json;
use super::{input, password_change};
use crate::app::App;
use crate::flows::{self, Device, ResetPassword};

pub(crate) async fn post(
    State(app): State<App>,
    device: Device,
    Json(body): Json<PasswordResetRequest>,
) -> Result<StatusCode, ApiError> {
    let new = input::new_password("new_password", &body.new_password)?;
    let reset = ResetPassword { token: body.token.expose(), new };
    flows::reset_password(&app, reset, &device).await.map_err(password_change::refusal)?;
    Ok(StatusCode::NO_CONTENT)
}
