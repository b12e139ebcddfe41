//! Users: what an administrator does with accounts.

use super::Failure;
use crate::app::App;
use crate::domain::audit::{By, Event, Line};
use crate::domain::email::Email;
use crate::domain::password::Password;
use crate::domain::session::{Session, SessionId};
use crate::domain::user::{DisplayName, User, UserId};
use crate::random;
use crate::revocations;
use crate::store::audit::Audited;
use crate::store::users::{
    CreateUser, CreateUserOutcome, DeleteUser, DisableUser, EnableUser, FindUser, FindUserByEmail, ListUsers,
};

/// A new account.
#[derive(Debug)]
pub struct NewUser {
    /// The address, which is also the name at log-in.
    pub email: Email,
    /// The password.
    pub password: Password,
    /// A name to show.
    pub name: Option<DisplayName>,
    /// Roles, as they appear in the tokens.
    pub roles: Vec<String>,
}

/// Makes an account, with the same rules as registering.
///
/// # Errors
///
/// [`Failure::WeakPassword`], [`Failure::EmailTaken`], [`Failure::Overloaded`], or a failure of the store.
pub async fn create_user(app: &App, by: &By, new: NewUser) -> Result<User, Failure> {
    let user = prepare(app, new).await?;
    let line = app.line(user.created_at, Event::UserCreate, by).about(user.id);
    write(app, user, None, line).await
}

/// The account as it will be, its password judged and hashed.
pub(super) async fn prepare(app: &App, new: NewUser) -> Result<User, Failure> {
    app.password_policy().check(&new.password, &new.email, new.name.as_ref().map(DisplayName::as_str))?;
    let hash = app.inner.hasher.hash(new.password, &*app.inner.random).await?;
    let now = app.now();
    Ok(User {
        id: UserId::new(random::uuid(&*app.inner.random, now)),
        email: new.email,
        email_verified_at: None,
        name: new.name.map(|name| name.as_str().to_owned()),
        roles: new.roles,
        password_hash: Some(hash),
        disabled_at: None,
        created_at: now,
        updated_at: now,
    })
}

/// Makes the account, and its first session with it when there is one: both or neither.
pub(super) async fn write(app: &App, user: User, session: Option<Session>, line: Line) -> Result<User, Failure> {
    let line = if user.roles.is_empty() { line } else { line.with("roles", user.roles.clone()) };
    let create = CreateUser { user: user.clone(), session };
    let created = move |outcome: &_| (*outcome == CreateUserOutcome::Created).then(|| line.clone());
    match app.inner.store.write(Audited::new(create, created)).await? {
        CreateUserOutcome::Created => Ok(user),
        CreateUserOutcome::EmailTaken => Err(Failure::EmailTaken),
    }
}

/// Accounts in the order of their ids, from after `after`.
///
/// # Errors
///
/// A failure of the store.
pub async fn users(app: &App, after: Option<UserId>, limit: u32) -> Result<Vec<User>, Failure> {
    Ok(app.inner.store.read(ListUsers { after, limit }).await?)
}

/// The account with that id or e-mail address.
///
/// # Errors
///
/// [`Failure::UserNotFound`], or a failure of the store.
pub async fn find_user(app: &App, id_or_email: &str) -> Result<User, Failure> {
    let found = match (id_or_email.parse::<UserId>(), Email::parse(id_or_email)) {
        (Ok(id), _) => app.inner.store.read(FindUser { id }).await?,
        (_, Ok(email)) => app.inner.store.read(FindUserByEmail { email }).await?,
        _ => None,
    };
    found.ok_or(Failure::UserNotFound)
}

/// Disables an account and ends its sessions.
///
/// # Errors
///
/// [`Failure::UserNotFound`], or a failure of the store.
pub async fn disable_user(app: &App, by: &By, id: UserId) -> Result<usize, Failure> {
    let now = app.now();
    let forget_at = revocations::forget_at(now);
    let line = app.line(now, Event::UserDisable, by).about(id);
    let disable = Audited::new(DisableUser { id, now, forget_at }, move |ended: &_| closed(&line, ended));
    let ended = app.end(disable).await?.ok_or(Failure::UserNotFound)?;
    Ok(ended.len())
}

/// Enables a disabled account again. Its sessions stay ended.
///
/// # Errors
///
/// [`Failure::UserNotFound`], or a failure of the store.
pub async fn enable_user(app: &App, by: &By, id: UserId) -> Result<(), Failure> {
    let now = app.now();
    let line = app.line(now, Event::UserEnable, by).about(id);
    let enable = Audited::new(EnableUser { id, now }, move |known: &bool| known.then(|| line.clone()));
    let known = app.inner.store.write(enable).await?;
    if known { Ok(()) } else { Err(Failure::UserNotFound) }
}

/// Deletes an account and ends its sessions.
///
/// # Errors
///
/// [`Failure::UserNotFound`], or a failure of the store.
pub async fn delete_user(app: &App, by: &By, id: UserId) -> Result<usize, Failure> {
    let now = app.now();
    let forget_at = revocations::forget_at(now);
    let line = app.line(now, Event::UserDelete, by).about(id);
    let delete = Audited::new(DeleteUser { id, now, forget_at }, move |ended: &_| closed(&line, ended));
    let ended = app.end(delete).await?.ok_or(Failure::UserNotFound)?;
    Ok(ended.len())
}

/// What is written of an account that was closed with its sessions; nothing when there is no such account.
fn closed(line: &Line, ended: &Option<Vec<SessionId>>) -> Option<Line> {
    ended.as_ref().map(|ended| line.clone().with("sessions_ended", ended.len()))
}
