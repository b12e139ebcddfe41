//! Forgot password: note that somebody wants a new one. Whether there is such an account is looked up when the mail is sent, so nothing
//! that happens here depends on it.

use jotgate_wire::ErrorCode;

use super::{Device, Failure};
use crate::app::App;
use crate::domain::audit::{Actor, By, Event, Place};
use crate::domain::email::Email;
use crate::domain::mail::Kind;
use crate::domain::subnet::Subnet;
use crate::store::audit::Audited;
use crate::store::outbox::QueueMail;
use crate::throttle::{Act, Attempt, Who};

/// Has a link sent that sets a new password, if there is an open account with this address. `None` is a text that can be nobody's.
///
/// # Errors
///
/// [`Failure::MailNotConfigured`], [`Failure::TooManyAttempts`], [`Failure::Overloaded`], or a failure of the store.
pub async fn forgot_password(app: &App, email: Option<Email>, device: &Device) -> Result<(), Failure> {
    ask_for_link(app, (Act::Forgot, Kind::Reset, Event::PasswordForgot), email, device).await
}

/// The same rows for every address: the mail and its line. Anybody can cause such lines, so they are bounded like those of refusals;
/// what was asked for is done either way.
pub(super) async fn ask_for_link(
    app: &App,
    (act, kind, event): (Act, Kind, Event),
    email: Option<Email>,
    device: &Device,
) -> Result<(), Failure> {
    app.can_mail_strangers()?;
    let by = By { actor: Actor::Anonymous, origin: device.origin.clone() };
    let line = app.line(app.now(), event, &by);
    if let Err(refused) = admit(app, act, email.as_ref().map(Email::key), device).map(drop) {
        app.note_refusal(line.refused(ErrorCode::TooManyAttempts.as_str())).await;
        return Err(refused);
    }
    let Some(email) = email else { return Ok(()) };
    let line = (app.inner.limits.admit_refusal(line.at) == Place::Line).then_some(line);
    let queue = QueueMail { message: app.message(kind, email, None) };
    app.inner.store.write(Audited::new(queue, move |()| line.clone())).await?;
    app.inner.mail.wake();
    Ok(())
}

/// Every try counts, the successful ones above all: each may send a mail. So what is admitted is dropped, or given to
/// [`unless_overloaded`].
pub(super) fn admit<'a>(
    app: &'a App,
    act: Act,
    account: Option<&str>,
    device: &Device,
) -> Result<Attempt<'a>, Failure> {
    let who = Who { account, network: device.origin.address.as_deref().and_then(Subnet::parse) };
    app.inner.throttle.admit(act, who, app.now()).map_err(|refused| Failure::TooManyAttempts(refused.wait))
}

/// Counts the try, unless there was too much to do for it: whoever is told to come back soon must not have to wait longer then.
pub(super) fn unless_overloaded<T>(attempt: Attempt<'_>, done: Result<T, Failure>) -> Result<T, Failure> {
    match done {
        Err(Failure::Overloaded) => attempt.not_tried(),
        _ => drop(attempt),
    }
    done
}
