//! Users: what an administrator does with accounts.

use super::Failure;
use crate::app::App;
use crate::domain::email::Email;
use crate::domain::password::Password;
use crate::domain::session::Session;
use crate::domain::user::{DisplayName, User, UserId};
use crate::random;
use crate::revocations;
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
pub async fn create_user(app: &App, new: NewUser) -> Result<User, Failure> {
    let user = prepare(app, new).await?;
    write(app, user, None).await
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
pub(super) async fn write(app: &App, user: User, session: Option<Session>) -> Result<User, Failure> {
    match app.inner.store.write(CreateUser { user: user.clone(), session }).await? {
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
pub async fn disable_user(app: &App, id: UserId) -> Result<usize, Failure> {
    let now = app.now();
    let forget_at = revocations::forget_at(now);
    let ended = app.end(DisableUser { id, now, forget_at }).await?.ok_or(Failure::UserNotFound)?;
    Ok(ended.len())
}

/// Enables a disabled account again. Its sessions stay ended.
///
/// # Errors
///
/// [`Failure::UserNotFound`], or a failure of the store.
pub async fn enable_user(app: &App, id: UserId) -> Result<(), Failure> {
    let known = app.inner.store.write(EnableUser { id, now: app.now() }).await?;
    if known { Ok(()) } else { Err(Failure::UserNotFound) }
}

/// Deletes an account and ends its sessions.
///
/// # Errors
///
/// [`Failure::UserNotFound`], or a failure of the store.
pub async fn delete_user(app: &App, id: UserId) -> Result<usize, Failure> {
    let now = app.now();
    let forget_at = revocations::forget_at(now);
    let ended = app.end(DeleteUser { id, now, forget_at }).await?.ok_or(Failure::UserNotFound)?;
    Ok(ended.len())
}
