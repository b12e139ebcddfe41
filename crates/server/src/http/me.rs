//! `GET` and `PATCH /v1/me`.

use axum::extract::State;
use jotgate_wire::{UpdateMeRequest, UserBody};

use super::error::ApiError;
use super::extract::Access;
use super::json::Json;
use super::{answer, input};
use crate::app::App;
use crate::flows::{self, Origin, UpdateMe};

pub(crate) async fn get(State(app): State<App>, Access(caller): Access) -> Result<axum::Json<UserBody>, ApiError> {
    let user = flows::me(&app, &caller).await?;
    Ok(axum::Json(answer::user_body(&user)))
}

pub(crate) async fn patch(
    State(app): State<App>,
    Access(caller): Access,
    origin: Origin,
    Json(body): Json<UpdateMeRequest>,
) -> Result<axum::Json<UserBody>, ApiError> {
    let name = body.name.map(|name| input::name(name.as_deref())).transpose()?;
    let update = UpdateMe { name, user_metadata: body.user_metadata.map(input::metadata) };
    let user = flows::update_me(&app, &caller, origin, update).await?;
    Ok(axum::Json(answer::user_body(&user)))
}
