//! An account as the command line shows it.

use jotgate_server::domain::time::Timestamp;
use jotgate_server::domain::user::User;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::output::{Output, Page, bold, plain};
use crate::times::rfc3339_of_millis;

/// What is shown of an account: nothing of its password but whether there is one.
#[derive(Debug, Serialize)]
pub(super) struct UserView {
    pub(super) id: String,
    pub(super) email: String,
    email_verified: bool,
    pub(super) name: Option<String>,
    pub(super) roles: Vec<String>,
    app_metadata: Map<String, Value>,
    user_metadata: Map<String, Value>,
    has_password: bool,
    pub(super) disabled_at: Option<String>,
    pub(super) created_at: String,
    updated_at: String,
}

impl UserView {
    pub(super) fn of(user: &User) -> Self {
        let time = |time: Timestamp| rfc3339_of_millis(time.millis());
        Self {
            id: user.id.to_string(),
            email: user.email.display().to_owned(),
            email_verified: user.email_verified_at.is_some(),
            name: user.name.clone(),
            roles: user.roles.clone(),
            app_metadata: user.app_metadata.members(),
            user_metadata: user.user_metadata.members(),
            has_password: user.password_hash.is_some(),
            disabled_at: user.disabled_at.map(time),
            created_at: time(user.created_at),
            updated_at: time(user.updated_at),
        }
    }

    /// One line a member.
    pub(super) fn text(&self) -> String {
        let yes = |yes: bool| if yes { "yes" } else { "no" };
        let lines = [
            ("id", self.id.clone()),
            ("e-mail", format!("{} (verified: {})", self.email, yes(self.email_verified))),
            ("name", self.name.clone().unwrap_or_default()),
            ("roles", self.roles.join(", ")),
            ("password", yes(self.has_password).to_owned()),
            ("disabled", self.disabled_at.clone().unwrap_or_else(|| "no".to_owned())),
            ("created", self.created_at.clone()),
            ("changed", self.updated_at.clone()),
        ];
        let mut page = Page::default();
        for (name, value) in lines {
            page.line(format_args!("{}  {}", bold(format!("{name:9}")), plain(&value)));
        }
        page.text()
    }
}

/// What was done to an account.
pub(super) fn say(output: Output, done: &str, user: &User, ended: usize) -> Result<(), crate::exit::Failure> {
    let (id, email) = (user.id.to_string(), user.email.display());
    output.answer(
        || serde_json::json!({"id": id, "email": email, done: true, "sessions_ended": ended}),
        || {
            let sessions = match ended {
                0 => String::new(),
                1 => "; 1 session ended".to_owned(),
                more => format!("; {more} sessions ended"),
            };
            format!("{done} {} ({id}){sessions}", plain(email))
        },
    )
}
