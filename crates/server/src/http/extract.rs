//! What handlers take from a request besides its body: who is calling, from where, and with which token.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use jotgate_wire::{ErrorCode, Transport, VerificationCode};

use super::error::ApiError;
use super::{cookies, cross_site, proxy};
use crate::app::App;
use crate::domain::audit::Origin;
use crate::flows::{self, Device};
use crate::tokens::check::Caller;

/// Longest `User-Agent` that is kept, in characters.
const MAX_USER_AGENT: usize = 256;

/// The id of a request, which its answer and its line in the log have.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestId(pub(super) uuid::Uuid);

impl FromRequestParts<App> for Origin {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self {
            address: proxy::client(parts, &app.config().http).map(|address| address.to_string()),
            user_agent: user_agent.map(|text| text.chars().take(MAX_USER_AGENT).collect()),
            request: parts.extensions.get().map(|RequestId(id)| *id),
        })
    }
}

/// The address of the client, as far as it is known.
#[derive(Debug)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(proxy::client(parts, &app.config().http)))
    }
}

impl FromRequestParts<App> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let origin = Origin::from_request_parts(parts, app).await?;
        Ok(Self { name: None, client: None, origin })
    }
}

/// A caller proven by an access token, from the `Authorization` header or the cookie.
#[derive(Debug)]
pub(crate) struct Access(pub(crate) Caller);

impl FromRequestParts<App> for Access {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let token = access_token(app, &parts.headers, &parts.method)?;
        let found = token.ok_or_else(|| ApiError::verification(VerificationCode::TokenMissing))?;
        Ok(Self(flows::authenticate(app, found.token)?))
    }
}

/// An access token and the way it came.
#[derive(Clone, Copy)]
pub(super) struct AccessToken<'a> {
    pub(super) token: &'a str,
    pub(super) transport: Transport,
}

/// The access token of a request. The header wins over the cookie, which other sites can make a browser send: a request
/// that changes something by it must pass the cross-site check.
pub(super) fn access_token<'a>(
    app: &App,
    headers: &'a HeaderMap,
    method: &Method,
) -> Result<Option<AccessToken<'a>>, ApiError> {
    let same_site = || if method.is_safe() { Ok(()) } else { cross_site::check(headers, app.config()) };
    access_token_if(app, headers, same_site)
}

/// The same, where the cookie counts only if a check of the caller's passes.
pub(super) fn access_token_if<'a>(
    app: &App,
    headers: &'a HeaderMap,
    cookie_counts: impl FnOnce() -> Result<(), ApiError>,
) -> Result<Option<AccessToken<'a>>, ApiError> {
    if let Some(token) = bearer(headers)? {
        return Ok(Some(AccessToken { token, transport: Transport::Bearer }));
    }
    let token = cookies::read(headers, cookies::access(app.config()).name)?;
    if token.is_some() {
        cookie_counts()?;
    }
    Ok(token.map(|token| AccessToken { token, transport: Transport::Cookie }))
}

const SCHEME: &str = "Bearer ";

/// RFC 6750 §2.1. Another scheme is none of ours: a proxy in front may ask for one of its own. The scheme's name is case-insensitive (RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(ApiError::new(ErrorCode::InvalidRequest, "there are two `Authorization` headers; send one"));
    }
    let (scheme, token) = value.as_bytes().split_at_checked(SCHEME.len()).unwrap_or((value.as_bytes(), b""));
    if !scheme.eq_ignore_ascii_case(SCHEME.as_bytes()) {
        return Ok(None);
    }
    let token = std::str::from_utf8(token).map(|token| token.trim_matches(' '));
    token.map(Some).map_err(|_| ApiError::verification(VerificationCode::TokenMalformed))
}
