//! Answers that carry tokens, in either transport.

use axum::response::{AppendHeaders, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jotgate_wire::{AcceptedBody, CookieResponse, TokenResponse, Transport, UserBody};
use serde::Serialize;

use super::cookies;
use super::error::ApiError;
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::flows::{Failure, Grant};

/// Tokens in the body, or in cookies with the rest in the body. Never cached (RFC 6749 §5.1).
pub(super) fn tokens(
    status: StatusCode,
    config: &Config,
    transport: Transport,
    grant: Grant,
    user: Option<&User>,
) -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let user = user.map(user_body);
    let session_id = grant.session.to_string();
    let Grant { expires_in, refresh_expires_in, generation, .. } = grant;
    match transport {
        Transport::Bearer => {
            let body = TokenResponse {
                token_type: "Bearer".into(),
                access_token: grant.access_token,
                expires_in,
                refresh_token: grant.refresh_token,
                refresh_expires_in,
                session_id,
                generation,
                user,
            };
            (status, no_store, json(&body)).into_response()
        }
        Transport::Cookie => {
            let body = CookieResponse { expires_in, refresh_expires_in, session_id, generation, user };
            (status, no_store, AppendHeaders(cookies::set(config, &grant)), json(&body)).into_response()
        }
    }
}

/// A body with room for two tokens from the start, so that it does not have to grow.
fn json(body: &impl Serialize) -> Result<impl IntoResponse, ApiError> {
    let mut text = Vec::with_capacity(1536);
    serde_json::to_writer(&mut text, body).map_err(|error| Failure::Internal(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text))
}

/// 202: the rest happens when the link in a mail is followed.
pub(super) fn verification_sent() -> Response {
    let body = AcceptedBody { status: "verification_sent".to_owned() };
    (StatusCode::ACCEPTED, axum::Json(body)).into_response()
}

/// A user as clients see one.
pub(super) fn user_body(user: &User) -> UserBody {
    UserBody {
        id: user.id.to_string(),
        email: user.email.display().to_owned(),
        email_verified: user.email_verified_at.is_some(),
        name: user.name.clone(),
        roles: user.roles.clone(),
        user_metadata: user.user_metadata.members(),
        created_at: rfc3339(user.created_at),
    }
}

/// RFC 3339 in UTC, to the second.
pub(super) fn rfc3339(time: Timestamp) -> String {
    jiff::Timestamp::from_second(time.seconds()).unwrap_or_default().to_string()
}
