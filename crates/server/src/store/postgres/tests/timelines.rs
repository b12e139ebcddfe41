//! The numbering of the feed, where the data may be those of an earlier moment.

use std::time::Duration;

use jotgate_testkit::postgres::{Cluster, Durability};
use jotgate_testkit::skip;
use tokio_postgres::error::SqlState;

use super::{Store, StoreUrl, limits};
use crate::store::conformance::fixture::{end, feed, session_id, with_sessions};
use crate::store::sessions::Which;

async fn open(cluster: &Cluster) -> Store {
    let url: StoreUrl = cluster.url().parse().unwrap();
    Store::open(&url, limits()).await.unwrap()
}

/// Waits for an end to have come to a server that only reads, where at first not even the tables need be.
async fn has_an_end(standby: &Cluster) {
    let (client, connection) = tokio_postgres::connect(&standby.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    loop {
        match client.query_one("SELECT number FROM meta WHERE name = 'revocations'", &[]).await {
            Ok(row) if row.get::<_, i64>(0) > 0 => return,
            Err(error) if error.code() != Some(&SqlState::UNDEFINED_TABLE) => panic!("{error:?}"),
            _ => tokio::task::yield_now().await,
        }
    }
}

/// One that follows asynchronously may lack the last ends, and gives their numbers away a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_standby_begins_another_numbering_and_a_restart_does_not() {
    let test = "a_promoted_standby_begins_another_numbering_and_a_restart_does_not";
    let primary = match Cluster::start(Durability::Durable) {
        Ok(cluster) => cluster,
        Err(reason) => return skip::aloud(test, &reason),
    };
    let standby = Cluster::standby(primary.port()).unwrap();
    let store = open(&primary).await;
    let user = with_sessions(&store, [1, 2]).await;
    store.write(end(&user, Which::One(session_id(1)))).await.unwrap();
    let first = feed(&store).await;
    primary.stop();
    primary.start_again();
    assert_eq!(feed(&store).await, first, "a restart changes nothing");
    let following = tokio::time::timeout(Duration::from_mins(1), has_an_end(&standby)).await;
    assert!(following.is_ok(), "the standby follows");
    drop(store);
    primary.crash();
    standby.promote();
    let store = open(&standby).await;
    store.write(end(&user, Which::One(session_id(2)))).await.unwrap();
    let then = feed(&store).await;
    assert_eq!((then.head, then.entries[0].clone()), (2, first.entries[0].clone()));
    assert!(then.epoch > first.epoch, "{} and then {}", first.epoch, then.epoch);
}
