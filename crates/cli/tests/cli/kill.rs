//! The server is killed (SIGKILL) under load, again and again: what it has answered is true after the restart.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Method;
use tokio::sync::Notify;

use crate::probe::{Answer, Probe};
use crate::server::{CONFIG, Server};
use crate::support::Desk;

const ROUNDS: usize = 6;
const CLIENTS: usize = 8;

/// What a client has been told. A request without an answer may have happened or not: either is right.
#[derive(Debug, Default)]
struct Told {
    /// Access and newest refresh token of each session that nobody has asked to end.
    live: Vec<(String, String)>,
    /// The same of each session whose log-out was answered.
    ended: Vec<(String, String)>,
}

/// Counts answers, and tells when it is time to kill.
struct Countdown {
    left: AtomicU64,
    over: Notify,
}

impl Countdown {
    fn answered(&self) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.over.notify_one();
        }
    }
}

/// Logs in, refreshes and logs out until the server is gone.
async fn client(probe: Probe, email: String, countdown: Arc<Countdown>) -> Told {
    let mut told = Told::default();
    for turn in 0_u32.. {
        let Some(()) = session(&probe, &email, turn, &countdown, &mut told).await else { break };
    }
    told
}

/// One session with a few refreshes, and in two of three turns a log-out by either token.
async fn session(probe: &Probe, email: &str, turn: u32, countdown: &Countdown, told: &mut Told) -> Option<()> {
    let log_in = serde_json::json!({"email": email, "password": crate::probe::PASSWORD});
    let mut tokens = pair(&answer(probe, probe.request(Method::POST, "/v1/login").json(&log_in), countdown).await?);
    for _ in 0..=turn % 4 {
        told.live.push(tokens.clone());
        let refreshed = answer(probe, probe.refreshing(&tokens.1), countdown).await?;
        told.live.pop();
        tokens = pair(&refreshed);
    }
    let (access, refresh) = &tokens;
    let log_out = match turn % 3 {
        0 => {
            told.live.push(tokens);
            return Some(());
        }
        1 => probe.authorized(Method::POST, "/v1/logout", access),
        _ => probe.request(Method::POST, "/v1/logout").json(&serde_json::json!({"refresh_token": refresh})),
    };
    answer(probe, log_out, countdown).await?;
    told.ended.push(tokens);
    Some(())
}

/// The answer of a server that is alive, which under this load is never an error.
async fn answer(probe: &Probe, request: reqwest::RequestBuilder, countdown: &Countdown) -> Option<Answer> {
    let answer = probe.try_send(request).await?;
    assert!([200, 204].contains(&answer.status), "{answer:?}");
    countdown.answered();
    Some(answer)
}

fn pair(answer: &Answer) -> (String, String) {
    (answer.text("access_token"), answer.text("refresh_token"))
}

/// Loads the server with all clients, and kills it after a random number of answers.
async fn killed_round(server: Server, round: usize) -> Vec<Told> {
    let probe = Probe::new(&server.url);
    let left = 20 + RandomState::new().hash_one(round) % 300;
    let countdown = Arc::new(Countdown { left: AtomicU64::new(left), over: Notify::new() });
    let clients = (0..CLIENTS).map(|number| {
        tokio::spawn(client(probe.clone(), format!("client{number}@example.com"), Arc::clone(&countdown)))
    });
    let clients: Vec<_> = clients.collect();
    countdown.over.notified().await;
    server.kill();
    let mut told = Vec::new();
    for client in clients {
        told.push(client.await.unwrap());
    }
    told
}

/// Every answered log-out is one, and the newest answered refresh token of each chain works.
async fn check(server: &Server, told: &[Told]) -> (usize, usize) {
    let probe = Probe::new(&server.url);
    let (mut live, mut ended) = (0, 0);
    for told in told {
        for (access, refresh) in &told.live {
            probe.send(probe.refreshing(refresh)).await.ok(200);
            probe.me(access).await.ok(200);
            live += 1;
        }
        for (access, refresh) in &told.ended {
            assert_eq!(probe.send(probe.refreshing(refresh)).await.ok(401).body["code"], "session_ended");
            assert_eq!(probe.me(access).await.ok(401).body["code"], "session_ended");
            ended += 1;
        }
    }
    (live, ended)
}

fn check_integrity(desk: &Desk) {
    let database = rusqlite::Connection::open(desk.path("jotgate.db")).unwrap();
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let strays: i64 =
        database.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
    assert_eq!(strays, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_true_after_the_restart() {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    let mut server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    for number in 0..CLIENTS {
        probe.register(&format!("client{number}@example.com")).await;
    }
    let (mut live, mut ended) = (0, 0);
    for round in 0..ROUNDS {
        let told = killed_round(server, round).await;
        server = Server::start(&desk);
        let checked = check(&server, &told).await;
        check_integrity(&desk);
        (live, ended) = (live + checked.0, ended + checked.1);
    }
    assert!(live > ROUNDS && ended > ROUNDS, "the load was too small to show anything: {live} live, {ended} ended");
    assert_eq!(server.stop().0, 0);
}
