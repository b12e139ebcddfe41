//! `/v1/admin`: what takes an access token with the scope `jotgate:admin`. Whoever has it reads; what changes something asks
//! again whether they are an administrator, in the transaction that changes it.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use jotgate_wire::{AccountBody, ErrorCode};

use super::answer::rfc3339;
use super::error::ApiError;
use super::extract::Access;
use crate::app::App;
use crate::domain::audit::{Actor, By, Origin};
use crate::domain::scope;
use crate::domain::user::{User, UserId};
use crate::flows::Failure;

pub(crate) mod audit;
pub(crate) mod disable;
pub(crate) mod enable;
mod pages;
pub(crate) mod roles;
pub(crate) mod sessions;
pub(crate) mod user;
pub(crate) mod users;

/// An administrator who is calling, and from where.
#[derive(Debug)]
pub(crate) struct Administrator(pub(crate) By);

impl FromRequestParts<App> for Administrator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Access(caller) = <Access as FromRequestParts<App>>::from_request_parts(parts, app).await?;
        if !scope::has(&caller.scope, scope::ADMIN) {
            return Err(ApiError::lacking(scope::ADMIN));
        }
        let Ok(origin) = Origin::from_request_parts(parts, app).await;
        Ok(Self(By { actor: Actor::Administrator(caller.user), origin }))
    }
}

/// The id of an account in the path. What is no id is no account either.
fn user_id(id: Result<Path<String>, PathRejection>) -> Result<UserId, ApiError> {
    let id = id.ok().and_then(|Path(id)| id.parse().ok());
    id.ok_or_else(|| refusal(Failure::UserNotFound))
}

/// In the words of those who speak about the accounts of others.
fn refusal(failure: Failure) -> ApiError {
    match failure {
        Failure::UserNotFound => ApiError::new(ErrorCode::UserNotFound, failure.to_string()),
        failure => failure.into(),
    }
}

/// The query of a list.
fn query<T>(query: Result<Query<T>, QueryRejection>, takes: &str) -> Result<T, ApiError> {
    let refused = || ApiError::new(ErrorCode::InvalidField, format!("the query takes {takes}, each once"));
    query.map(|Query(query)| query).map_err(|_| refused())
}

fn account(user: &User) -> AccountBody {
    AccountBody {
        id: user.id.to_string(),
        email: user.email.display().to_owned(),
        email_verified: user.email_verified_at.is_some(),
        name: user.name.clone(),
        roles: user.roles.clone(),
        app_metadata: user.app_metadata.members(),
        user_metadata: user.user_metadata.members(),
        has_password: user.password_hash.is_some(),
        disabled_at: user.disabled_at.map(rfc3339),
        created_at: rfc3339(user.created_at),
        updated_at: rfc3339(user.updated_at),
    }
}
