//! `[store]`: where the data is.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Key, Seconds};
use crate::store::{Limits, StoreUrl};

/// Where the data is, and how long to wait for it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// `sqlite:FILE`, a relative file being beside the configuration, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub url: String,
    /// Connections to a PostgreSQL server at once; what needs one waits.
    pub max_connections: u32,
    /// How long to wait for a connection to a PostgreSQL server, a free one or a new one.
    pub connect_timeout: Seconds,
    /// How long a statement may take on a PostgreSQL server.
    pub statement_timeout: Seconds,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            url: "sqlite:jotgate.db".into(),
            max_connections: 16,
            connect_timeout: Seconds(5),
            statement_timeout: Seconds(10),
        }
    }
}

/// The URL may hold a password.
impl fmt::Debug for StoreConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreConfig").field("url", &self.name(Path::new(""))).finish_non_exhaustive()
    }
}

impl StoreConfig {
    /// The store for people, without a password; a relative file counts from this directory.
    #[must_use]
    pub fn name(&self, base_dir: &Path) -> String {
        match self.url.parse::<StoreUrl>().map(|url| url.relative_to(base_dir)) {
            Ok(url) => url.to_string(),
            // It may be anything, and a mistake in a URL with a password in it.
            Err(_) => self.url.split(':').next().unwrap_or_default().to_owned(),
        }
    }

    /// The file of an embedded database; a relative one counts from this directory.
    #[must_use]
    pub fn file(&self, base_dir: &Path) -> Option<PathBuf> {
        match self.url.parse::<StoreUrl>().map(|url| url.relative_to(base_dir)) {
            Ok(StoreUrl::Sqlite { path }) => Some(path),
            _ => None,
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_connections: usize::try_from(self.max_connections).unwrap_or(usize::MAX),
            connect_timeout: Duration::from_secs(self.connect_timeout.0.into()),
            statement_timeout: Duration::from_secs(self.statement_timeout.0.into()),
            queue: 4096,
        }
    }

    /// Whether passwords and sessions cross a network to a database whose certificate nobody checks.
    pub(super) fn is_exposed(&self) -> bool {
        matches!(self.url.parse::<StoreUrl>(), Ok(StoreUrl::Postgres(address)) if address.is_exposed())
    }
}

pub(super) const KEYS: &[Key] = &[
    Key {
        path: "store.url",
        default: "\"sqlite:jotgate.db\"",
        meaning: "where the data is: `sqlite:FILE`, a relative file being beside the configuration, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, which is better set as JOTGATE_STORE__URL. After a `?` there may be `sslmode` (`verify-full`, the default unless the host is this machine; `require`: TLS without checking the certificate; `disable`), `sslrootcert` (a file with the authorities to trust instead of the platform's) and `options` (`options=-csearch_path%3Dauth` for a schema of its own)",
    },
    Key {
        path: "store.max_connections",
        default: "16",
        meaning: "connections to a PostgreSQL server at once; what needs one waits for it, and one more listens",
    },
    Key {
        path: "store.connect_timeout",
        default: "\"5s\"",
        meaning: "how long to wait for a connection to a PostgreSQL server, a free one or a new one, before the answer is 503",
    },
    Key {
        path: "store.statement_timeout",
        default: "\"10s\"",
        meaning: "how long a statement may take on a PostgreSQL server before the answer is 503",
    },
];
