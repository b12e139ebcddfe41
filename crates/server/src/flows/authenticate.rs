//! Authenticate: an access token in, the caller out. No query.

use jotgate_wire::VerificationCode;

use super::Failure;
use crate::app::App;
use crate::tokens::check::{self, Caller, Refused, Visitor};
use crate::tokens::terms::Terms;

/// Verifies an access token of this server, and that its session has not been ended. While the store cannot be read nobody knows that.
///
/// # Errors
///
/// [`Failure::AccessToken`] with the stable code.
pub fn authenticate(app: &App, token: &str) -> Result<Caller, Failure> {
    let checked = check::access_token(token, &app.keyring(), &app.inner.revocations.set, app.now());
    judge(app, checked)
}

/// The same for a request to another program, which the tokens of a predecessor are good for, too. A token that names this server as
/// its issuer is never one.
pub(crate) fn authenticate_for_others(app: &App, token: &str) -> Result<Visitor, Failure> {
    let Terms { predecessor, issuer, .. } = &app.inner.terms;
    match predecessor.as_ref().filter(|predecessor| predecessor.is_meant(token, [issuer.as_str()])) {
        Some(predecessor) => judge(app, check::old_token(token, predecessor, &app.inner.revocations.set, app.now())),
        None => authenticate(app, token).map(Visitor::from),
    }
}

fn judge<T>(app: &App, checked: Result<T, Refused>) -> Result<T, Failure> {
    let (revocations, now) = (&app.inner.revocations, app.now());
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
