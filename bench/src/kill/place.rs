//! Where the store of a killed server is: in a folder, or in a PostgreSQL of its own.

use std::time::Duration;

use anyhow::Context;
use jotgate_testkit::postgres::{self, Cluster, Database, Durability};
use tempfile::TempDir;

use crate::nodes::Node;

/// Between two looks at whether the dead server's transactions have ended.
const PAUSE: Duration = Duration::from_millis(5);

#[derive(Debug)]
pub(crate) enum Place {
    Folder(TempDir),
    /// The database goes before its server.
    Server {
        database: Database,
        cluster: Cluster,
    },
}

impl Place {
    /// A new one: with `postgres` on a server that keeps what it commits.
    pub(crate) fn new(postgres: bool) -> anyhow::Result<Self> {
        if !postgres {
            return Ok(Self::Folder(tempfile::tempdir()?));
        }
        let cluster = Cluster::start(Durability::Durable).map_err(anyhow::Error::msg)?;
        Ok(Self::Server { database: Database::on(&cluster.url()), cluster })
    }

    /// As `store.url` names it.
    pub(crate) fn url(&self) -> String {
        match self {
            Self::Folder(folder) => format!("sqlite:{}", folder.path().join("jotgate.db").display()),
            Self::Server { database, .. } => database.url(),
        }
    }

    /// The server of PostgreSQL, where it is there.
    pub(crate) fn cluster(&self) -> Option<&Cluster> {
        match self {
            Self::Folder(_) => None,
            Self::Server { cluster, .. } => Some(cluster),
        }
    }

    /// Starts a server on it, when nothing of an earlier one is under way any more.
    pub(super) fn start(&self) -> anyhow::Result<Node> {
        if let Self::Server { database, .. } = self {
            while others(database, "")? > 0 {
                std::thread::sleep(PAUSE);
            }
        }
        Node::start(&self.url(), 0)
    }

    /// Waits until nothing is under way any more that a client did not wait for. SQLite takes everything in its order, so that
    /// what is answered later was done later.
    pub(crate) fn settle(&self) -> anyhow::Result<()> {
        if let Self::Server { database, .. } = self {
            let mut calm = 0;
            while calm < 2 {
                calm = if others(database, "AND state <> 'idle'")? == 0 { calm + 1 } else { 0 };
            }
        }
        Ok(())
    }
}

/// Connections of a server to its database; those of a killed one PostgreSQL ends after what they are doing.
fn others(database: &Database, which: &str) -> anyhow::Result<u64> {
    let count = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() {which}"
    );
    let count = count.as_str();
    let rows = postgres::run(&database.url(), count).map_err(anyhow::Error::msg)?;
    let count = rows.into_iter().flatten().flatten().next().context("connections are not counted")?;
    Ok(count.parse()?)
}
