//! A PostgreSQL server.

use jotgate_server::Config;
use jotgate_server::config::Seconds;
use jotgate_testkit::postgres::{Cluster, Database, Durability, run};
use jotgate_testkit::skip;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use crate::proxy::Proxy;
use crate::site::{Answer, Site, send};

/// A database with this URL, which nobody waits for long.
pub(crate) fn stored_in(url: &str) -> impl FnOnce(&mut Config) + use<> {
    let url = url.to_owned();
    move |config| {
        config.store.url = url;
        (config.store.connect_timeout, config.store.statement_timeout) = (Seconds(1), Seconds(1));
        config.store.max_connections = 8;
        config.keys.master_key = Some("5a".repeat(32).as_str().into());
    }
}

/// Two people with their sessions.
struct People {
    ada: Answer,
    eve: Answer,
}

impl People {
    async fn join(site: &Site) -> Self {
        Self { ada: site.register("ada").await, eve: site.register("eve").await }
    }

    /// Whatever needs a change is refused, and so is the question whether the server can serve.
    async fn are_refused(&self, site: &Site) {
        let (adas, eves) = (self.ada.text("refresh_token"), self.eve.text("refresh_token"));
        let (refreshed, logged_out, made, ready) =
            tokio::join!(site.refresh(&adas), site.log_out(&eves), site.register("mallory"), site.ready());
        for answer in [refreshed, logged_out, made, ready] {
            answer.refused("store_unavailable");
        }
    }

    /// Nobody honest was logged out, and who asks for an end gets it.
    async fn are_served_again(&self, site: &Site) {
        let (adas, eves) = (self.ada.text("refresh_token"), self.eve.text("refresh_token"));
        assert_eq!(site.ready().await.status, 200);
        let refreshed = site.refresh(&adas).await;
        assert_eq!(refreshed.status, 200, "{refreshed:?}");
        assert_eq!(site.refresh(&refreshed.text("refresh_token")).await.status, 200);
        assert_eq!(site.log_out(&eves).await.status, 204);
        assert_eq!(site.refresh(&eves).await.text("code"), "session_ended");
        assert_eq!(site.register("mallory").await.status, 201, "the one that was refused was not made");
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_falls_silent_is_given_up_and_comes_back() {
    let Some(database) = Database::create("a_database_that_falls_silent_is_given_up_and_comes_back") else { return };
    let url = database.url();
    let (before, after) = url.rsplit_once(':').unwrap();
    let (port, name) = after.split_once('/').unwrap();
    let proxy = Proxy::start(port.parse().unwrap()).await;
    let configure = stored_in(&format!("{before}:{}/{name}", proxy.port));
    let site = Site::open(false, |config| {
        configure(config);
        // Enough for a connection that is silent and one that is not made, and not for one silent one after the other.
        config.http.request_timeout = Seconds(9);
    });
    let site = site.await;
    let people = People::join(&site).await;

    proxy.silence(true);
    people.are_refused(&site).await;
    site.publishes().await;
    site.get_me(&people.ada).await.refused("store_unavailable");
    proxy.silence(false);
    people.are_served_again(&site).await;
}

/// What a frozen database was asked last it does when it goes on, long after everybody has been told that it failed: nobody could ask
/// again within the retry window, and nobody is taken for a thief for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_after_an_outage_that_was_longer_than_the_window_is_no_theft() {
    let test = "a_retry_after_an_outage_that_was_longer_than_the_window_is_no_theft";
    let cluster = match Cluster::start(Durability::Fast) {
        Ok(cluster) => cluster,
        Err(reason) => return skip::aloud(test, &reason),
    };
    let database = Database::on(&cluster.url());
    let configure = stored_in(&database.url());
    let site = Site::open(false, |config| {
        configure(config);
        // The one connection has been used for a refresh, so that the next needs nothing but the statement.
        (config.store.max_connections, config.sessions.retry_window) = (1, Seconds(30));
    });
    let site = site.await;
    let first = site.register("ada").await.text("refresh_token");
    let token = site.refresh(&first).await.text("refresh_token");
    cluster.freeze();
    site.refresh(&token).await.refused("store_unavailable");
    site.pass(600);
    cluster.thaw();
    let done = [[Some("2".to_owned())]];
    while database.run("SELECT generation FROM sessions").unwrap() != done {}

    let retried = site.refresh(&token).await;
    assert_eq!(retried.status, 200, "{retried:?}");
    site.pass(20);
    assert_eq!(
        site.refresh(&token).await.text("refresh_token"),
        retried.text("refresh_token"),
        "the window is open again"
    );
    site.pass(20);
    assert_eq!(site.refresh(&token).await.text("code"), "refresh_token_reused", "and closes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_no_changes_is_tried_until_it_does() {
    let Some(database) = Database::create("a_database_that_takes_no_changes_is_tried_until_it_does") else { return };
    let url = database.url();
    let site = Site::open(false, stored_in(&url)).await;
    let people = People::join(&site).await;
    let name = url.rsplit_once('/').map(|(_, name)| name.split('?').next().unwrap().to_owned()).unwrap();
    let server = format!("{}/postgres", url.rsplit_once('/').unwrap().0);
    run(&server, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).unwrap();
    // The setting is for connections that are made from now on.
    run(&server, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).unwrap();
    people.are_refused(&site).await;
    site.publishes().await;
    run(&server, &format!("ALTER DATABASE {name} RESET default_transaction_read_only")).unwrap();
    people.are_served_again(&site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_held_up_is_given_up_and_comes_back() {
    let Some(database) = Database::create("a_database_that_is_held_up_is_given_up_and_comes_back") else { return };
    let site = Site::open(false, stored_in(&database.url())).await;
    let people = People::join(&site).await;
    let other = connect(&database.url()).await;
    other.batch_execute("BEGIN; LOCK TABLE sessions, users, meta IN SHARE MODE").await.unwrap();
    let access_token = people.ada.text("access_token");
    tokio::join!(people.are_refused(&site), site.still_verifies(&access_token));
    other.batch_execute("COMMIT").await.unwrap();
    people.are_served_again(&site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_gets_no_connection_in_time_is_refused() {
    let Some(database) = Database::create("what_gets_no_connection_in_time_is_refused") else { return };
    let configure = stored_in(&database.url());
    let site = Site::open(false, |config| {
        configure(config);
        (config.store.max_connections, config.store.statement_timeout) = (2, Seconds(30));
    });
    let site = site.await;
    let mut tokens = Vec::new();
    for number in 0..6 {
        tokens.push(site.register(&format!("user{number}")).await.text("refresh_token"));
    }
    let other = connect(&database.url()).await;
    other.batch_execute("BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let mut waiting = JoinSet::new();
    for token in &tokens {
        let request = site.post("/v1/logout", &json!({"refresh_token": token}));
        waiting.spawn(send(request));
    }
    for _ in 0..4 {
        waiting.join_next().await.unwrap().unwrap().refused("overloaded");
    }
    site.publishes().await;
    other.batch_execute("COMMIT").await.unwrap();
    let answers = waiting.join_all().await;
    assert!(answers.len() == 2 && answers.iter().all(|answer| answer.status == 204), "{answers:?}");
    for token in &tokens {
        assert_eq!(site.log_out(token).await.status, 204);
    }
    assert_eq!(site.ready().await.status, 200);
}
