//! `GET` and `POST /v1/admin/users`.

use axum::Json as Answer;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use http::StatusCode;
use jotgate_wire::{AccountBody, AccountPage, AccountsQuery, CreateAccountRequest, ErrorCode};

use super::pages::Paged;
use super::{Administrator, account, query, refusal};
use crate::app::App;
use crate::domain::user::{User, UserId};
use crate::flows::{self, NewUser};
use crate::http::error::ApiError;
use crate::http::input;
use crate::http::json::Json;

pub(crate) async fn get(
    State(app): State<App>,
    _: Administrator,
    asked: Result<Query<AccountsQuery>, QueryRejection>,
) -> Result<Answer<AccountPage>, ApiError> {
    let asked = query(asked, "`email`, `limit` and `cursor`")?;
    let cursor = asked.cursor.as_deref();
    let (users, next) = match &asked.email {
        None => by_id(&app, Paged::new(&app, vec!["admin", "users"], asked.limit)?, cursor).await?,
        Some(email) => {
            let list = Paged::new(&app, vec!["admin", "users by e-mail", email], asked.limit)?;
            by_email(&app, list, email, cursor).await?
        }
    };
    Ok(Answer(AccountPage { users: users.iter().map(account).collect(), next }))
}

async fn by_id(app: &App, list: Paged<'_>, cursor: Option<&str>) -> Result<(Vec<User>, Option<String>), ApiError> {
    let after = list.position(cursor, UserId::from_slice)?;
    let mut users = flows::users(app, after, list.look_for()).await?;
    let next = list.cut(&mut users, |user| user.id.as_bytes().to_vec());
    Ok((users, next))
}

async fn by_email(
    app: &App,
    list: Paged<'_>,
    email: &str,
    cursor: Option<&str>,
) -> Result<(Vec<User>, Option<String>), ApiError> {
    if email.len() > 254 || email.chars().any(char::is_control) {
        let said = "is no beginning of an address";
        return Err(ApiError::new(ErrorCode::InvalidField, "nobody can have such an address").field("email", said));
    }
    let after = list.position(cursor, |key| String::from_utf8(key.to_vec()).ok())?;
    let mut users = flows::users_by_email(app, email, after.as_deref(), list.look_for()).await?;
    let next = list.cut(&mut users, |user| user.email.key().as_bytes().to_vec());
    Ok((users, next))
}

pub(crate) async fn post(
    State(app): State<App>,
    Administrator(by): Administrator,
    Json(body): Json<CreateAccountRequest>,
) -> Result<(StatusCode, Answer<AccountBody>), ApiError> {
    let password = body.password.as_ref().map(|password| input::new_password("password", password)).transpose()?;
    let new = NewUser {
        email: input::email(&body.email)?,
        password,
        name: input::name(body.name.as_deref())?,
        roles: body.roles,
        email_verified: body.email_verified,
        app_metadata: body.app_metadata,
        user_metadata: body.user_metadata,
    };
    let user = flows::create_user(&app, &by, new).await.map_err(refusal)?;
    Ok((StatusCode::CREATED, Answer(account(&user))))
}
