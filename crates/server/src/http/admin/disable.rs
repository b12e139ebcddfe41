//! `POST /v1/admin/users/{id}/disable`.

use axum::Json as Answer;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jotgate_wire::EndedBody;

use super::{Administrator, refusal, user_id};
use crate::app::App;
use crate::flows;
use crate::http::error::ApiError;

pub(crate) async fn post(
    State(app): State<App>,
    Administrator(by): Administrator,
    id: Result<Path<String>, PathRejection>,
) -> Result<Answer<EndedBody>, ApiError> {
    let sessions_ended = flows::disable_user(&app, &by, user_id(id)?).await.map_err(refusal)?;
    Ok(Answer(EndedBody { sessions_ended }))
}
