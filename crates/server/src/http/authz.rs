//! What both endpoints of forward authentication share: who may ask, whom the original request speaks for, and where a
//! person without a token logs in.

use axum::response::Response;
use http::HeaderValue;
use http::request::Parts;
use jotgate_wire::{ErrorCode, VerificationCode};
use url::Url;

use super::error::ApiError;
use super::extract::access_token_if;
use super::original::Original;
use super::requirement::Requirement;
use super::{cross_site, proxy, remote};
use crate::app::App;
use crate::config::Config;
use crate::flows;

/// Refuses everybody but the configured proxies: anybody else would be the one who says what the original request was.
pub(super) fn only_proxies(parts: &Parts, app: &App) -> Result<(), ApiError> {
    if proxy::is_trusted(parts, &app.config().http) {
        return Ok(());
    }
    let peer = proxy::peer(parts).map_or_else(|| "unknown".to_owned(), |peer| peer.to_string());
    tracing::warn!(
        peer,
        "forward authentication is asked for by somebody who is not of http.trusted_proxies; add the proxy's address (an \
         application that mounts the server has to hand on the peer's: into_make_service_with_connect_info)"
    );
    Err(ApiError::new(ErrorCode::ProxyNotTrusted, "the request does not come from one of http.trusted_proxies"))
}

/// The answer for a request whose token is good and grants what is required.
pub(super) fn verify(app: &App, original: &Original<'_>, requirement: &Requirement) -> Result<Response, ApiError> {
    let config = app.config();
    if config.forward_auth.pass_preflights && original.is_preflight() {
        return Ok(remote::granted(None, &config.forward_auth));
    }
    if original.names_a_token() {
        return Err(ApiError::new(ErrorCode::InvalidRequest, "an access token must not be sent in the address"));
    }
    let same_site = || {
        if original.is_safe() {
            Ok(())
        } else {
            cross_site::check_among(original.headers, |origin| is_ours(config, origin))
        }
    };
    let token = access_token_if(app, original.headers, same_site)?;
    let token = token.ok_or_else(|| ApiError::verification(VerificationCode::TokenMissing))?;
    let visitor = flows::authenticate_for_others(app, token.token)?;
    if !requirement.is_met_by(&visitor) {
        return Err(ApiError::verification(VerificationCode::ScopeInsufficient));
    }
    Ok(remote::granted(Some(&visitor), &config.forward_auth))
}

/// Where the person who waits for a page logs in, with the way back if that leads to one of our origins. Nothing for a
/// program, where another token would not help, and without a configured page.
pub(super) fn login_page(app: &App, original: &Original<'_>, refused: &ApiError) -> Option<HeaderValue> {
    let page = app.config().forward_auth.login_url.as_deref()?;
    if refused.status() != http::StatusCode::UNAUTHORIZED || !original.is_navigation() {
        return None;
    }
    let mut url = Url::parse(page).ok()?;
    if let Some(address) = original.address_at(|origin| is_ours(app.config(), origin)) {
        url.query_pairs_mut().append_pair("return_to", &address);
    } else {
        tracing::debug!("no way back from the log-in page: the program's origin is not of forward_auth.origins");
    }
    HeaderValue::from_str(url.as_str()).ok()
}

/// Origins of the protected programs, and of pages that may call this server with cookies anyway.
fn is_ours(config: &Config, origin: &str) -> bool {
    let listed = config.forward_auth.origins.iter().chain(&config.http.allowed_origins);
    origin == config.own_origin() || listed.into_iter().any(|ours| ours == origin)
}
