//! Log in: find, check the password with the same work for an unknown user, open a session.

use super::grant::{self, Opened, Opening, open_session};
use super::{Device, Failure};
use crate::app::App;
use crate::domain::audit::{By, Event, Origin};
use crate::domain::email::Email;
use crate::domain::password::Password;
use crate::domain::subnet::Subnet;
use crate::domain::user::{User, UserId};
use crate::hasher::{HashError, Verdict};
use crate::store::sessions::SeenFrom;
use crate::store::users::{FindUserByEmail, UpgradePasswordHash};
use crate::throttle::{Act, Attempt, Who};
use jotgate_wire::ErrorCode;

/// What logging in takes.
#[derive(Debug)]
pub struct LogIn {
    /// The address; `None` when the text cannot be one, which nobody is told apart from an unknown one.
    pub email: Option<Email>,
    /// The password; `None` when it is longer than any password may be.
    pub password: Option<Password>,
}

/// Tries before giving up on a user whose hash changes under each check.
const ATTEMPTS: usize = 3;

/// Checks a password and opens a session.
///
/// # Errors
///
/// [`Failure::InvalidCredentials`] for an unknown user and a wrong password alike, [`Failure::AccountDisabled`] only after
/// the right one, [`Failure::UnknownClient`], [`Failure::TooManyAttempts`], [`Failure::Overloaded`], or a failure of the
/// store.
pub async fn login(app: &App, login: LogIn, device: Device) -> Result<Opened, Failure> {
    let (origin, mut whose) = (device.origin.clone(), None);
    let opened = try_to(app, login, device, &mut whose).await;
    if let Err(failure) = &opened {
        note(app, failure, whose, origin).await;
    }
    opened
}

/// The audit trail has refusals that tell of guessing. Its line is written alike whether there is such an account or not.
async fn note(app: &App, failure: &Failure, whose: Option<UserId>, origin: Origin) {
    let code = match failure {
        Failure::InvalidCredentials => ErrorCode::InvalidCredentials,
        Failure::AccountDisabled => ErrorCode::AccountDisabled,
        Failure::TooManyAttempts(_) => ErrorCode::TooManyAttempts,
        _ => return,
    };
    let line = app.line(app.now(), Event::Login, &By { origin, ..By::default() }).refused(code.as_str());
    app.note_refusal(whose.map_or(line.clone(), |user| line.about(user))).await;
}

/// Tries to; says whose account it is as soon as that is known.
async fn try_to(app: &App, login: LogIn, device: Device, whose: &mut Option<UserId>) -> Result<Opened, Failure> {
    grant::client(app, &device)?;
    app.inner.hasher.admit()?;
    let attempt = admit(app, login.email.as_ref(), &device).await?;
    match check_and_open(app, &login, device, whose).await {
        Ok(opened) => {
            attempt.succeeded();
            Ok(opened)
        }
        // Dropped, it has failed.
        Err(Failure::InvalidCredentials) => Err(Failure::InvalidCredentials),
        Err(other) => {
            attempt.not_tried();
            Err(other)
        }
    }
}

/// Admits the try. Where strangers have to wait, somebody who has logged in from this network before need not: they are looked up
/// only then, and an account that does not exist the same way.
async fn admit<'a>(app: &'a App, email: Option<&Email>, device: &Device) -> Result<Attempt<'a>, Failure> {
    let network = device.origin.address.as_deref().and_then(Subnet::parse);
    let who = Who { account: email.map(Email::key), network };
    let throttle = &app.inner.throttle;
    let admitted = match throttle.admit(Act::LogIn, who, app.now()) {
        Err(refused) if refused.for_strangers && is_known(app, email, network).await? => {
            throttle.admit_known(Act::LogIn, who, app.now())
        }
        admitted => admitted,
    };
    admitted.map_err(|refused| Failure::TooManyAttempts(refused.wait))
}

/// Whether a session of this account was at home in this network.
async fn is_known(app: &App, email: Option<&Email>, network: Option<Subnet>) -> Result<bool, Failure> {
    let Some((email, network)) = email.zip(network) else { return Ok(false) };
    let seen = app.inner.store.read(SeenFrom { email: email.clone() }).await?;
    Ok(seen.iter().any(|address| Subnet::parse(address) == Some(network)))
}

async fn check_and_open(
    app: &App,
    login: &LogIn,
    device: Device,
    whose: &mut Option<UserId>,
) -> Result<Opened, Failure> {
    for _ in 0..ATTEMPTS {
        let user = check_password(app, login, whose).await?;
        if let Opening::Opened(opened) = open_session(app, user, device.clone()).await? {
            return Ok(*opened);
        }
    }
    Err(Failure::InvalidCredentials)
}

/// The user, if this is the password. The work is the same when there is none.
async fn check_password(app: &App, login: &LogIn, whose: &mut Option<UserId>) -> Result<User, Failure> {
    let found = match &login.email {
        Some(email) => app.inner.store.read(FindUserByEmail { email: email.clone() }).await?,
        None => None,
    };
    *whose = found.as_ref().map(|user| user.id);
    let stored = found.as_ref().and_then(|user| user.password_hash.as_ref());
    let possible = login.password.is_some();
    let password = login.password.clone().unwrap_or_else(Password::stand_in);
    let verdict = app.inner.hasher.verify(password.clone(), stored).await?;
    match (found, verdict) {
        (Some(user), Verdict::Right) if possible => Ok(user),
        (Some(user), Verdict::RightButOutdated) if possible => upgrade(app, user, password).await,
        _ => Err(Failure::InvalidCredentials),
    }
}

/// Replaces a hash of yesterday's parameters or of another system, now that the password is at hand. When there is too
/// much to do, that can wait for the next log-in.
async fn upgrade(app: &App, mut user: User, password: Password) -> Result<User, Failure> {
    let Some(expected) = user.password_hash.clone() else { return Ok(user) };
    let new = match app.inner.hasher.hash(password, &*app.inner.random).await {
        Err(HashError::Overloaded) => return Ok(user),
        hashed => hashed?,
    };
    let now = app.now();
    let upgraded = UpgradePasswordHash { user: user.id, expected, new: new.clone(), now };
    if app.inner.store.write(upgraded).await? {
        (user.password_hash, user.updated_at) = (Some(new), now);
    }
    Ok(user)
}
