//! Import: accounts of another system, with the hashes of their passwords as they are.

use super::Failure;
use crate::app::App;
use crate::domain::audit::{By, Event, Line};
use crate::domain::email::{Email, InvalidEmail};
use crate::domain::metadata::Metadata;
use crate::domain::password::PasswordHash;
use crate::domain::time::Timestamp;
use crate::domain::user::{DisplayName, InvalidName, User, UserId};
use crate::hasher::Unusable;
use crate::random;
use crate::store::audit::Audited;
use crate::store::users::import::{ImportUserOutcome, ImportUsers, KnownEmails};

/// An account as another system had it.
#[derive(Clone, Default)]
pub struct Imported {
    /// Its id, where that can be kept: the `sub` of its tokens stays what other databases know.
    pub id: Option<UserId>,
    /// The address, which is also the name at log-in.
    pub email: String,
    /// Whether the person proved that the address is theirs.
    pub email_verified: bool,
    /// A name to show.
    pub name: Option<String>,
    /// Roles, as they appear in the tokens.
    pub roles: Vec<String>,
    /// The hash in one of the formats that verify; nothing for a person who cannot log in with a password.
    pub password_hash: Option<String>,
    /// Whether the account is closed.
    pub disabled: bool,
    /// When it was made; now when that is not known.
    pub created_at: Option<Timestamp>,
}

impl std::fmt::Debug for Imported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Imported(..)")
    }
}

/// Whether accounts are made, or only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportMode {
    /// They are made.
    Write,
    /// What would become of them is said, and nothing is changed.
    DryRun,
}

/// What became of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It was made, with this id.
    Imported(UserId),
    /// There was an account of this address already; it stays as it is.
    Known,
    /// It was not made.
    Refused(ImportRefusal),
}

/// Why an account was not made, said to whoever imports it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefusal {
    /// The e-mail address cannot be one.
    #[error("{0}")]
    Email(#[from] InvalidEmail),
    /// The name cannot be one.
    #[error("{0}")]
    Name(#[from] InvalidName),
    /// A role is not one word.
    #[error("a role is one word of at most 64 characters")]
    Role,
    /// The password hash does not verify here.
    #[error("the password hash {0}")]
    Hash(String),
    /// It was made at a time that has not come yet, or before there were computers.
    #[error("the time of its making is not one")]
    CreatedAt,
    /// Another account has its id.
    #[error("another account has this id")]
    IdTaken,
}

impl From<Unusable> for ImportRefusal {
    fn from(error: Unusable) -> Self {
        Self::Hash(error.to_string())
    }
}

/// Makes accounts, all of those that can be made in one transaction. One whose address has an account already is left
/// alone, so that an import can be begun again.
///
/// # Errors
///
/// A failure of the store, and then none of them was made.
pub async fn import(app: &App, accounts: Vec<Imported>, mode: ImportMode) -> Result<Vec<ImportOutcome>, Failure> {
    let users: Vec<_> = accounts.into_iter().map(|account| user(app, account)).collect();
    let fit: Vec<User> = users.iter().filter_map(|user| user.as_ref().ok().cloned()).collect();
    let outcomes = match mode {
        ImportMode::Write => {
            let line = app.line(app.now(), Event::UserImport, &By::command_line());
            app.inner
                .store
                .write(Audited::new(ImportUsers { users: fit }, move |outcomes: &Vec<_>| written(&line, outcomes)))
                .await?
        }
        ImportMode::DryRun => look_up(app, fit).await?,
    };
    let mut outcomes = outcomes.into_iter();
    let outcome = |user: Result<User, ImportRefusal>| match user {
        Err(refusal) => ImportOutcome::Refused(refusal),
        Ok(user) => match outcomes.next() {
            Some(ImportUserOutcome::Created) => ImportOutcome::Imported(user.id),
            Some(ImportUserOutcome::IdTaken) => ImportOutcome::Refused(ImportRefusal::IdTaken),
            Some(ImportUserOutcome::EmailTaken) | None => ImportOutcome::Known,
        },
    };
    Ok(users.into_iter().map(outcome).collect())
}

/// One line for all accounts of a transaction: they can be a hundred thousand in all.
fn written(line: &Line, outcomes: &[ImportUserOutcome]) -> Option<Line> {
    let imported = outcomes.iter().filter(|outcome| **outcome == ImportUserOutcome::Created).count();
    (imported > 0).then(|| line.clone().with("imported", imported))
}

async fn look_up(app: &App, users: Vec<User>) -> Result<Vec<ImportUserOutcome>, Failure> {
    let emails = users.into_iter().map(|user| user.email).collect();
    let known = app.inner.store.read(KnownEmails { emails }).await?;
    let outcome = |known| if known { ImportUserOutcome::EmailTaken } else { ImportUserOutcome::Created };
    Ok(known.into_iter().map(outcome).collect())
}

/// The account as it will be. Its password is not known, so that its hash is all that can be judged.
fn user(app: &App, account: Imported) -> Result<User, ImportRefusal> {
    let now = app.now();
    let email = Email::parse(&account.email)?;
    let name = account.name.as_deref().map(DisplayName::parse).transpose()?;
    if !account.roles.iter().all(|role| super::check_role(role).is_ok()) {
        return Err(ImportRefusal::Role);
    }
    let password_hash = account.password_hash.map(PasswordHash::new);
    if let Some(hash) = &password_hash {
        app.inner.hasher.check(hash)?;
    }
    let created_at = account.created_at.unwrap_or(now);
    if created_at > now || created_at < Timestamp::default() {
        return Err(ImportRefusal::CreatedAt);
    }
    Ok(User {
        id: account.id.unwrap_or_else(|| UserId::new(random::uuid(&*app.inner.random, created_at))),
        email,
        email_verified_at: account.email_verified.then_some(now),
        name: name.map(|name| name.as_str().to_owned()),
        roles: account.roles,
        password_hash,
        app_metadata: Metadata::default(),
        user_metadata: Metadata::default(),
        disabled_at: account.disabled.then_some(now),
        created_at,
        updated_at: now,
    })
}
