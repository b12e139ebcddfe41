//! Change e-mail: check the password, and have a link sent to the new address. Until it is followed nothing changes.

use super::Failure;
use super::change_password::check_current;
use crate::app::App;
use crate::domain::email::Email;
use crate::domain::mail::Kind;
use crate::domain::password::Password;
use crate::store::outbox::QueueMail;
use crate::store::users::FindUser;
use crate::throttle::Act;
use crate::tokens::check::Caller;

/// What changing the address takes.
#[derive(Debug)]
pub struct ChangeEmail {
    /// The new address.
    pub email: Email,
    /// The password of the account; `None` when it is longer than any password may be.
    pub current: Option<Password>,
}

/// Has a link sent to the new address; [`verify_email`](super::verify_email) takes its token. That there is another account with that
/// address nobody is told: then there is no mail.
///
/// # Errors
///
/// [`Failure::MailNotConfigured`], [`Failure::InvalidCredentials`] when the password is wrong, [`Failure::TooManyAttempts`],
/// [`Failure::Overloaded`], or a failure of the store.
pub async fn change_email(app: &App, caller: &Caller, change: ChangeEmail) -> Result<(), Failure> {
    app.can_mail_strangers()?;
    let user = app.inner.store.read(FindUser { id: caller.user }).await?.ok_or(Failure::UserNotFound)?;
    check_current(app, Act::ChangeEmail, &user, change.current).await?;
    // The mail goes to somebody who has not asked for it, perhaps: each counts, from however many accounts.
    let admitted = app.inner.throttle.admit_act(Act::WantEmail, change.email.key(), app.now());
    admitted.map(drop).map_err(Failure::TooManyAttempts)?;
    app.inner.store.write(QueueMail { message: app.message(Kind::ChangeEmail, change.email, Some(user.id)) }).await?;
    app.inner.mail.wake();
    Ok(())
}
