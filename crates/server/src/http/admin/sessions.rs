//! `GET` and `DELETE /v1/admin/users/{id}/sessions`, and `DELETE /v1/admin/sessions/{id}`.

use axum::Json as Answer;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use jotgate_wire::{EndedBody, SessionList};

use super::{Administrator, refusal, user_id};
use crate::app::App;
use crate::domain::session::{EndReason, SessionId};
use crate::flows::{self, Failure};
use crate::http::error::ApiError;
use crate::http::sessions::body;

/// None of them is the current one, which is what the administrator calls with.
pub(crate) async fn get(
    State(app): State<App>,
    _: Administrator,
    id: Result<Path<String>, PathRejection>,
) -> Result<Answer<SessionList>, ApiError> {
    let user = flows::user(&app, user_id(id)?).await.map_err(refusal)?;
    let sessions = flows::sessions(&app, user.id).await?;
    Ok(Answer(SessionList { sessions: sessions.into_iter().map(|session| body(session, None)).collect() }))
}

pub(crate) async fn delete_all(
    State(app): State<App>,
    Administrator(by): Administrator,
    id: Result<Path<String>, PathRejection>,
) -> Result<Answer<EndedBody>, ApiError> {
    let user = flows::user(&app, user_id(id)?).await.map_err(refusal)?;
    let sessions_ended = flows::end_sessions_of(&app, &by, user.id, EndReason::Administrator).await?;
    Ok(Answer(EndedBody { sessions_ended }))
}

pub(crate) async fn delete(
    State(app): State<App>,
    Administrator(by): Administrator,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let session: Option<SessionId> = id.ok().and_then(|Path(id)| id.parse().ok());
    let session = session.ok_or(Failure::SessionNotFound)?;
    flows::end_session(&app, &by, None, session, EndReason::Administrator).await?;
    Ok(StatusCode::NO_CONTENT)
}
