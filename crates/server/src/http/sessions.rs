//! `GET /v1/sessions` and `DELETE /v1/sessions/{id}`.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use jotgate_wire::{SessionBody, SessionList};

use super::answer::rfc3339;
use super::error::ApiError;
use super::extract::Access;
use crate::app::App;
use crate::domain::audit::{Actor, By, Origin};
use crate::domain::session::{EndReason, Session, SessionId};
use crate::flows::{self, Failure};

pub(crate) async fn get(State(app): State<App>, Access(caller): Access) -> Result<Json<SessionList>, ApiError> {
    let sessions = flows::sessions(&app, caller.user).await?;
    let sessions = sessions.into_iter().map(|session| body(session, Some(caller.session))).collect();
    Ok(Json(SessionList { sessions }))
}

pub(crate) async fn delete(
    State(app): State<App>,
    Access(caller): Access,
    origin: Origin,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let session: Option<SessionId> = id.ok().and_then(|Path(id)| id.parse().ok());
    let session = session.ok_or(Failure::SessionNotFound)?;
    let by = By { actor: Actor::User(caller.user), origin };
    flows::end_session(&app, &by, Some(caller.user), session, EndReason::Logout).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A session as clients see one; `current` is the one that asks.
pub(super) fn body(session: Session, current: Option<SessionId>) -> SessionBody {
    SessionBody {
        id: session.id.to_string(),
        device: session.device.or(session.user_agent),
        address: session.address,
        created_at: rfc3339(session.created_at),
        last_used_at: rfc3339(session.last_used_at),
        current: Some(session.id) == current,
    }
}
