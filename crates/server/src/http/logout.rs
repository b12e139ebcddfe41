//! `POST /v1/logout?scope=local|others|global`.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode};
use jotgate_wire::{ErrorCode, LogoutQuery, LogoutRequest, LogoutScope, Transport, VerificationCode};

use super::error::ApiError;
use super::extract::access_token;
use super::json::Json;
use super::{cookies, refresh::refresh_token};
use crate::app::App;
use crate::flows::{self, Credential, Failure, Scope};

/// Takes either token. An access token that is refused does not matter while a refresh token proves the session: people
/// log out after their access token has expired, too.
pub(crate) async fn post(
    State(app): State<App>,
    query: Result<Query<LogoutQuery>, QueryRejection>,
    headers: HeaderMap,
    body: Option<Json<LogoutRequest>>,
) -> Result<Response, ApiError> {
    let scope = scope(&query)?;
    let access = access_token(&app, &headers, &Method::POST)?;
    let refresh = refresh_token(&app, &headers, body.and_then(|Json(body)| body.refresh_token))?;
    let by_cookie = matches!(refresh, Some((_, Transport::Cookie))) || cookies::any(&headers, app.config());
    let refresh = refresh.as_ref().map(|(token, _)| token.expose());
    log_out(&app, access, refresh, scope).await?;
    let cleared = by_cookie && scope != Scope::Others;
    let cookies = if cleared { cookies::clear(app.config()).to_vec() } else { Vec::new() };
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookies)).into_response())
}

async fn log_out(app: &App, access: Option<&str>, refresh: Option<&str>, scope: Scope) -> Result<(), ApiError> {
    let by_access = match access {
        Some(token) => Some(flows::logout(app, Credential::Access(token), scope).await),
        None => None,
    };
    match (by_access, refresh) {
        (Some(Err(Failure::AccessToken(_))) | None, Some(token)) => {
            Ok(flows::logout(app, Credential::Refresh(token), scope).await?)
        }
        (Some(done), _) => Ok(done?),
        (None, None) => Err(ApiError::verification(VerificationCode::TokenMissing)),
    }
}

fn scope(query: &Result<Query<LogoutQuery>, QueryRejection>) -> Result<Scope, ApiError> {
    match query {
        Ok(Query(query)) => Ok(match query.scope {
            LogoutScope::Local => Scope::Local,
            LogoutScope::Others => Scope::Others,
            LogoutScope::Global => Scope::Global,
        }),
        Err(_) => {
            Err(ApiError::new(ErrorCode::InvalidField, "the query of a log-out is `scope=local`, `others` or `global`")
                .field("scope", "must be local, others or global"))
        }
    }
}
