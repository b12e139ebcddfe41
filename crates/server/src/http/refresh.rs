//! `POST /v1/refresh`.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use jotgate_wire::{ErrorCode, RefreshRequest, SecretText, Transport};

use super::error::ApiError;
use super::json::Json;
use super::{answer, cookies, cross_site};
use crate::app::App;
use crate::flows::{self, Device};

/// The answer comes the way the token came. A refusal clears no cookies: a neighbouring tab may just have set new ones.
pub(crate) async fn post(
    State(app): State<App>,
    headers: HeaderMap,
    device: Device,
    body: Option<Json<RefreshRequest>>,
) -> Result<Response, ApiError> {
    let in_body = body.and_then(|Json(body)| body.refresh_token);
    let (token, transport) = refresh_token(&app, &headers, in_body)?.ok_or_else(|| {
        ApiError::new(ErrorCode::RefreshTokenInvalid, "there is no refresh token in the body or in a cookie")
    })?;
    let grant = flows::refresh(&app, token.expose(), device).await?;
    Ok(answer::tokens(StatusCode::OK, app.config(), transport, grant, None))
}

/// The refresh token of a request: from its body, else from its cookie after the cross-site check.
pub(super) fn refresh_token(
    app: &App,
    headers: &HeaderMap,
    in_body: Option<SecretText>,
) -> Result<Option<(SecretText, Transport)>, ApiError> {
    if let Some(token) = in_body {
        return Ok(Some((token, Transport::Bearer)));
    }
    let Some(token) = cookies::read(headers, cookies::refresh(app.config()).name)? else { return Ok(None) };
    cross_site::check(headers, app.config())?;
    Ok(Some((token.into(), Transport::Cookie)))
}
