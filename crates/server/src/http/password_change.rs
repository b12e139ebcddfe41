//! `POST /v1/password/change`.

use axum::extract::State;
use http::StatusCode;
use jotgate_wire::PasswordChangeRequest;

use super::error::ApiError;
use super::extract::Access;
use super::input;
use super::json::Json;
use crate::app::App;
use crate::flows::{self, ChangePassword};

pub(crate) async fn post(
    State(app): State<App>,
    Access(caller): Access,
    Json(body): Json<PasswordChangeRequest>,
) -> Result<StatusCode, ApiError> {
    let current = input::known_password(&body.current_password);
    let new = input::new_password("new_password", &body.new_password)?;
    flows::change_password(&app, &caller, ChangePassword { current, new }).await?;
    Ok(StatusCode::NO_CONTENT)
}
