//! Change password: check the present one, judge and hash the new one, swap them, end the other sessions.

use super::Failure;
use crate::app::App;
use crate::domain::audit::{Actor, By, Event, Line, Origin};
use crate::domain::mail::{Facts, Kind};
use crate::domain::password::Password;
use crate::domain::user::User;
use crate::hasher::Verdict;
use crate::revocations;
use crate::store::audit::Audited;
use crate::store::users::{self, ChangePasswordOutcome, FindUser};
use crate::throttle::Act;
use crate::tokens::check::Caller;
use jotgate_wire::ErrorCode;

/// What changing a password takes.
#[derive(Debug)]
pub struct ChangePassword {
    /// The present password; `None` when it is longer than any password may be.
    pub current: Option<Password>,
    /// The new one.
    pub new: Password,
}

/// Changes the caller's password; all sessions but the caller's end.
///
/// # Errors
///
/// [`Failure::InvalidCredentials`] when the present password is wrong (or was changed at the same moment),
/// [`Failure::WeakPassword`], [`Failure::TooManyAttempts`], [`Failure::Overloaded`], or a failure of the store.
pub async fn change_password(
    app: &App,
    caller: &Caller,
    origin: Origin,
    change: ChangePassword,
) -> Result<(), Failure> {
    let by = By { actor: Actor::User(caller.user), origin };
    let changed = try_to(app, caller, &by, change).await;
    let code = match &changed {
        Err(Failure::InvalidCredentials) => ErrorCode::InvalidCredentials,
        Err(Failure::TooManyAttempts(_)) => ErrorCode::TooManyAttempts,
        _ => return changed,
    };
    let line = app.line(app.now(), Event::PasswordChange, &by).session(caller.session);
    app.note_refusal(line.refused(code.as_str())).await;
    changed
}

async fn try_to(app: &App, caller: &Caller, by: &By, change: ChangePassword) -> Result<(), Failure> {
    let user = app.inner.store.read(FindUser { id: caller.user }).await?.ok_or(Failure::UserNotFound)?;
    check_current(app, Act::ChangePassword, &user, change.current).await?;
    app.password_policy().check(&change.new, &user.email, user.name.as_deref())?;
    let new = app.inner.hasher.hash(change.new, &*app.inner.random).await?;
    let now = app.now();
    let forget_at = revocations::forget_at(now);
    let keep = Some(caller.session);
    let notice = app.notice(Kind::PasswordChanged, Facts::default());
    let swap = users::ChangePassword { user: user.id, expected: user.password_hash, new, keep, now, forget_at, notice };
    let line = app.line(now, Event::PasswordChange, by).session(caller.session);
    match app.end(Audited::new(swap, move |outcome: &_| written(&line, outcome))).await? {
        ChangePasswordOutcome::Changed { .. } => {
            app.inner.mail.wake();
            Ok(())
        }
        ChangePasswordOutcome::HashChanged => Err(Failure::InvalidCredentials),
        ChangePasswordOutcome::NoUser => Err(Failure::UserNotFound),
    }
}

fn written(line: &Line, outcome: &ChangePasswordOutcome) -> Option<Line> {
    match outcome {
        ChangePasswordOutcome::Changed { ended } => Some(line.clone().with("sessions_ended", ended.len())),
        ChangePasswordOutcome::HashChanged | ChangePasswordOutcome::NoUser => None,
    }
}

/// A stolen access token must not let its thief guess the password, so delays apply as at log-in, with a counter of
/// its own: strangers who guess at log-in must not keep the owner from changing it.
pub(super) async fn check_current(app: &App, act: Act, user: &User, current: Option<Password>) -> Result<(), Failure> {
    let admitted = app.inner.throttle.admit_act(act, &user.id.to_string(), app.now());
    let attempt = admitted.map_err(Failure::TooManyAttempts)?;
    let current = current.ok_or(Failure::InvalidCredentials)?;
    match app.inner.hasher.verify(current, user.password_hash.as_ref()).await {
        Ok(Verdict::Wrong) => Err(Failure::InvalidCredentials),
        Ok(Verdict::Right | Verdict::RightButOutdated) => {
            attempt.succeeded();
            Ok(())
        }
        Err(error) => {
            attempt.not_tried();
            Err(error.into())
        }
    }
}
