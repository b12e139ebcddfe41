//! Authenticate: an access token in, the caller out. No query.

use jotgate_wire::VerificationCode;

use super::Failure;
use crate::app::App;
use crate::tokens::check::{self, Caller, Refused};

/// Verifies an access token of this server, and that its session has not been ended. While the store cannot be read nobody knows that.
///
/// # Errors
///
/// [`Failure::AccessToken`] with the stable code.
pub fn authenticate(app: &App, token: &str) -> Result<Caller, Failure> {
    let (revocations, now) = (&app.inner.revocations, app.now());
    let checked = check::access_token(token, &app.keyring(), &revocations.set, now);
    let checked =
        checked.and_then(|caller| if revocations.freshness.is_stale(now) { Err(stale()) } else { Ok(caller) });
    checked.map_err(|refused| {
        tracing::debug!(code = refused.code.as_str(), detail = refused.detail, "access token refused");
        Failure::from(refused)
    })
}

fn stale() -> Refused {
    Refused { code: VerificationCode::RevocationsStale, detail: "the store cannot be read for too long".into() }
}
