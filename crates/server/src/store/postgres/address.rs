//! Which database, as whom, and over what kind of connection: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?…`.
//!
//! | `sslmode` | what it does |
//! | --- | --- |
//! | `disable` | no TLS: whoever is on the way reads and changes everything |
//! | `require` | TLS, and no look at the certificate: it keeps out who only listens, and not who takes the server's place |
//! | `verify-full` | TLS, with a certificate for this host by an authority that is trusted: the platform's, or that in `sslrootcert` |
//!
//! Left out, it is `verify-full`, and `disable` where every host is a Unix socket or a loopback address.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::store::url::InvalidStoreUrl;

/// After how many seconds of silence to ask whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

const USUAL_PORT: u16 = 5432;

/// Where a PostgreSQL database is. Its texts for people have no password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    config: Config,
    tls: TlsMode,
    root: Option<PathBuf>,
}

/// What is asked of a connection. See the table at the head of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsMode {
    Disable,
    Require,
    VerifyFull,
}

impl Address {
    /// The same database, with a relative path to a certificate counted from this directory.
    pub(in crate::store) fn relative_to(self, directory: &Path) -> Self {
        Self { root: self.root.map(|file| directory.join(file)), ..self }
    }

    /// How to connect; the time-outs are the caller's.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn tls(&self) -> TlsMode {
        self.tls
    }

    /// The file of the authorities that are trusted instead of the platform's.
    pub(super) fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// Whether passwords and sessions cross a network to a server whose certificate nobody checks.
    pub(crate) fn is_exposed(&self) -> bool {
        self.tls != TlsMode::VerifyFull && !is_local(&self.config)
    }
}

impl FromStr for Address {
    type Err = InvalidStoreUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (text, mode, root) = take_tls(text)?;
        let mut config: Config = text.parse().map_err(|_| InvalidStoreUrl::Postgres)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(InvalidStoreUrl::NoHost);
        }
        if config.get_user().is_none() || config.get_dbname().is_none() {
            return Err(InvalidStoreUrl::NoDatabase);
        }
        let tls = mode.unwrap_or(if is_local(&config) { TlsMode::Disable } else { TlsMode::VerifyFull });
        if root.is_some() && tls != TlsMode::VerifyFull {
            return Err(InvalidStoreUrl::RootWithoutVerify);
        }
        config.ssl_mode(if tls == TlsMode::Disable { SslMode::Disable } else { SslMode::Require });
        settle(&mut config);
        Ok(Self { config, tls, root })
    }
}

/// Takes out of a URL what the library does not know of TLS; gives the rest.
fn take_tls(text: &str) -> Result<(String, Option<TlsMode>, Option<PathBuf>), InvalidStoreUrl> {
    let Some((place, query)) = text.split_once('?') else { return Ok((text.to_owned(), None, None)) };
    let (mut mode, mut root, mut others) = (None, None, Vec::new());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.parse()?),
            Some(("sslrootcert", value)) => root = Some(decoded(value)),
            _ => others.push(pair),
        }
    }
    let rest = if others.is_empty() { place.to_owned() } else { format!("{place}?{}", others.join("&")) };
    Ok((rest, mode, root))
}

/// A path with its percent-encoded characters as they are.
fn decoded(value: &str) -> PathBuf {
    let plus = value.replace('+', "%2B");
    url::form_urlencoded::parse(plus.as_bytes()).map(|(path, _)| PathBuf::from(path.into_owned())).collect()
}

impl FromStr for TlsMode {
    type Err = InvalidStoreUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "disable" => Ok(Self::Disable),
            "require" => Ok(Self::Require),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(InvalidStoreUrl::SslMode),
        }
    }
}

/// Whether every host is this machine.
fn is_local(config: &Config) -> bool {
    let loopback = |name: &str| {
        name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    let by_name = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => loopback(name.trim_matches(['[', ']'])),
        Host::Unix(_) => true,
    });
    by_name && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// What is wise and was not said otherwise. Of several hosts the one that can be written to is meant.
fn settle(config: &mut Config) {
    if config.get_application_name().is_none() {
        config.application_name("jotgate");
    }
    config.keepalives_idle(config.get_keepalives_idle().min(KEEPALIVE));
    let several = config.get_hosts().len().max(config.get_hostaddrs().len()) > 1;
    if several && config.get_target_session_attrs() == TargetSessionAttrs::Any {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", self.config.get_user().unwrap_or_default())?;
        let ports = self.config.get_ports();
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            match host {
                Host::Tcp(name) if name.contains(':') => write!(f, "{separator}[{name}]")?,
                Host::Tcp(name) => write!(f, "{separator}{name}")?,
                Host::Unix(path) => write!(f, "{separator}{}", path.display())?,
            }
            if let Some(port) = ports.get(index).or(ports.first()).filter(|port| **port != USUAL_PORT) {
                write!(f, ":{port}")?;
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self}, {:?})", self.tls)
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, TlsMode};
    use crate::store::url::InvalidStoreUrl;

    fn check(text: &str, expected: &str, tls: TlsMode) {
        let address: Address = text.parse().unwrap();
        assert_eq!((address.to_string().as_str(), address.tls()), (expected, tls), "{text}");
    }

    #[test]
    fn a_certificate_is_checked_unless_the_server_is_this_machine() {
        check("postgres://jot:secret@db/auth", "postgres://jot@db/auth", TlsMode::VerifyFull);
        check("postgres://jot:secret@localhost:5433/auth", "postgres://jot@localhost:5433/auth", TlsMode::Disable);
        check("postgresql://jot@[::1]/auth", "postgres://jot@[::1]/auth", TlsMode::Disable);
        check("postgres://jot@127.0.0.1/auth", "postgres://jot@127.0.0.1/auth", TlsMode::Disable);
        check("postgres://jot@%2Frun%2Fpostgresql/auth", "postgres://jot@/run/postgresql/auth", TlsMode::Disable);
        check("postgres:///auth?host=/run/x&user=jot", "postgres://jot@/run/x/auth", TlsMode::Disable);
        check("postgres://jot@localhost,db:5433/auth", "postgres://jot@localhost,db:5433/auth", TlsMode::VerifyFull);
        check("postgres://jot@localhost/auth?hostaddr=192.0.2.1", "postgres://jot@localhost/auth", TlsMode::VerifyFull);
    }

    #[test]
    fn what_is_asked_of_tls_can_be_said() {
        check("postgres://jot@db/auth?sslmode=disable", "postgres://jot@db/auth", TlsMode::Disable);
        check("postgres://jot@db/auth?connect_timeout=3&sslmode=require", "postgres://jot@db/auth", TlsMode::Require);
        check(
            "postgres://jot@localhost/auth?sslmode=verify-full",
            "postgres://jot@localhost/auth",
            TlsMode::VerifyFull,
        );
        let address: Address = "postgres://jot@db/auth?sslrootcert=/etc/a%20b+c.pem".parse().unwrap();
        assert_eq!(address.root(), Some(std::path::Path::new("/etc/a b+c.pem")));
        let exposed = |text: &str| text.parse::<Address>().unwrap().is_exposed();
        assert!(exposed("postgres://jot@db/auth?sslmode=require"));
        assert!(!exposed("postgres://jot@db/auth") && !exposed("postgres://jot@localhost/auth"));
    }

    #[test]
    fn what_names_no_database_is_refused_and_not_repeated() {
        let cases = [
            ("postgres://", InvalidStoreUrl::NoHost),
            ("postgres://jot:hush@/auth", InvalidStoreUrl::NoHost),
            ("postgres://db/auth", InvalidStoreUrl::NoDatabase),
            ("postgres://jot:hush@db", InvalidStoreUrl::NoDatabase),
            ("postgres://jot:hush@db:port/auth", InvalidStoreUrl::Postgres),
            ("postgres://jot:hush@db/auth?colour=hush", InvalidStoreUrl::Postgres),
            ("postgres://jot:hush@db/auth?sslmode=prefer", InvalidStoreUrl::SslMode),
            ("postgres://jot:hush@db/auth?sslmode=verify-ca", InvalidStoreUrl::SslMode),
            ("postgres://jot:hush@db/auth?sslmode=require&sslrootcert=a", InvalidStoreUrl::RootWithoutVerify),
        ];
        for (text, expected) in cases {
            let refused = text.parse::<Address>().unwrap_err();
            assert_eq!(refused, expected, "{text}");
            assert!(!refused.to_string().contains("hush"), "{refused}");
        }
    }

    #[test]
    fn a_password_never_shows() {
        let address: Address = "postgres://jot:hush@db/auth?password=hush".parse().unwrap();
        assert_eq!(format!("{address} {address:?}").matches("hush").count(), 0);
    }
}
