//! `POST /v1/password/change`.

use axum::extract::State;
use http::StatusCode;
use jotgate_wire::{ErrorCode, PasswordChangeRequest};

use super::error::ApiError;
use super::extract::Access;
use super::input;
use super::json::Json;
use crate::app::App;
use crate::domain::audit::Origin;
use crate::flows::{self, ChangePassword, Failure};

pub(crate) async fn post(
    State(app): State<App>,
    Access(caller): Access,
    origin: Origin,
    Json(body): Json<PasswordChangeRequest>,
) -> Result<StatusCode, ApiError> {
    let current = input::known_password(&body.current_password);
    let new = input::new_password("new_password", &body.new_password)?;
    flows::change_password(&app, &caller, origin, ChangePassword { current, new }).await.map_err(refusal)?;
    Ok(StatusCode::NO_CONTENT)
}

/// In the words of the members of requests about passwords.
pub(super) fn refusal(failure: Failure) -> ApiError {
    let detail = failure.to_string();
    match failure {
        Failure::InvalidCredentials => {
            let wrong = "the current password is wrong";
            ApiError::new(ErrorCode::InvalidCredentials, wrong).field("current_password", wrong)
        }
        Failure::WeakPassword(_) => ApiError::new(ErrorCode::WeakPassword, &*detail).field("new_password", &*detail),
        failure => failure.into(),
    }
}
