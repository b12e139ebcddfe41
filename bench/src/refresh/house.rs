//! A database with sessions in it: some whose refresh tokens the clients have, and many others among them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use jotgate_server::config::{Network, Passwords, Sessions};
use jotgate_server::domain::email::Email;
use jotgate_server::domain::password::Password;
use jotgate_server::domain::time::Timestamp;
use jotgate_server::flows::{Device, Register, register};
use jotgate_server::{App, Clock, Config, SystemClock, SystemRandom};
use tokio::task::JoinSet;

use super::fill;
use crate::chance::Chance;

/// Over how many milliseconds the sessions were opened: three weeks.
pub(super) const SPREAD_MILLIS: u64 = 21 * 86_400_000;
/// Registrations at once; each waits for a password hash.
const AT_ONCE: u64 = 8;

/// The folder of a server's data.
#[derive(Debug, Clone)]
pub(crate) struct House(pub(crate) PathBuf);

/// Tells a random time of the past three weeks, so that the ids of sessions, which begin with the time, spread over the
/// whole table.
#[derive(Debug)]
struct PastClock(Mutex<Chance>);

impl Clock for PastClock {
    fn now(&self) -> Timestamp {
        let past = self.0.lock().unwrap_or_else(PoisonError::into_inner).below(SPREAD_MILLIS);
        Timestamp::from_millis(SystemClock.now().millis().saturating_sub_unsigned(past))
    }
}

impl House {
    /// The settings of its server, those of a first start but for the port and the cost of passwords.
    pub(super) fn config(&self) -> anyhow::Result<Config> {
        let mut config = Config::new("http://127.0.0.1")?;
        self.0.clone_into(&mut config.base_dir);
        "127.0.0.1:0".clone_into(&mut config.http.listen);
        (config.passwords.memory_kib, config.passwords.iterations) = (8 * 1024, 1);
        config.throttle.enabled = false;
        // A log-in without an answer leaves a session that nobody uses.
        config.sessions.max_per_user = u32::MAX;
        Ok(config.checked()?)
    }

    /// The same with passwords hashed as they usually are, in 64 MiB, and as many sessions for each as there usually are. Whoever
    /// measures may ask as a proxy that has tokens verified.
    pub(crate) fn config_at_full_price(&self) -> anyhow::Result<Config> {
        let mut config = self.config()?;
        config.passwords = Passwords { max_memory_mib: 64, ..Passwords::default() };
        config.sessions = Sessions::default();
        config.http.trusted_proxies = vec![Network::parse("127.0.0.1").map_err(anyhow::Error::msg)?];
        Ok(config.checked()?)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("jotgate.db")
    }

    /// The same as `store.url` names it.
    #[cfg(test)]
    pub(crate) fn store(&self) -> String {
        format!("sqlite:{}", self.database().display())
    }

    /// Moves in: opens so many sessions, each of a user of its own. Gives their refresh tokens.
    pub(crate) async fn open_sessions(&self, count: u64) -> anyhow::Result<Vec<String>> {
        let clock = Arc::new(PastClock(Mutex::new(Chance::new(1))));
        let app = App::open_with(self.config()?, clock, Arc::new(SystemRandom)).await?;
        let mut running = JoinSet::new();
        for lane in 0..AT_ONCE {
            let app = app.clone();
            running.spawn(async move {
                let mut tokens = Vec::new();
                for number in (lane..count).step_by(usize::try_from(AT_ONCE)?) {
                    tokens.push(open_session(&app, number).await?);
                }
                anyhow::Ok(tokens)
            });
        }
        let lanes: anyhow::Result<Vec<_>> = running.join_all().await.into_iter().collect();
        app.close().await;
        Ok(lanes?.concat())
    }

    /// Adds sessions of nobody in particular until there are so many.
    pub(super) fn fill_up_to(&self, sessions: u64) -> anyhow::Result<()> {
        fill::fill_up_to(&self.database(), sessions)
    }

    /// The same data in another folder. Nobody may have it open.
    pub(super) fn copy_to(&self, folder: &Path) -> anyhow::Result<Self> {
        for file in ["jotgate.db", "jotgate.db.master-key"] {
            std::fs::copy(self.0.join(file), folder.join(file))?;
        }
        Ok(Self(folder.to_owned()))
    }

    /// Bytes that its sessions take, with the index over them.
    pub(super) fn session_bytes(&self) -> anyhow::Result<u64> {
        fill::session_bytes(&self.database())
    }
}

async fn open_session(app: &App, number: u64) -> anyhow::Result<String> {
    let email = Email::parse(&format!("user-{number}@example.com"))?;
    let password = Password::parse("a long enough pass phrase").context("a password")?;
    let opened = register(app, Register { email, password, name: None }, Device::default()).await?;
    Ok(opened.grant.refresh_token.expose().to_owned())
}
