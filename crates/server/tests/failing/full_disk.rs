//! A PostgreSQL server whose disk is really full: a file system in memory that ends soon. The test runs itself again where
//! that is mounted, which only the super-user can have, since PostgreSQL runs as another user there. A supervisor of its own
//! starts PostgreSQL again when it is gone, as in production; the test itself only fills the disk and makes room.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jotgate_testkit::postgres::{Cluster, Database, Durability, programs, run};
use jotgate_testkit::skip;
use jotgate_testkit::small_disk::{Size, SmallDisk};
use reqwest::RequestBuilder;
use serde_json::json;
use tokio::task::JoinSet;

use crate::postgres::stored_in;
use crate::site::{Site, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room() {
    let test = "a_database_on_a_full_disk_loses_nothing_and_goes_on_when_there_is_room";
    if let Some(small) = SmallDisk::here() {
        return fill_and_make_room(&small).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let Some(mut again) = SmallDisk::around(&program, folder.path(), Size::ForPostgres) else {
        return skip::aloud(test, "`unshare` cannot mount a small disk here");
    };
    if programs().is_none() {
        return skip::aloud(test, "PostgreSQL is not installed (the package `postgresql` brings it)");
    }
    // The cluster is made where what is temporary is.
    again.args([&format!("full_disk::{test}"), "--exact", "--nocapture"]).env("TMPDIR", folder.path());
    let ran = again.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    let became = said.lines().find_map(|line| line.split_once(LOG_WAS_FULL)).expect("what became of PostgreSQL").1;
    say(became);
}

async fn fill_and_make_room(small: &SmallDisk) {
    let cluster = Arc::new(Cluster::start(Durability::Durable).unwrap());
    let supervisor = Supervisor::of(&cluster);
    let database = Database::on(&cluster.url());
    let site = Site::open(false, stored_in(&database.url())).await;
    let mut people = Vec::new();
    for number in 0..8 {
        people.push(Person::join(&site, &format!("person{number}")).await);
    }

    no_room_for_tables(small, &site, &database).await;
    for person in &mut people {
        person.refreshes(&site).await;
    }
    assert_eq!(supervisor.starts(), 0, "the server of the database lived on");
    no_room_for_the_log(small, &site, (&cluster, &supervisor), &mut people).await;

    for person in &mut people {
        person.refreshes_in_the_end(&site).await;
    }
    assert_eq!(send(log_in(&site, "person0")).await.status, 200);
    is_ready_again(&site).await;
    for person in &mut people {
        person.is_served_again(&site).await;
    }
    assert_eq!(send(log_in(&site, "too-late")).await.status, 401, "the one that was refused was not made");
    assert_eq!(site.register("too-late").await.status, 201);
    match supervisor.starts() {
        0 => say("lived on and recovered by itself"),
        starts => say(&format!("stopped, and was back after {starts} starts by its supervisor")),
    }
}

/// How the line begins that says what became of PostgreSQL: it may stop, or only lose what is under way.
const LOG_WAS_FULL: &str = "without room for its log PostgreSQL ";

#[expect(clippy::print_stdout, reason = "the test says which of the two happened")]
fn say(became: &str) {
    println!("{LOG_WAS_FULL}{became}");
}

/// Starts a server again whenever it is gone, without knowing why, as long as it is somebody's: what a service manager does.
struct Supervisor(Arc<AtomicU32>);

impl Supervisor {
    fn of(cluster: &Arc<Cluster>) -> Self {
        let starts = Arc::new(AtomicU32::new(0));
        let (cluster, counted) = (Arc::downgrade(cluster), Arc::clone(&starts));
        std::thread::spawn(move || {
            while let Some(gone) = cluster.upgrade().map(|cluster| cluster.revive()) {
                counted.fetch_add(u32::from(gone), Ordering::SeqCst);
            }
        });
        Self(starts)
    }

    /// How often it has started the server.
    fn starts(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

/// What needs a new page of a table is refused and leaves nothing, while the server of the database lives on.
async fn no_room_for_tables(small: &SmallDisk, site: &Site, database: &Database) {
    // What is written below finds room in a segment of the log that is new and there already.
    database.run("SELECT pg_switch_wal(); CREATE TABLE segment (); DROP TABLE segment").unwrap();
    small.fill().unwrap();
    let (mut made, mut refused) = (0, Vec::new());
    while refused.len() < 3 {
        let name = format!("crowd{}", made + refused.len());
        let answer = site.register(&name).await;
        if answer.status == 201 {
            made += 1;
            assert!(made < 2000, "the disk is not full");
        } else {
            answer.refused("store_unavailable");
            refused.push(name);
        }
    }
    site.ready().await.refused("store_unavailable");
    site.publishes().await;
    small.make_room().unwrap();
    for name in refused {
        assert_eq!(send(log_in(site, &name)).await.status, 401, "{name} was refused, and is there");
        assert_eq!(site.register(&name).await.status, 201, "{name}");
    }
}

/// PostgreSQL gives up where its log finds no room, in the midst of what everybody does. Nobody does more about it than make
/// room.
async fn no_room_for_the_log(
    small: &SmallDisk,
    site: &Site,
    (cluster, supervisor): (&Cluster, &Supervisor),
    people: &mut Vec<Person>,
) {
    small.fill().unwrap();
    let mut busy = JoinSet::new();
    for person in people.drain(..) {
        busy.spawn(person.refreshes_until_refused(site.refreshing()));
    }
    // The segment that is there is left, and another has no room: who asks for it may be told so as well.
    let _ = run(&cluster.url(), "SELECT pg_switch_wal()");
    people.extend(busy.join_all().await);
    let leaving = &people[0];
    for answer in [site.log_out(&leaving.newest).await, site.register("too-late").await, site.ready().await] {
        answer.refused("store_unavailable");
    }
    site.publishes().await;
    // Unless it lives on, it is started in vain before there is room, and then again.
    while supervisor.starts() < 2 && run(&cluster.url(), "SELECT 1").is_err() {}
    small.make_room().unwrap();
}

/// That a change found no room is held against the store for five seconds, and each question lets two of them pass.
async fn is_ready_again(site: &Site) {
    let mut answers = Vec::new();
    while answers.last() != Some(&200) {
        assert!(answers.len() < 4, "{answers:?}");
        answers.push(site.ready().await.status);
    }
}

fn log_in(site: &Site, name: &str) -> RequestBuilder {
    let body = json!({"email": format!("{name}@example.com"), "password": "a long enough pass phrase"});
    site.post("/v1/login", &body)
}

/// Somebody with two sessions: one goes on, and one has ended.
struct Person {
    newest: String,
    ended: String,
}

impl Person {
    async fn join(site: &Site, name: &str) -> Self {
        let newest = site.register(name).await.text("refresh_token");
        let ended = send(log_in(site, name)).await.text("refresh_token");
        assert_eq!(site.log_out(&ended).await.status, 204);
        Self { newest, ended }
    }

    async fn refreshes(&mut self, site: &Site) {
        let answer = site.refresh(&self.newest).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.newest = answer.text("refresh_token");
    }

    /// Tries until the database is back.
    async fn refreshes_in_the_end(&mut self, site: &Site) {
        let mut answer = site.refresh(&self.newest).await;
        while answer.status != 200 {
            answer.refused("store_unavailable");
            answer = site.refresh(&self.newest).await;
        }
        self.newest = answer.text("refresh_token");
    }

    async fn refreshes_until_refused(mut self, refresh: impl Fn(&str) -> RequestBuilder) -> Self {
        loop {
            let answer = send(refresh(&self.newest)).await;
            if answer.status != 200 {
                answer.refused("store_unavailable");
                return self;
            }
            self.newest = answer.text("refresh_token");
        }
    }

    /// The newest token that was acknowledged is one of the session, and what has ended has.
    async fn is_served_again(&mut self, site: &Site) {
        self.refreshes(site).await;
        self.refreshes(site).await;
        assert_eq!(site.refresh(&self.ended).await.text("code"), "session_ended");
        assert_eq!(site.log_out(&self.newest).await.status, 204);
        assert_eq!(site.refresh(&self.newest).await.text("code"), "session_ended");
    }
}
