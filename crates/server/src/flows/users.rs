//! Users: what an administrator does with accounts.

use serde_json::{Map, Value};

use super::Failure;
use super::administer::{as_administrator, note_refused, spare_oneself};
use crate::app::App;
use crate::domain::audit::{By, Event, Line};
use crate::domain::email::Email;
use crate::domain::metadata::Metadata;
use crate::domain::password::Password;
use crate::domain::session::{Session, SessionId};
use crate::domain::user::{DisplayName, User, UserId};
use crate::random;
use crate::revocations;
use crate::store::Op;
use crate::store::audit::Audited;
use crate::store::users::list::ListUsersByEmail;
use crate::store::users::{
    CreateUser, CreateUserOutcome, DeleteUser, DisableUser, EnableUser, FindUser, FindUserByEmail, ListUsers,
};

/// A new account.
#[derive(Debug)]
pub struct NewUser {
    /// The address, which is also the name at log-in.
    pub email: Email,
    /// The password; nothing for a person who has to set one first.
    pub password: Option<Password>,
    /// A name to show.
    pub name: Option<DisplayName>,
    /// Roles, as they appear in the tokens.
    pub roles: Vec<String>,
    /// Whether the address counts as shown to be theirs.
    pub email_verified: bool,
    /// What administrators keep with the account.
    pub app_metadata: Map<String, Value>,
    /// What the person keeps with it.
    pub user_metadata: Map<String, Value>,
}

impl NewUser {
    /// An account with nothing but an address and a password.
    #[must_use]
    pub fn new(email: Email, password: Option<Password>) -> Self {
        let (name, roles, email_verified) = (None, Vec::new(), false);
        Self { email, password, name, roles, email_verified, app_metadata: Map::new(), user_metadata: Map::new() }
    }
}

/// Makes an account, with the same rules as registering.
///
/// # Errors
///
/// [`Failure::WeakPassword`], [`Failure::EmailTaken`], [`Failure::InvalidRole`], [`Failure::InvalidMetadata`],
/// [`Failure::Overloaded`], [`Failure::NoAdministrator`], or a failure of the store.
pub async fn create_user(app: &App, by: &By, new: NewUser) -> Result<User, Failure> {
    let user = prepare(app, new).await?;
    let line = app.line(user.created_at, Event::UserCreate, by).about(user.id);
    let create = creation(&user, None, line);
    created(user, app.inner.store.write(as_administrator(app, by, None, create)).await??)
}

/// The account as it will be, its password judged and hashed.
pub(super) async fn prepare(app: &App, new: NewUser) -> Result<User, Failure> {
    new.roles.iter().try_for_each(|role| check_role(role))?;
    let metadata = |name, members| Metadata::new(members).map_err(|error| Failure::InvalidMetadata(name, error));
    let app_metadata = metadata("app_metadata", new.app_metadata)?;
    let user_metadata = metadata("user_metadata", new.user_metadata)?;
    let password_hash = match new.password {
        Some(password) => {
            app.password_policy().check(&password, &new.email, new.name.as_ref().map(DisplayName::as_str))?;
            Some(app.inner.hasher.hash(password, &*app.inner.random).await?)
        }
        None => None,
    };
    let now = app.now();
    Ok(User {
        id: UserId::new(random::uuid(&*app.inner.random, now)),
        email: new.email,
        email_verified_at: new.email_verified.then_some(now),
        name: new.name.map(|name| name.as_str().to_owned()),
        roles: new.roles,
        password_hash,
        app_metadata,
        user_metadata,
        disabled_at: None,
        created_at: now,
        updated_at: now,
    })
}

/// Makes the account, and its first session with it when there is one: both or neither.
pub(super) async fn write(app: &App, user: User, session: Option<Session>, line: Line) -> Result<User, Failure> {
    let create = creation(&user, session, line);
    created(user, app.inner.store.write(create).await?)
}

fn creation(user: &User, session: Option<Session>, line: Line) -> impl Op<Output = CreateUserOutcome> {
    let line = if user.roles.is_empty() { line } else { line.with("roles", user.roles.clone()) };
    let create = CreateUser { user: user.clone(), session };
    Audited::new(create, move |outcome: &_| (*outcome == CreateUserOutcome::Created).then(|| line.clone()))
}

fn created(user: User, outcome: CreateUserOutcome) -> Result<User, Failure> {
    match outcome {
        CreateUserOutcome::Created => Ok(user),
        CreateUserOutcome::EmailTaken => Err(Failure::EmailTaken),
    }
}

/// A role is one word, since clients and log lines write several with spaces between.
///
/// # Errors
///
/// [`Failure::InvalidRole`].
pub fn check_role(role: &str) -> Result<(), Failure> {
    let is_word = !role.is_empty() && !role.chars().any(|c| c.is_whitespace() || c.is_control());
    if is_word && role.chars().count() <= 64 { Ok(()) } else { Err(Failure::InvalidRole) }
}

/// Accounts in the order of their ids, from after `after`.
///
/// # Errors
///
/// A failure of the store.
pub async fn users(app: &App, after: Option<UserId>, limit: u32) -> Result<Vec<User>, Failure> {
    Ok(app.inner.store.read(ListUsers { after, limit }).await?)
}

/// Accounts whose addresses begin so, in the order of the addresses as they are compared, from after `after`.
///
/// # Errors
///
/// A failure of the store.
pub async fn users_by_email(app: &App, beginning: &str, after: Option<&str>, limit: u32) -> Result<Vec<User>, Failure> {
    let (prefix, after) = (Email::key_of_beginning(beginning), after.map(str::to_owned));
    Ok(app.inner.store.read(ListUsersByEmail { prefix, after, limit }).await?)
}

/// The account with that id.
///
/// # Errors
///
/// [`Failure::UserNotFound`], or a failure of the store.
pub async fn user(app: &App, id: UserId) -> Result<User, Failure> {
    app.inner.store.read(FindUser { id }).await?.ok_or(Failure::UserNotFound)
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
    let line = app.line(now, Event::UserDisable, by).about(id);
    let disable = DisableUser { id, now, forget_at: revocations::forget_at(now) };
    let done = close(app, by, &line, id, disable).await;
    note_refused(app, line, done).await
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
    let known = app.inner.store.write(as_administrator(app, by, Some(id), enable)).await??;
    if known { Ok(()) } else { Err(Failure::UserNotFound) }
}

/// Deletes an account and ends its sessions.
///
/// # Errors
///
/// [`Failure::UserNotFound`], or a failure of the store.
pub async fn delete_user(app: &App, by: &By, id: UserId) -> Result<usize, Failure> {
    let now = app.now();
    let line = app.line(now, Event::UserDelete, by).about(id);
    let delete = DeleteUser { id, now, forget_at: revocations::forget_at(now) };
    let done = close(app, by, &line, id, delete).await;
    note_refused(app, line, done).await
}

/// Closes an account by that operation, unless it is one's own; tells how many sessions ended.
async fn close<O>(app: &App, by: &By, line: &Line, id: UserId, op: O) -> Result<usize, Failure>
where
    O: Op<Output = Option<Vec<SessionId>>>,
{
    spare_oneself(by, id)?;
    let line = line.clone();
    let close = Audited::new(op, move |ended: &Option<Vec<_>>| {
        ended.as_ref().map(|ended| line.clone().with("sessions_ended", ended.len()))
    });
    let ended = app.end(as_administrator(app, by, Some(id), close)).await??;
    Ok(ended.ok_or(Failure::UserNotFound)?.len())
}
