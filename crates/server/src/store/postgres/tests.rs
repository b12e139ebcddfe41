use jotgate_testkit::postgres::Database;
use tokio::runtime::Handle;

use super::{Address, Limits};
use crate::config::StoreConfig;
use crate::store::conformance::{House, statements};
use crate::store::{Store, StoreUrl};

mod batches;
mod clean_up;
mod lost;
mod proxy;
mod queue;
mod tables;
mod timelines;
mod tls;
mod trips;

/// A database of its own on a server.
struct OnServer {
    database: Database,
    runtime: Handle,
}

impl OnServer {
    fn address(&self) -> Address {
        self.database.url().parse().unwrap()
    }
}

pub(super) fn limits() -> Limits {
    Limits { max_connections: 8, ..StoreConfig::default().limits() }
}

impl House for OnServer {
    fn build(test: &str) -> Option<Self> {
        let database = Database::create(&format!("postgres {test}"))?;
        Some(Self { database, runtime: Handle::current() })
    }

    fn open(&self) -> Store {
        let url = StoreUrl::Postgres(Box::new(self.address()));
        tokio::task::block_in_place(|| self.runtime.block_on(Store::open(&url, limits()))).unwrap()
    }
}

/// The suite that every engine passes.
mod suite {
    use super::OnServer;

    crate::store::conformance::conformance!(OnServer);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_can_be_prepared() {
    let Some(house) = OnServer::build("every_statement_can_be_prepared") else { return };
    let _store = house.open();
    let (client, connection) = tokio_postgres::connect(&house.database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for (name, statement) in statements() {
        let prepared = client.prepare(statement.postgres()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

/// Copying from one to another.
mod copies {
    use super::OnServer;
    use crate::store::sqlite::tests::OnDisk;

    crate::store::copy::tests::copies!(within_postgres, OnServer, OnServer);
    crate::store::copy::tests::copies!(to_postgres, OnDisk, OnServer);
    crate::store::copy::tests::copies!(from_postgres, OnServer, OnDisk);
}
