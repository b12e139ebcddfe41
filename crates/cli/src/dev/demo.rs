//! The demo user, and the file in which the printed commands keep its tokens.

use std::path::Path;

use jotgate_server::App;
use jotgate_server::domain::email::Email;
use jotgate_server::domain::password::Password;
use jotgate_server::domain::user::DisplayName;
use jotgate_server::flows::{self, Device, LogIn, NewUser};
use jotgate_wire::TokenResponse;

use crate::exit::Failure;
use crate::out_file::{self, Readers};
use crate::store;

/// The name at log-in.
pub(super) const EMAIL: &str = "demo@example.com";
/// Known to everybody, and long enough for the rules of a real server.
pub(super) const PASSWORD: &str = "paper-boats-on-the-canal";

/// The name at log-in of the administrator, whose password is the same.
pub(super) const ADMIN_EMAIL: &str = "admin@example.com";
/// The role that makes administrators here.
pub(super) const ADMIN_ROLE: &str = "admin";

/// Makes the administrator.
pub(super) async fn make_administrator(app: &App) -> Result<(), Failure> {
    let email = Email::parse(ADMIN_EMAIL).map_err(Failure::environment)?;
    let password = Password::parse(PASSWORD).map_err(Failure::environment)?;
    let new = NewUser { roles: vec![ADMIN_ROLE.into()], ..NewUser::new(email, Some(password)) };
    flows::create_user(app, &flows::By::command_line(), new).await.map(drop).map_err(store::refused)
}

/// Makes the demo user and logs in once, so that every printed command works by itself and in any order.
pub(super) async fn log_in(app: &App, tokens: &Path) -> Result<(), Failure> {
    let email = Email::parse(EMAIL).map_err(Failure::environment)?;
    let password = Password::parse(PASSWORD).map_err(Failure::environment)?;
    let name = DisplayName::parse("Demo").map_err(Failure::environment)?;
    let new =
        NewUser { name: Some(name), roles: vec!["demo".into()], ..NewUser::new(email.clone(), Some(password.clone())) };
    flows::create_user(app, &flows::By::command_line(), new).await.map_err(store::refused)?;
    let log_in = LogIn { email: Some(email), password: Some(password) };
    let device = Device { name: Some("jotgate dev".into()), ..Device::default() };
    let grant = flows::login(app, log_in, device).await.map_err(store::refused)?.grant;
    let response = TokenResponse {
        token_type: "Bearer".into(),
        access_token: grant.access_token,
        expires_in: grant.expires_in,
        refresh_token: grant.refresh_token,
        refresh_expires_in: grant.refresh_expires_in,
        session_id: grant.session.to_string(),
        generation: grant.generation,
        user: None,
    };
    let json = serde_json::to_vec(&response).map_err(Failure::environment)?;
    out_file::write(tokens, &json, Readers::Owner, true)
}
