//! `GET` and `PATCH /v1/me`.

use axum::extract::State;
use jotgate_wire::{UpdateMeRequest, UserBody};

use super::error::ApiError;
use super::extract::Access;
use super::json::Json;
use super::{answer, input};
use crate::app::App;
use crate::flows;

pub(crate) async fn get(State(app): State<App>, Access(caller): Access) -> Result<axum::Json<UserBody>, ApiError> {
    let user = flows::me(&app, &caller).await?;
    Ok(axum::Json(answer::user_body(&user)))
}

pub(crate) async fn patch(
    State(app): State<App>,
    Access(caller): Access,
    Json(body): Json<UpdateMeRequest>,
) -> Result<axum::Json<UserBody>, ApiError> {
    let user = match body.name {
        Some(name) => flows::rename(&app, &caller, input::name(name.as_deref())?).await?,
        None => flows::me(&app, &caller).await?,
    };
    Ok(axum::Json(answer::user_body(&user)))
}
