//! `GET`, `PATCH` and `DELETE /v1/admin/users/{id}`.

use axum::Json as Answer;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jotgate_wire::{AccountBody, EndedBody, UpdateAccountRequest};

use super::{Administrator, account, refusal, user_id};
use crate::app::App;
use crate::flows::{self, UpdateUser};
use crate::http::error::ApiError;
use crate::http::input;
use crate::http::json::Json;

pub(crate) async fn get(
    State(app): State<App>,
    _: Administrator,
    id: Result<Path<String>, PathRejection>,
) -> Result<Answer<AccountBody>, ApiError> {
    let user = flows::user(&app, user_id(id)?).await.map_err(refusal)?;
    Ok(Answer(account(&user)))
}

pub(crate) async fn patch(
    State(app): State<App>,
    Administrator(by): Administrator,
    id: Result<Path<String>, PathRejection>,
    Json(body): Json<UpdateAccountRequest>,
) -> Result<Answer<AccountBody>, ApiError> {
    let update = UpdateUser {
        name: body.name.map(|name| input::name(name.as_deref())).transpose()?,
        roles: body.roles,
        email_verified: body.email_verified,
        app_metadata: body.app_metadata.map(input::metadata),
        user_metadata: body.user_metadata.map(input::metadata),
    };
    let user = flows::update_user(&app, &by, user_id(id)?, update).await.map_err(refusal)?;
    Ok(Answer(account(&user)))
}

pub(crate) async fn delete(
    State(app): State<App>,
    Administrator(by): Administrator,
    id: Result<Path<String>, PathRejection>,
) -> Result<Answer<EndedBody>, ApiError> {
    let sessions_ended = flows::delete_user(&app, &by, user_id(id)?).await.map_err(refusal)?;
    Ok(Answer(EndedBody { sessions_ended }))
}
