//! `POST /v1/email/change`.

use axum::extract::State;
use axum::response::Response;
use jotgate_wire::EmailChangeRequest;

use super::error::ApiError;
use super::extract::Access;
use super::json::Json;
use super::{answer, input, password_change};
use crate::app::App;
use crate::flows::{self, ChangeEmail};

pub(crate) async fn post(
    State(app): State<App>,
    Access(caller): Access,
    Json(body): Json<EmailChangeRequest>,
) -> Result<Response, ApiError> {
    let change =
        ChangeEmail { email: input::email(&body.email)?, current: input::known_password(&body.current_password) };
    flows::change_email(&app, &caller, change).await.map_err(password_change::refusal)?;
    Ok(answer::verification_sent())
}
