//! `GET /v1/admin/audit`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use jotgate_wire::{AuditLine, AuditPage, AuditQuery, ErrorCode};

use super::pages::Paged;
use super::{Administrator, query};
use crate::app::App;
use crate::domain::audit::{Event, Line, LineId, Whose};
use crate::domain::time::Timestamp;
use crate::domain::user::UserId;
use crate::flows::{self, Lines};
use crate::http::answer::rfc3339;
use crate::http::error::ApiError;

pub(crate) async fn get(
    State(app): State<App>,
    _: Administrator,
    asked: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Json<AuditPage>, ApiError> {
    let asked = query(asked, "`user`, `event`, `actor`, `since`, `limit` and `cursor`")?;
    let filters =
        [&asked.user, &asked.event, &asked.actor, &asked.since].map(|filter| filter.as_deref().unwrap_or_default());
    let list = Paged::new(&app, [&["admin", "audit"], &filters[..]].concat(), asked.limit)?;
    let which = Lines {
        user: given("user", asked.user.as_deref(), "must be the id of an account", |text| text.parse().ok())?,
        event: given("event", asked.event.as_deref(), "must be an event of docs/reference/audit.md", Event::from_name)?,
        by: given("actor", asked.actor.as_deref(), "must be a kind of actor or the id of an account", Whose::parse)?,
        since: given("since", asked.since.as_deref(), "must be a time such as 2026-11-01T00:00:00Z", time)?,
        before: list.position(asked.cursor.as_deref(), LineId::from_slice)?,
    };
    let mut lines = flows::audit(&app, which, list.look_for()).await?;
    let next = list.cut(&mut lines, |line| line.id.as_bytes().to_vec());
    Ok(Json(AuditPage { lines: lines.into_iter().map(body).collect(), next }))
}

fn given<T>(
    name: &str,
    text: Option<&str>,
    must: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let refused = || ApiError::new(ErrorCode::InvalidField, format!("`{name}` {must}")).field(name, must);
    read(text).map(Some).ok_or_else(refused)
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Timestamp::from_millis(time.as_millisecond()))
}

fn body(line: Line) -> AuditLine {
    let id = |id: UserId| id.to_string();
    let outcome = if line.refused.is_some() { "refused" } else { "done" };
    let (actor, origin) = (line.by.actor, line.by.origin);
    AuditLine {
        id: line.id.to_string(),
        at: rfc3339(line.at),
        event: line.event.into_owned(),
        outcome: outcome.to_owned(),
        code: line.refused,
        actor: actor.kind().to_owned(),
        actor_id: actor.id().map(id),
        user_id: line.user.map(id),
        session_id: line.session.map(|session| session.to_string()),
        target: line.target,
        address: origin.address,
        user_agent: origin.user_agent,
        request_id: origin.request.map(|request| request.to_string()),
        detail: line.detail,
    }
}
