//! `POST /v1/logout?scope=local|others|global`.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::{HeaderMap, Method, StatusCode};
use jotgate_wire::{ErrorCode, LogoutQuery, LogoutRequest, LogoutScope, SecretText, Transport, VerificationCode};

use super::error::ApiError;
use super::extract::{AccessToken, access_token};
use super::json::Json;
use super::{cookies, refresh::refresh_token};
use crate::app::App;
use crate::domain::audit::Origin;
use crate::flows::{self, Credential, Failure, Scope};

/// Takes either token. An access token that is refused does not matter while a refresh token proves the session: people
/// log out after their access token has expired, too.
pub(crate) async fn post(
    State(app): State<App>,
    query: Result<Query<LogoutQuery>, QueryRejection>,
    headers: HeaderMap,
    origin: Origin,
    body: Option<Json<LogoutRequest>>,
) -> Result<Response, ApiError> {
    let scope = scope(&query)?;
    let in_body = body.and_then(|Json(body)| body.refresh_token);
    let access = access_token(&app, &headers, &Method::POST)?;
    let refresh = refresh_token(&app, &headers, in_body);
    let by_cookie = is_cookie(access) || matches!(refresh, Ok(Some((_, Transport::Cookie))));
    log_out(&app, origin, access.map(|access| access.token), refresh, scope).await?;
    let cleared = by_cookie && scope != Scope::Others;
    let cookies = if cleared { cookies::clear(app.config()).to_vec() } else { Vec::new() };
    Ok((StatusCode::NO_CONTENT, AppendHeaders(cookies)).into_response())
}

fn is_cookie(access: Option<AccessToken<'_>>) -> bool {
    access.is_some_and(|access| access.transport == Transport::Cookie)
}

/// A refresh cookie that cannot be read (somebody may have planted a second one) must not keep the access token from
/// logging out.
async fn log_out(
    app: &App,
    origin: Origin,
    access: Option<&str>,
    refresh: Result<Option<(SecretText, Transport)>, ApiError>,
    scope: Scope,
) -> Result<(), ApiError> {
    let refused = match access {
        Some(token) => match flows::logout(app, origin.clone(), Credential::Access(token), scope).await {
            Err(refused @ Failure::AccessToken(_)) => refused.into(),
            done => return Ok(done?),
        },
        None => ApiError::verification(VerificationCode::TokenMissing),
    };
    let Some((token, _)) = refresh? else { return Err(refused) };
    Ok(flows::logout(app, origin, Credential::Refresh(token.expose()), scope).await?)
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
