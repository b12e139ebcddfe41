//! Several servers on one database.

use std::collections::HashSet;
use std::sync::Arc;

use jotgate_server::config::Seconds;
use jotgate_testkit::postgres::{Cluster, Database, Durability};
use jotgate_testkit::skip;
use serde_json::json;
use tokio::task::JoinSet;

use crate::postgres::stored_in;
use crate::site::{Site, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_token_used_at_once_everywhere_has_one_successor() {
    let Some(database) = Database::create("one_token_used_at_once_everywhere_has_one_successor") else { return };
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let configure = stored_in(&database.url());
        let node = Site::open(false, |config| {
            configure(config);
            (config.store.connect_timeout, config.store.statement_timeout) = (Seconds(20), Seconds(20));
        });
        nodes.push(node.await);
    }
    let token = nodes[0].register("ada").await.text("refresh_token");
    let mut uses = JoinSet::new();
    for node in nodes.iter().cycle().take(200) {
        uses.spawn(send(node.post("/v1/refresh", &json!({"refresh_token": token}))));
    }
    let answers = uses.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 200), "nobody was logged out: {answers:?}");
    let successors: HashSet<_> = answers.iter().map(|answer| answer.text("refresh_token")).collect();
    assert_eq!((answers.len(), successors.len()), (200, 1));
    let generation = database.run("SELECT generation FROM sessions WHERE ended_at IS NULL").unwrap();
    assert_eq!(generation, [[Some("1".to_owned())]]);
    let successor = successors.iter().next().unwrap();
    assert_eq!(nodes[2].refresh(successor).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_restarted_tells_of_changes_again() {
    let cluster = match Cluster::start(Durability::Fast) {
        Ok(cluster) => Arc::new(cluster),
        Err(reason) => return skip::aloud("a_database_that_was_restarted_tells_of_changes_again", &reason),
    };
    let (one, other) =
        (Site::open(false, stored_in(&cluster.url())).await, Site::open(false, stored_in(&cluster.url())).await);
    let ada = one.register("ada").await;
    let token = ada.text("refresh_token");
    assert_eq!(other.get_me(&ada).await.status, 200);
    cluster.stop();
    for site in [&one, &other] {
        site.refresh(&token).await.refused("store_unavailable");
        site.log_out(&token).await.refused("store_unavailable");
        site.register("eve").await.refused("store_unavailable");
        site.ready().await.refused("store_unavailable");
        site.get_me(&ada).await.refused("store_unavailable");
        site.publishes().await;
    }
    cluster.start_again();
    for site in [&one, &other] {
        assert_eq!(site.ready().await.status, 200);
    }
    let refreshed = one.refresh(&token).await;
    assert_eq!(refreshed.status, 200, "nobody honest was logged out: {refreshed:?}");
    assert_eq!(one.log_out(&refreshed.text("refresh_token")).await.status, 204);
    // It looks once a second at the latest; a server that no longer watches would answer 200 for as long as the token lives.
    while other.get_me(&ada).await.status == 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(other.get_me(&ada).await.text("code"), "session_ended");
}
