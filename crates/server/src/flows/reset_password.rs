//! Reset password: find what the link is good for, judge and hash the new password, and only then use the link up.

use super::forgot_password::{admit, unless_overloaded};
use super::{Device, Failure};
use crate::app::App;
use crate::domain::audit::{Actor, By, Event, Line};
use crate::domain::mail::{Facts, Kind, Purpose};
use crate::domain::password::Password;
use crate::domain::user::User;
use crate::revocations;
use crate::store::audit::Audited;
use crate::store::mail_tokens::{self, FindMailToken, ResetOutcome};
use crate::store::users::FindUser;
use crate::throttle::Act;
use crate::tokens::link_token::LinkToken;

/// What setting a new password takes.
#[derive(Debug)]
pub struct ResetPassword<'a> {
    /// The token of the link.
    pub token: &'a str,
    /// The new password.
    pub new: Password,
}

/// Sets a new password for a link from a mail. All sessions end, nobody is logged in, and the address counts as proven.
///
/// # Errors
///
/// [`Failure::LinkInvalid`]; [`Failure::WeakPassword`], after which the link is as good as before; [`Failure::TooManyAttempts`],
/// [`Failure::Overloaded`], or a failure of the store.
pub async fn reset_password(app: &App, reset: ResetPassword<'_>, device: &Device) -> Result<(), Failure> {
    let hash = LinkToken::parse(reset.token).ok_or(Failure::LinkInvalid)?.hash();
    let user = user_of(app, hash).await?;
    let attempt = admit(app, Act::Reset, Some(&user.id.to_string()), device)?;
    app.password_policy().check(&reset.new, &user.email, user.name.as_deref())?;
    let hashed = app.inner.hasher.hash(reset.new, &*app.inner.random).await;
    let new = unless_overloaded(attempt, hashed.map_err(Failure::from))?;
    let now = app.now();
    let (forget_at, notice) = (revocations::forget_at(now), app.notice(Kind::PasswordChanged, Facts::default()));
    let by = By { actor: Actor::User(user.id), origin: device.origin.clone() };
    let line = app.line(now, Event::PasswordReset, &by);
    let reset = mail_tokens::ResetPassword { hash, new, now, forget_at, notice };
    match app.end(Audited::new(reset, move |outcome: &_| written(&line, outcome))).await? {
        ResetOutcome::Reset { user, ended } => {
            app.inner.mail.wake();
            tracing::info!(%user, sessions = ended.len(), "a password was set anew by a link");
            Ok(())
        }
        ResetOutcome::Invalid => Err(Failure::LinkInvalid),
    }
}

fn written(line: &Line, outcome: &ResetOutcome) -> Option<Line> {
    match outcome {
        ResetOutcome::Reset { user, ended } => Some(line.clone().about(*user).with("sessions_ended", ended.len())),
        ResetOutcome::Invalid => None,
    }
}

/// Whose link it is. The store decides again when it is used up; until then nothing costs a hash that is none.
async fn user_of(app: &App, hash: [u8; 32]) -> Result<User, Failure> {
    let token = app.inner.store.read(FindMailToken { hash }).await?;
    let token = token.filter(|token| token.is_good(&[Purpose::Reset], app.now())).ok_or(Failure::LinkInvalid)?;
    app.inner.store.read(FindUser { id: token.user }).await?.ok_or(Failure::LinkInvalid)
}
