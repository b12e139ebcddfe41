//! The auth server as a library, in this process: temporary data, access tokens that live for a minute, and somebody to log in as.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use jotgate_guard::{Clock, GuardBuilder};
use jotgate_server::config::{Role, Seconds};
use jotgate_server::domain::email::Email;
use jotgate_server::domain::password::Password;
use jotgate_server::domain::time::Timestamp;
use jotgate_server::domain::user::DisplayName;
use jotgate_server::flows::{self, By, NewUser};
use jotgate_server::{App, Config, Jobs, SystemRandom};

use crate::MOUNTED_AT;

/// Short, so that one sees them being renewed.
const ACCESS_TTL: Seconds = Seconds(60);

/// What everybody may do who has an account.
const SCOPES: [&str; 2] = ["orders:read", "orders:write"];

/// Somebody to log in as, known to everybody.
pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "paper-boats-on-the-canal";

#[derive(Debug)]
pub(crate) struct AuthServer {
    app: App,
    audience: String,
    _jobs: Jobs,
}

impl AuthServer {
    pub(crate) async fn start(origin: &str, clock: Clock, data: &Path) -> anyhow::Result<Self> {
        let audience = format!("{origin}/api");
        let mut config = Config::new(&format!("{origin}{MOUNTED_AT}"))?;
        config.base_dir = data.to_owned();
        config.tokens.access_ttl = ACCESS_TTL;
        config.tokens.audience = vec![audience.clone()];
        let scopes = SCOPES.map(str::to_owned).to_vec();
        config.roles.insert("customer".to_owned(), Role { scopes, everyone: true });
        let app = App::open_with(config, Arc::new(SameTime(clock)), Arc::new(SystemRandom)).await?;
        create_somebody(&app).await?;
        Ok(Self { _jobs: app.start_jobs(), audience, app })
    }

    pub(crate) fn router(&self) -> Router {
        self.app.router()
    }

    /// A guard in the server's own process has its keys and its ends from memory: nothing is fetched, and an end is there before it
    /// is answered. Their clock is one, too.
    pub(crate) fn trusted_by(&self, guard: GuardBuilder) -> GuardBuilder {
        let app = self.app.clone();
        guard
            .issuer(&self.app.config().issuer)
            .audience(&self.audience)
            .leeway(0)
            .live_keys(move || app.verifying_keys())
            .revocations(self.app.revocations())
    }
}

async fn create_somebody(app: &App) -> anyhow::Result<()> {
    let new = NewUser::new(Email::parse(EMAIL)?, Some(Password::parse(PASSWORD)?));
    let new = NewUser { name: Some(DisplayName::parse("Ada")?), ..new };
    flows::create_user(app, &By::command_line(), new).await.context("the demo account cannot be made")?;
    Ok(())
}

/// The guard's clock for the server, so that one clock holds for both.
#[derive(Debug)]
struct SameTime(Clock);

impl jotgate_server::Clock for SameTime {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.now())
    }
}
