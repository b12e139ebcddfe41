//! Accounts of every kind that a wrong password can meet, with hashes at full price.

use jotgate_server::App;
use jotgate_server::domain::email::Email;
use jotgate_server::domain::password::Password;
use jotgate_server::flows::{self, ImportMode, Imported, NewUser};

use crate::refresh::House;

pub(crate) const PASSWORD: &str = "nine ravens over a cold river";

/// The accounts in a database.
#[derive(Debug)]
pub(crate) struct People {
    /// Those who can log in.
    pub(crate) members: Vec<String>,
}

impl People {
    /// Makes the accounts, so many of them that can log in.
    pub(crate) async fn move_in(house: &House, members: usize) -> anyhow::Result<Self> {
        let app = App::open(house.config_at_full_price()?).await?;
        let mut emails = Vec::new();
        for number in 0..members.max(1) {
            let email = format!("member{number}@example.com");
            make(&app, &email).await?;
            emails.push(email);
        }
        let closed = make(&app, "disabled@example.com").await?;
        flows::disable_user(&app, &flows::By::command_line(), closed).await?;
        let social = Imported { email: "passwordless@example.com".to_owned(), ..Imported::default() };
        flows::import(&app, vec![social], ImportMode::Write).await?;
        app.close().await;
        Ok(Self { members: emails })
    }

    /// Each kind of account with its address, the known one first.
    pub(crate) fn kinds(&self) -> Vec<(&'static str, String)> {
        let known = self.members.first().cloned().unwrap_or_default();
        let others = ["unknown", "disabled", "passwordless"].map(|kind| (kind, format!("{kind}@example.com")));
        [("known", known)].into_iter().chain(others).collect()
    }
}

async fn make(app: &App, email: &str) -> anyhow::Result<jotgate_server::domain::user::UserId> {
    let (email, password) = (Email::parse(email)?, Password::parse(PASSWORD)?);
    let new = NewUser::new(email, Some(password));
    Ok(flows::create_user(app, &flows::By::command_line(), new).await?.id)
}
