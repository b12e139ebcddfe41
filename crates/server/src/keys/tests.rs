//! Servers on one store, with a clock that the test moves.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jotgate_jose::{Algorithm, danger};
use tempfile::TempDir;

use super::*;
use crate::clock::Clock;
use crate::domain::email::Email;
use crate::domain::password::Password;
use crate::flows::{self, Device, Failure, Grant, KeysFailure, LogIn, Register};
use crate::random::SystemRandom;

mod changes;
mod revoked;
mod rotated;

const DAY: i64 = 86_400;
/// From making a key to its first signature: 300 seconds of cache life, and 90 until everyone has noticed.
const PUBLISHED: i64 = 390;
const SECRET: &str = "kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aYuEiOcVtR";

#[derive(Debug)]
struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

/// A database, and servers on it.
struct House {
    folder: TempDir,
    clock: Arc<ManualClock>,
}

impl House {
    fn new() -> Self {
        let clock = Arc::new(ManualClock(AtomicI64::new(1_800_000_000)));
        Self { folder: tempfile::tempdir().unwrap(), clock }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn config(&self) -> Config {
        let mut config = Config::new("https://auth.example.com").unwrap();
        self.path().clone_into(&mut config.base_dir);
        config.passwords.memory_kib = 8 * 1024;
        config.passwords.iterations = 1;
        config
    }

    async fn server(&self) -> App {
        self.server_with(|_| {}).await
    }

    /// A server that wants access tokens signed like this.
    async fn server_of(&self, algorithm: Algorithm, secret: Option<&str>, previous: Option<&str>) -> App {
        let change = |config: &mut Config| {
            config.tokens.algorithm = algorithm;
            config.tokens.secret = secret.map(Into::into);
            config.tokens.previous_secret = previous.map(Into::into);
        };
        self.server_with(change).await
    }

    async fn server_with(&self, change: impl FnOnce(&mut Config)) -> App {
        let mut config = self.config();
        change(&mut config);
        App::open_with(config, Arc::clone(&self.clock) as Arc<dyn Clock>, Arc::new(SystemRandom)).await.unwrap()
    }
}

/// A person on a device.
async fn register(app: &App) -> Grant {
    let email = Email::parse("ada@example.com").unwrap();
    let password = Password::parse("a long enough pass phrase").unwrap();
    flows::register(app, Register { email, password, name: None }, Device::default()).await.unwrap().grant
}

async fn log_in(app: &App) -> Grant {
    let email = Email::parse("ada@example.com").ok();
    let password = Password::parse("a long enough pass phrase").ok();
    flows::login(app, LogIn { email, password }, Device::default()).await.unwrap().grant
}

async fn refresh(app: &App, grant: &Grant) -> Result<Grant, Failure> {
    flows::refresh(app, grant.refresh_token.expose(), Device::default()).await
}

/// The code with which an access token is refused, or `ok`.
fn verdict(app: &App, grant: &Grant) -> String {
    match flows::authenticate(app, grant.access_token.expose()) {
        Ok(_) => "ok".to_owned(),
        Err(Failure::AccessToken(refused)) => refused.code.as_str().to_owned(),
        Err(error) => error.to_string(),
    }
}

fn header(grant: &Grant, name: &str) -> String {
    danger::decode(grant.access_token.expose()).unwrap().header[name].as_str().unwrap().to_owned()
}

fn signer(app: &App) -> String {
    app.keyring().signing().unwrap().kid().to_owned()
}

/// The states of the keys of a purpose, the oldest first.
async fn states(app: &App, purpose: KeyPurpose) -> Vec<&'static str> {
    let keys = flows::keys(app).await.unwrap();
    keys.iter().filter(|key| key.purpose == purpose).map(|key| key.state.name()).collect()
}
