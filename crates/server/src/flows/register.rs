//! Register: parse, judge the password, hash it, make the account, open its first session.

use super::forgot_password::{admit, unless_overloaded};
use super::grant::{self, Opened, issue, new_session};
use super::users::{self, NewUser};
use super::{Device, Failure};
use crate::app::App;
use crate::config::Verification;
use crate::domain::audit::{Actor, By, Event};
use crate::domain::email::Email;
use crate::domain::mail::Kind;
use crate::domain::password::Password;
use crate::domain::user::DisplayName;
use crate::store::audit::Audited;
use crate::store::outbox::{RegisterUnproven, RegisterUser};
use crate::store::users::CreateUserOutcome;
use crate::throttle::Act;
use jotgate_wire::ErrorCode;

/// What registering takes.
#[derive(Debug)]
pub struct Register {
    /// The address, which is also the name at log-in.
    pub email: Email,
    /// The password.
    pub password: Password,
    /// A name to show.
    pub name: Option<DisplayName>,
}

impl From<Register> for NewUser {
    fn from(Register { email, password, name }: Register) -> Self {
        Self { name, ..Self::new(email, Some(password)) }
    }
}

/// Makes an account and logs it in; where mail is configured, its owner gets a link to prove the address with.
///
/// # Errors
///
/// [`Failure::EmailNotVerified`] where the address has to be proven first ([`register_unproven`]), [`Failure::UnknownClient`],
/// [`Failure::TooManyAttempts`], [`Failure::WeakPassword`], [`Failure::EmailTaken`], [`Failure::Overloaded`], or a failure of the store.
pub async fn register(app: &App, register: Register, device: Device) -> Result<Opened, Failure> {
    let verification = app.inner.config.accounts.verification;
    if verification == Verification::Required {
        return Err(Failure::EmailNotVerified);
    }
    grant::client(app, &device)?;
    let attempt = admit(app, Act::Register, None, &device)?;
    let user = unless_overloaded(attempt, users::prepare(app, register.into()).await)?;
    let (now, origin) = (app.now(), device.origin.clone());
    let session = new_session(app, user.id, device, now).await?;
    let by = By { actor: Actor::User(user.id), origin };
    let line = app.line(now, Event::Register, &by).session(session.id);
    let user = if verification == Verification::Optional && app.inner.mail.is_on() {
        let message = app.message(Kind::Verify, user.email.clone(), None);
        let create = RegisterUser { user: user.clone(), session: session.clone(), message };
        let made = move |outcome: &_| (*outcome == CreateUserOutcome::Created).then(|| line.clone());
        if app.inner.store.write(Audited::new(create, made)).await? == CreateUserOutcome::EmailTaken {
            return Err(Failure::EmailTaken);
        }
        app.inner.mail.wake();
        user
    } else {
        users::write(app, user, Some(session.clone()), line).await?
    };
    let grant = issue(app, &user, &session, now)?;
    Ok(Opened { user, grant })
}

/// Makes an account whose address has to be proven before anybody can log in. Where there is one already, nothing is changed and its
/// owner is told by mail; nothing here shows which of the two it was.
///
/// # Errors
///
/// [`Failure::MailNotConfigured`], [`Failure::UnknownClient`], [`Failure::WeakPassword`], [`Failure::TooManyAttempts`],
/// [`Failure::Overloaded`], or a failure of the store.
pub async fn register_unproven(app: &App, register: Register, device: Device) -> Result<(), Failure> {
    grant::client(app, &device)?;
    app.can_mail_strangers()?;
    let attempt = admit(app, Act::RegisterUnproven, Some(register.email.key()), &device)?;
    let user = unless_overloaded(attempt, users::prepare(app, register.into()).await)?;
    let message = app.message(Kind::Registered, user.email.clone(), Some(user.id));
    let line = app.line(app.now(), Event::Register, &By { origin: device.origin, ..By::default() });
    // There is a line in both cases, as there is a mail.
    let line = line.about(user.id).refused(ErrorCode::EmailTaken.as_str());
    app.inner.store.write(RegisterUnproven { user, message, line }).await?;
    app.inner.mail.wake();
    Ok(())
}
