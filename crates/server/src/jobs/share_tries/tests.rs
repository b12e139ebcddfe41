//! Guessers and owners at several servers on one store, of either kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jotgate_testkit::postgres::Database;
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::email::Email;
use crate::domain::password::Password;
use crate::domain::time::Timestamp;
use crate::flows::{self, Device, Failure, LogIn, Origin, Register};
use crate::random::SystemRandom;

const PASSWORD: &str = "a long enough pass phrase";
const HOME: &str = "192.0.2.1";

#[derive(Debug)]
struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

struct House {
    folder: TempDir,
    clock: Arc<ManualClock>,
    database: Option<Database>,
}

impl House {
    fn new(database: Option<Database>) -> Self {
        let clock = Arc::new(ManualClock(AtomicI64::new(1_800_000_000)));
        Self { folder: tempfile::tempdir().unwrap(), clock, database }
    }

    async fn server(&self) -> Server {
        let mut config = Config::new("https://auth.example.com").unwrap();
        self.folder.path().clone_into(&mut config.base_dir);
        (config.passwords.memory_kib, config.passwords.iterations) = (8 * 1024, 1);
        config.keys.master_key = Some("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff".into());
        if let Some(database) = &self.database {
            config.store.url = database.url();
        }
        let app = App::open_with(config, self.clock.clone(), Arc::new(SystemRandom)).await.unwrap();
        Server { app, seen: 0 }
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

struct Server {
    app: App,
    seen: u64,
}

impl Server {
    async fn register_ada(&self) {
        let ada = Register { email: ada(), password: Password::parse(PASSWORD).unwrap(), name: None };
        flows::register(&self.app, ada, from(HOME)).await.unwrap();
    }

    async fn share(&mut self) {
        self.app.share_tries(&mut self.seen).await.unwrap();
    }

    async fn log_in(&self, address: &str) -> String {
        log_in(&self.app, ada(), PASSWORD, address).await
    }

    async fn guess(&self, address: &str) -> String {
        log_in(&self.app, ada(), "a wrong pass phrase", address).await
    }
}

/// The outcome in a word.
async fn log_in(app: &App, email: Email, password: &str, address: &str) -> String {
    let login = LogIn { email: Some(email), password: Password::parse(password).ok() };
    match flows::login(app, login, from(address)).await {
        Ok(_) => "in".to_owned(),
        Err(Failure::InvalidCredentials) => "wrong".to_owned(),
        Err(Failure::TooManyAttempts(seconds)) => format!("wait {seconds}"),
        Err(other) => other.to_string(),
    }
}

fn ada() -> Email {
    Email::parse("ada@example.com").unwrap()
}

fn from(address: &str) -> Device {
    Device { origin: Origin { address: Some(address.to_owned()), ..Origin::default() }, ..Device::default() }
}

/// A network of its own for each number.
fn network(number: u32) -> String {
    format!("2001:db8:0:{number:x}::1")
}

/// Runs a case on both kinds of store.
macro_rules! cases {
    ($($case:ident)*) => { $(mod $case {
        #[tokio::test]
        async fn on_sqlite() {
            super::$case(super::House::new(None)).await;
        }

        #[tokio::test]
        async fn on_postgres() {
            let test = concat!("share_tries_", stringify!($case));
            if let Some(database) = super::Database::create(test) {
                super::$case(super::House::new(Some(database))).await;
            }
        }
    })* };
}

cases! {
    a_guesser_who_changes_servers_is_known_there
    an_attack_from_everywhere_leaves_the_owner_in
    an_attack_outlives_a_restart_and_is_forgotten_in_the_end
}

async fn a_guesser_who_changes_servers_is_known_there(house: House) {
    let (mut one, mut other) = (house.server().await, house.server().await);
    one.register_ada().await;
    for _ in 0..3 {
        assert_eq!(one.guess("192.0.2.66").await, "wrong");
    }
    one.share().await;
    other.share().await;
    for _ in 0..2 {
        assert_eq!(other.guess("192.0.2.66").await, "wrong");
    }
    assert_eq!(other.guess("192.0.2.66").await, "wait 1");
    // What the other has counted on top comes back to the first.
    other.share().await;
    one.share().await;
    assert_eq!(one.guess("192.0.2.66").await, "wait 1");
    assert_eq!(one.log_in("192.0.2.66").await, "wait 1");
    assert_eq!(one.log_in("192.0.2.67").await, "in");
    // A right password there clears it here.
    house.pass(1);
    assert_eq!(one.log_in("192.0.2.66").await, "in");
    one.share().await;
    other.share().await;
    for _ in 0..5 {
        assert_eq!(other.guess("192.0.2.66").await, "wrong");
    }
    assert_eq!(other.guess("192.0.2.66").await, "wait 1");
}

async fn an_attack_from_everywhere_leaves_the_owner_in(house: House) {
    let (mut one, mut other) = (house.server().await, house.server().await);
    one.register_ada().await;
    let nobody = || Email::parse("nobody@example.com").unwrap();
    // Three from each network, so that their counters are worth sharing.
    for number in 0..7 {
        for _ in 0..3 {
            let expected = if number < 6 { "wrong" } else { "wait 1" };
            let outcome = one.guess(&network(number)).await;
            assert!(outcome == expected || (number == 6 && outcome == "wrong"), "{number} {outcome}");
            assert_eq!(log_in(&one.app, nobody(), PASSWORD, &network(number)).await, outcome, "as if there were one");
        }
    }
    one.share().await;
    other.share().await;
    for server in [&one, &other] {
        assert_eq!(server.guess(&network(99)).await, "wait 1");
        assert_eq!(log_in(&server.app, nobody(), PASSWORD, HOME).await, "wait 1");
        // From a network in which the owner never was, the right password waits as well.
        assert_eq!(server.log_in(&network(99)).await, "wait 1");
        assert_eq!(server.log_in(HOME).await, "in");
        assert_eq!(server.log_in(&format!("::ffff:{HOME}")).await, "in");
    }
    // Patience is no help to the attacker: the owner comes home while the waits grow.
    for _ in 0..8 {
        let wait = one.guess(&network(99)).await;
        house.pass(wait.strip_prefix("wait ").map_or(0, |seconds| seconds.parse().unwrap()));
        assert_eq!(one.log_in(HOME).await, "in");
    }
}

async fn an_attack_outlives_a_restart_and_is_forgotten_in_the_end(house: House) {
    let mut one = house.server().await;
    one.register_ada().await;
    for _ in 0..5 {
        assert_eq!(one.guess("192.0.2.66").await, "wrong");
    }
    one.share().await;
    one.app.close().await;
    drop(one);
    let mut again = house.server().await;
    again.share().await;
    assert_eq!(again.log_in("192.0.2.66").await, "wait 1");
    // Three counters: the account here, the account anywhere, and the network.
    assert_eq!(again.app.inner.store.read(CountTries).await, Ok(3));
    clean_up(&again.app, Duration::ZERO).await.unwrap();
    assert_eq!(again.app.inner.store.read(CountTries).await, Ok(3));
    house.pass(5 * 3600);
    clean_up(&again.app, Duration::ZERO).await.unwrap();
    assert_eq!(again.app.inner.store.read(CountTries).await, Ok(0));
    assert_eq!(again.log_in("192.0.2.66").await, "in");
}

/// Fifty wrong passwords and the right one at once: no more are looked at than are free, and than are free anew after the right one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_at_once_few_are_looked_at() {
    let house = House::new(None);
    let server = house.server().await;
    server.register_ada().await;
    let mut tries = JoinSet::new();
    for number in 0..51 {
        let (app, password) = (server.app.clone(), if number == 25 { PASSWORD } else { "a wrong pass phrase" });
        tries.spawn(async move { log_in(&app, ada(), password, "192.0.2.66").await });
    }
    let outcomes = tries.join_all().await;
    let looked_at = outcomes.iter().filter(|outcome| ["in", "wrong"].contains(&outcome.as_str())).count();
    let refused = outcomes.iter().filter(|outcome| outcome.starts_with("wait ")).count();
    assert_eq!(looked_at + refused, 51, "{outcomes:?}");
    assert!((5..=10).contains(&looked_at), "{outcomes:?}");
    assert_eq!(server.log_in(HOME).await, "in");
}
