//! Revoke one token: its session goes on, with the next token that it refreshes. For operators only: whoever holds a token
//! ends its session, and could otherwise fill the feed with tokens that cost nothing to get.

use jotgate_wire::MAX_NAME_BYTES;

use super::Failure;
use crate::app::App;
use crate::domain::audit::{By, Event};
use crate::domain::time::Timestamp;
use crate::revocations;
use crate::store::audit::Audited;
use crate::store::revocations::RevokeToken;
use crate::tokens::check;

/// Revokes an access token of this server, and gives its `jti`.
///
/// # Errors
///
/// [`Failure::AccessToken`] for one that is not ours or has expired, and so needs no revoking;
/// [`Failure::InvalidTokenId`] for one whose `jti` no verifier would take; or a failure of the store.
pub async fn revoke_token(app: &App, token: &str) -> Result<String, Failure> {
    let now = app.now();
    let named = check::named(token, &app.keyring(), now)?;
    end(app, named.jti.clone(), revocations::forget_token_at(named.expires_at, now)).await?;
    Ok(named.jti)
}

/// Revokes the token with this `jti`, whoever has it; it need not exist.
///
/// # Errors
///
/// [`Failure::InvalidTokenId`], or a failure of the store.
pub async fn revoke_token_by_id(app: &App, jti: &str) -> Result<(), Failure> {
    end(app, jti.to_owned(), revocations::forget_at(app.now())).await
}

async fn end(app: &App, jti: String, forget_at: Timestamp) -> Result<(), Failure> {
    // A verifier takes no longer name, and with it nothing that follows.
    if jti.is_empty() || jti.len() > MAX_NAME_BYTES || jti.chars().any(char::is_control) {
        return Err(Failure::InvalidTokenId);
    }
    let line = app.line(app.now(), Event::TokenRevoke, &By::command_line()).target(&jti);
    Ok(app.end(Audited::new(RevokeToken { jti, forget_at }, move |()| [line.clone()])).await?)
}
