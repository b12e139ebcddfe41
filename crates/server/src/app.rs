//! The composition root: everything a flow needs, made once at start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jotgate_wire::RevocationSet;

use crate::audit::system_line;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError, Problem};
use crate::domain::audit::{By, Event};
use crate::domain::key::KeyPurpose;
use crate::domain::password::PasswordPolicy;
use crate::domain::time::Timestamp;
use crate::hasher::{HashError, Hasher};
use crate::keys::Keys;
use crate::limits::Limits;
use crate::mail::Mail;
use crate::random::{Random, SystemRandom};
use crate::revocations::Revocations;
use crate::serve;
use crate::store::audit::AppendLine;
use crate::store::copy::IsUnfinishedCopy;
use crate::store::keys::{InsertKeysIfNone, LoadKeys};
use crate::store::{BackupError, InvalidStoreUrl, OpenError, Store, StoreError, StoreUrl};
use crate::throttle::Throttle;
use crate::tokens::generate::Generator;
use crate::tokens::keyring::{Keyring, KeyringError};
use crate::tokens::master_key::{MasterKey, MasterKeyError};
use crate::tokens::terms::Terms;

/// A running auth server without a listener: mount its [`router`](Self::router), or hand it to [`serve`](crate::serve).
/// Cloning it is cheap, and all clones are one server.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    pub(crate) terms: Terms,
    pub(crate) revocations: Revocations,
    pub(crate) hasher: Hasher,
    pub(crate) mail: Mail,
    pub(crate) throttle: Throttle,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

/// Why a server did not start, said to the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration breaks a rule.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `store.url` is not one.
    #[error("store.url: {0}")]
    StoreUrl(#[from] InvalidStoreUrl),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database fails.
    #[error("the database cannot be used: {0}")]
    Store(#[from] StoreError),
    /// The store is half a copy.
    #[error(
        "the store is the destination of a copy that was not finished: run `jotgate store copy` again, it goes on where it was"
    )]
    UnfinishedCopy,
    /// There is no usable master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The keys cannot be used.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The password parameters are out of range.
    #[error("{0}")]
    Passwords(String),
    /// Mail cannot be set up.
    #[error("mail: {0}")]
    Mail(String),
    /// The listener or TLS cannot be set up.
    #[error("{0}")]
    Listen(String),
}

impl From<HashError> for StartError {
    fn from(error: HashError) -> Self {
        Self::Passwords(error.to_string())
    }
}

impl App {
    /// Opens the store (making and migrating it as needed) and the keys.
    ///
    /// # Errors
    ///
    /// When the configuration, the database, the master key or the keys cannot be used; each says what to change.
    pub async fn open(config: Config) -> Result<Self, StartError> {
        Self::open_with(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await
    }

    /// The same with a clock and randomness of the caller's, for tests.
    ///
    /// # Errors
    ///
    /// As [`App::open`].
    pub async fn open_with(config: Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, StartError> {
        let config = config.checked()?;
        if let problems @ [_, ..] = Self::preflight(&config).as_slice() {
            return Err(ConfigError { problems: problems.to_vec() }.into());
        }
        let store = open_store(&config).await?;
        if store.read(IsUnfinishedCopy).await? {
            return Err(StartError::UnfinishedCopy);
        }
        let terms = Terms::new(&config);
        let keys = open_keys(&config, &terms, &store, &*random, clock.now()).await?;
        let hasher = Hasher::new(&config.passwords, &*random)?;
        let mail = Mail::new(&config).map_err(|error| StartError::Mail(error.to_string()))?;
        let throttle = Throttle::new(&config.throttle, &keys.master().derive("tries"));
        let revocations = Revocations::new(&config.revocations);
        let limits = Limits::new(config.http.max_connections);
        let inner = Inner { config, store, keys, terms, revocations, hasher, mail, throttle, limits, clock, random };
        let app = Self { inner: Arc::new(inner) };
        app.follow_revocations().await?;
        Ok(app)
    }

    /// What a start would refuse of a configuration beyond its own rules: where the store is, the configured master key, the
    /// certificate. Nothing is made.
    #[must_use]
    pub fn preflight(config: &Config) -> Vec<Problem> {
        let url = config.store.url.parse::<StoreUrl>().map(|url| url.relative_to(&config.base_dir));
        let is_file = !matches!(url, Ok(StoreUrl::Postgres(_)));
        let master_key = match MasterKey::configured(&config.keys, &config.base_dir) {
            Ok(None) if !is_file => Err(MasterKeyError::None.to_string()),
            configured => configured.map(drop).map_err(|error| error.to_string()),
        };
        let url = url.map_err(|error| error.to_string());
        let url = url.and_then(|url| Store::check(&url).map_err(|error| error.to_string()));
        let tls = serve::tls::acceptor(config).map(drop).map_err(|error| error.to_string());
        let mail = Mail::new(config).map(drop).map_err(|error| error.to_string());
        let checks = [("store.url", url), ("keys", master_key), ("tls", tls), ("mail", mail)];
        let refused = checks.into_iter().filter_map(|(key, check)| Some((key, check.err()?)));
        refused.map(|(key, message)| Problem { key: key.to_owned(), line: None, message }).collect()
    }

    /// The ends of sessions that this server knows, for a guard in the same process. It is updated before an end is
    /// answered.
    #[must_use]
    pub fn revocations(&self) -> Arc<RevocationSet> {
        Arc::clone(&self.inner.revocations.set)
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Writes a copy of the database, as it is at one moment, to a new file that only its owner can read. The server goes on
    /// meanwhile. The master key is not in it: keep that elsewhere, since the copy is of no use without it. The audit trail then says who
    /// did it; the copy itself does not have that line.
    ///
    /// # Errors
    ///
    /// When there is such a file already, or it cannot be written.
    pub async fn back_up(&self, by: &By, file: &Path) -> Result<(), BackupError> {
        self.inner.store.back_up(file.to_owned()).await?;
        let line = self.line(self.now(), Event::StoreBackup, by).target(file.display().to_string());
        Ok(self.inner.store.write(AppendLine { line }).await?)
    }

    /// Puts a copy that [`back_up`](Self::back_up) made where the configuration says that the database is. All is as it was
    /// then: passwords, and sessions that were ended since are no longer ended. The audit trail goes on with who did it.
    ///
    /// # Errors
    ///
    /// When there is a database already, or the file is not a whole copy of one.
    pub async fn restore(config: &Config, by: &By, file: &Path) -> Result<(), BackupError> {
        let url = config.store.url.parse::<StoreUrl>()?.relative_to(&config.base_dir);
        let line = system_line(Event::StoreRestore, by).target(file.display().to_string());
        let file = file.to_owned();
        let restored = tokio::task::spawn_blocking(move || Store::restore(&file, &url, &line)).await;
        restored.map_err(|_| StoreError::Internal("the restoring was interrupted".into()))?
    }

    /// Finishes what the store has accepted and closes it. Later calls of any clone fail.
    pub async fn close(&self) {
        self.inner.store.close().await;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) fn password_policy(&self) -> PasswordPolicy {
        let min_length = usize::try_from(self.inner.config.passwords.min_length).unwrap_or(usize::MAX);
        PasswordPolicy { min_length, ..PasswordPolicy::default() }
    }
}

/// Opens the configured store, and makes or migrates it as needed.
pub(crate) async fn open_store(config: &Config) -> Result<Store, StartError> {
    Ok(Store::open(&store_url(config)?, config.store.limits()).await?)
}

async fn open_keys(
    config: &Config,
    terms: &Terms,
    store: &Store,
    random: &dyn Random,
    now: Timestamp,
) -> Result<Keys, StartError> {
    let mut stored = store.read(LoadKeys).await?;
    let first_start = stored.keys.is_empty();
    let master = master_key(config, first_start, random)?;
    let lacking = |purpose: &KeyPurpose| stored.keys.iter().all(|key| key.purpose != *purpose);
    let lacking: Vec<_> = [KeyPurpose::Signing, KeyPurpose::Refresh].into_iter().filter(lacking).collect();
    if !lacking.is_empty() {
        let generator = Generator { master: &master, random };
        let keys = lacking.into_iter().map(|purpose| generator.active(purpose, &config.tokens, now));
        let keys = keys.collect::<Result<_, _>>()?;
        stored = store.write(InsertKeysIfNone { keys, master: master.mark() }).await?;
    }
    Ok(Keys::new(Keyring::open(&stored, &config.tokens, terms, &master)?, master))
}

/// The master key that is configured, or else the one beside an embedded database; that is made at the first start.
pub(crate) fn master_key(config: &Config, first_start: bool, random: &dyn Random) -> Result<MasterKey, StartError> {
    let beside = master_key_file(&store_url(config)?);
    Ok(MasterKey::find(&config.keys, &config.base_dir, beside, first_start, random)?)
}

/// The file of the master key that was made beside an embedded database, unless another is configured.
pub(crate) fn made_master_key_file(config: &Config) -> Result<Option<PathBuf>, StartError> {
    let configured = config.keys.master_key.is_some() || config.keys.master_key_file.is_some();
    Ok(if configured { None } else { master_key_file(&store_url(config)?) })
}

fn store_url(config: &Config) -> Result<StoreUrl, StartError> {
    Ok(config.store.url.parse::<StoreUrl>()?.relative_to(&config.base_dir))
}

/// The file of the master key that is made beside an embedded database, and named after it.
fn master_key_file(url: &StoreUrl) -> Option<PathBuf> {
    match url {
        StoreUrl::Sqlite { path } => Some(path.with_added_extension("master-key")),
        StoreUrl::Postgres(_) => None,
    }
}
