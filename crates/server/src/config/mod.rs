//! Configuration: one struct a file, one TOML file and the environment on top of it.
//!
//! [`Config::load`] reads both, refuses what it does not know with the nearest key it does, and applies the rules of
//! `rules.rs`. Every problem found is reported, not only the first. Nothing here reads the process's environment or a
//! file: the caller hands both in.

mod accounts;
mod audit;
mod clients;
mod duration;
mod forward_auth;
mod http;
mod keys;
mod legacy;
mod log;
mod mail;
mod metrics;
mod network;
mod passwords;
mod problem;
mod reference;
mod revocations;
mod roles;
mod rules;
mod secret;
mod sessions;
mod source;
mod store;
mod throttle;
mod tls;
mod tokens;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use accounts::{Accounts, Verification};
pub use audit::Audit;
pub use clients::Client;
pub use duration::Seconds;
pub use forward_auth::ForwardAuth;
pub use http::{Http, ProxyHeader};
pub use keys::Keys;
pub use legacy::Legacy;
pub use log::{Log, LogFormat};
pub use mail::{Mail, MailLinks, MailTls};
pub use metrics::Metrics;
pub use network::Network;
pub use passwords::Passwords;
pub use problem::{ConfigError, Problem};
pub use reference::{Key, keys as reference};
pub use revocations::Revocations;
pub use roles::Role;
pub use sessions::Sessions;
pub use store::StoreConfig;
pub use throttle::Throttle;
pub use tls::Tls;
pub use tokens::Tokens;

pub(crate) use mail::TOKEN as LINK_TOKEN;
pub(crate) use rules::ACCESS_TTL_MAX;

/// All settings of a server. Every key has a default except `issuer`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The public URL of this server, and the `iss` of its tokens (RFC 8414 §2). Its path is the base path of every URL.
    pub issuer: String,
    /// The listener, CORS and limits.
    pub http: Http,
    /// Certificate and key of plain TLS.
    pub tls: Tls,
    /// Where the data is.
    pub store: StoreConfig,
    /// Access tokens.
    pub tokens: Tokens,
    /// Sessions and their refresh tokens.
    pub sessions: Sessions,
    /// Clients whose sessions live by other limits, by their `client_id`.
    pub clients: BTreeMap<String, Client>,
    /// The scopes that roles grant, by the name of the role.
    pub roles: BTreeMap<String, Role>,
    /// The feed that verifiers elsewhere follow.
    pub revocations: Revocations,
    /// Password rules and the cost of hashing them.
    pub passwords: Passwords,
    /// What an account has to show of itself.
    pub accounts: Accounts,
    /// How mail is sent.
    pub mail: Mail,
    /// The master key that encrypts signing keys at rest.
    pub keys: Keys,
    /// Verifying requests for proxies in front of other programs.
    pub forward_auth: ForwardAuth,
    /// Limits on wrong passwords.
    pub throttle: Throttle,
    /// The trail of what happened.
    pub audit: Audit,
    /// What is logged, and how.
    pub log: Log,
    /// The listener that Prometheus asks.
    pub metrics: Metrics,
    /// The folder that relative paths start from: that of the configuration file.
    #[serde(skip)]
    pub base_dir: PathBuf,
    /// What is allowed but unwise, for the operator to read at start.
    #[serde(skip)]
    pub warnings: Vec<String>,
}

const KEYS: &[Key] = &[Key {
    path: "issuer",
    default: "(required)",
    meaning: "public URL of this server and the `iss` of its tokens; https, or http on a loopback address",
}];

impl Config {
    /// Reads a configuration from the text of a TOML file and from environment variables, which win
    /// (`JOTGATE_HTTP__LISTEN` is `listen` in `[http]`, and `JOTGATE_MASTER_KEY` the master key).
    ///
    /// `base_dir` is the folder that relative paths start from.
    ///
    /// # Errors
    ///
    /// Every unknown key, wrong type and broken rule, each with its key and, in the file, its line.
    pub fn load(
        text: &str,
        environment: impl IntoIterator<Item = (String, String)>,
        base_dir: &Path,
    ) -> Result<Self, ConfigError> {
        let environment = source::recognised(environment)?;
        let (mut config, lines) = source::read(text, &environment)?;
        base_dir.clone_into(&mut config.base_dir);
        config.warnings = rules::check(&mut config, &lines)?;
        Ok(config)
    }

    /// The configuration of a server with that issuer, all else by default: what an application that mounts the server
    /// starts from.
    ///
    /// # Errors
    ///
    /// When the issuer is not a URL that may be one.
    pub fn new(issuer: &str) -> Result<Self, ConfigError> {
        let config = Self { issuer: issuer.to_owned(), base_dir: PathBuf::from("."), ..Self::default() };
        config.checked()
    }

    /// Applies the rules of a loaded configuration to one that was changed in code.
    ///
    /// # Errors
    ///
    /// Every broken rule with its key.
    pub fn checked(mut self) -> Result<Self, ConfigError> {
        self.warnings = rules::check(&mut self, &source::Lines::default())?;
        Ok(self)
    }

    /// The path that every URL of this server starts with, without a slash at its end: `""` or `"/auth"`.
    #[must_use]
    pub fn base_path(&self) -> String {
        let path = url::Url::parse(&self.issuer).map(|url| url.path().trim_end_matches('/').to_owned());
        path.unwrap_or_default()
    }

    /// The scheme, host and port of the issuer, as a browser writes them in `Origin`.
    #[must_use]
    pub fn own_origin(&self) -> String {
        url::Url::parse(&self.issuer).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }

    /// Whether clients reach this server over TLS, by the issuer's scheme. Cookies are `Secure` exactly then.
    #[must_use]
    pub fn is_https(&self) -> bool {
        url::Url::parse(&self.issuer).is_ok_and(|url| url.scheme() == "https")
    }
}

#[cfg(test)]
mod tests;
