//! Authenticate: an access token in, the caller out. No query.

use super::Failure;
use crate::app::App;
use crate::tokens::check::{self, Caller};

/// Verifies an access token of this server, and that its session has not been ended.
///
/// # Errors
///
/// [`Failure::AccessToken`] with the stable code.
pub fn authenticate(app: &App, token: &str) -> Result<Caller, Failure> {
    let checked = check::access_token(token, &app.keyring(), &app.inner.revocations, app.now());
    checked.map_err(|refused| {
        tracing::debug!(code = refused.code.as_str(), detail = refused.detail, "access token refused");
        Failure::from(refused)
    })
}
