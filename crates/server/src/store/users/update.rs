//! Changing what is known of a user.

use super::{User, columns, hold, roles_json};
use crate::domain::metadata::{InvalidMetadata, MetadataPatch};
use crate::domain::time::Timestamp;
use crate::domain::user::{DisplayName, UserId};
use crate::store::error::StoreError;
use crate::store::sql::statements;
use crate::store::tx::{Op, Tx, params};

statements! {
    UPDATE = concat!("UPDATE users SET name = $2, roles = $3, app_metadata = $4, user_metadata = $5, \
                      email_verified_at = $6, updated_at = $7 WHERE id = $1 RETURNING ", columns!());
}

/// What is to be changed; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::option_option, reason = "leaving a name alone and taking it away are two different wishes")]
pub(crate) struct Changes {
    pub(crate) name: Option<Option<DisplayName>>,
    pub(crate) roles: Option<Vec<String>>,
    pub(crate) email_verified: Option<bool>,
    pub(crate) app_metadata: Option<MetadataPatch>,
    pub(crate) user_metadata: Option<MetadataPatch>,
}

/// Changes a user, all of it or nothing.
#[derive(Debug)]
pub(crate) struct UpdateUser {
    pub(crate) id: UserId,
    pub(crate) changes: Changes,
    pub(crate) now: Timestamp,
}

/// What became of [`UpdateUser`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UpdateUserOutcome {
    /// The user before and after it.
    Updated {
        before: Box<User>,
        after: Box<User>,
    },
    InvalidAppMetadata(InvalidMetadata),
    InvalidUserMetadata(InvalidMetadata),
    NoUser,
}

impl Op for UpdateUser {
    type Output = UpdateUserOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<UpdateUserOutcome, StoreError> {
        let Some(before) = hold(tx, self.id).await? else { return Ok(UpdateUserOutcome::NoUser) };
        let after = match self.applied(&before) {
            Ok(after) => after,
            Err(refused) => return Ok(refused),
        };
        let roles = roles_json(&after)?;
        let values = params![
            self.id.as_bytes(),
            after.name.as_deref(),
            roles.as_str(),
            after.app_metadata.to_store(),
            after.user_metadata.to_store(),
            after.email_verified_at,
            after.updated_at,
        ];
        let written: Option<User> = tx.first(UPDATE, values).await?;
        let after = written.ok_or_else(|| StoreError::Internal("a user that was held is gone".to_owned()))?;
        Ok(UpdateUserOutcome::Updated { before: Box::new(before), after: Box::new(after) })
    }
}

impl UpdateUser {
    fn applied(&self, before: &User) -> Result<User, UpdateUserOutcome> {
        let Changes { name, roles, email_verified, app_metadata, user_metadata } = self.changes.clone();
        let mut after = User { updated_at: self.now, ..before.clone() };
        if let Some(name) = name {
            after.name = name.map(|name| name.as_str().to_owned());
        }
        if let Some(roles) = roles {
            after.roles = roles;
        }
        match email_verified {
            Some(true) => after.email_verified_at = before.email_verified_at.or(Some(self.now)),
            Some(false) => after.email_verified_at = None,
            None => {}
        }
        if let Some(patch) = app_metadata {
            let patched = before.app_metadata.patched(&patch);
            after.app_metadata = patched.map_err(UpdateUserOutcome::InvalidAppMetadata)?;
        }
        if let Some(patch) = user_metadata {
            let patched = before.user_metadata.patched(&patch);
            after.user_metadata = patched.map_err(UpdateUserOutcome::InvalidUserMetadata)?;
        }
        Ok(after)
    }
}

/// Something that only an administrator may do, who is one when it happens: not when the token was issued. So of two
/// administrators who close each other's accounts at once one remains.
#[derive(Debug)]
pub(crate) struct AsAdministrator<O> {
    /// The administrator; nobody where the command line asks, which may do everything.
    pub(crate) administrator: Option<UserId>,
    /// Roles that make administrators.
    pub(crate) roles: Vec<String>,
    /// The account that it happens to.
    pub(crate) target: Option<UserId>,
    pub(crate) op: O,
}

/// Who asked is no administrator any more. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoAdministrator;

impl<O: Op> Op for AsAdministrator<O> {
    type Output = Result<O::Output, NoAdministrator>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Output, StoreError> {
        if let Some(administrator) = self.administrator
            && !self.is_administrator(tx, administrator).await?
        {
            return Ok(Err(NoAdministrator));
        }
        self.op.run(tx).await.map(Ok)
    }
}

impl<O: Op> AsAdministrator<O> {
    /// Holds both accounts, in the order of their ids as everyone does.
    async fn is_administrator<T: Tx>(&self, tx: &mut T, administrator: UserId) -> Result<bool, StoreError> {
        let mut held = [Some(administrator), self.target.filter(|target| *target != administrator)];
        held.sort_unstable();
        let mut found = None;
        for id in held.into_iter().flatten() {
            let user = hold(tx, id).await?;
            if id == administrator {
                found = user;
            }
        }
        let is_one = |user: User| user.is_enabled() && user.roles.iter().any(|role| self.roles.contains(role));
        Ok(found.is_some_and(is_one))
    }
}
