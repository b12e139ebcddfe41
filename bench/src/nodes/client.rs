//! An honest client of several nodes: it refreshes, logs in and out, and when a node fails it, asks the next one the same.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::chance::Chance;
use crate::http::{Answer, Connection};
use crate::kill::ledger::{End, Told};
use crate::measure::now;

/// Sessions that it has at once.
const SESSIONS: usize = 4;
/// How long a client waits for an answer before it asks the next node.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long it goes on asking.
const PERSISTENCE: Duration = Duration::from_mins(1);
/// Between two things that it does.
const PAUSE: Duration = Duration::from_millis(10);
/// How long an ended session may go on at a node.
const GRACE: Duration = Duration::from_secs(3);

/// What all clients hear.
#[derive(Debug, Default)]
pub(super) struct Ears {
    answers: AtomicU64,
    log_outs: Mutex<Vec<String>>,
    failures: Mutex<Vec<Failed>>,
}

/// A node that did not answer, or with an error of its own.
#[derive(Debug, Clone)]
pub(super) struct Failed {
    pub(super) node: SocketAddr,
    /// From the request to when there was no hope for an answer.
    pub(super) sent: Instant,
    pub(super) given_up: Instant,
    pub(super) what: String,
}

impl Ears {
    pub(super) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// What honest clients were told instead of a token, one for each log-out.
    pub(super) fn log_outs(&self) -> Vec<String> {
        self.log_outs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn failures(&self) -> Vec<Failed> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn failed(&self, node: SocketAddr, sent: Instant, what: String) {
        let failed = Failed { node, sent, given_up: now(), what };
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).push(failed);
    }
}

/// What a client is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    GoOn,
    /// Stop when nothing is unsure any more.
    Finish,
    /// Stop as soon as nobody answers.
    GiveUp,
}

#[derive(Debug)]
pub(super) struct Client {
    number: u64,
    nodes: Vec<SocketAddr>,
    connections: Vec<Option<Connection>>,
    sessions: Vec<Session>,
    chance: Chance,
    ears: Arc<Ears>,
}

#[derive(Debug)]
struct Session {
    told: Told,
    refresh_token: String,
    access_token: String,
}

impl Client {
    /// So many clients, registered at any node.
    pub(super) async fn crowd(
        count: u64,
        seed: u64,
        nodes: &[SocketAddr],
        ears: &Arc<Ears>,
    ) -> anyhow::Result<Vec<Self>> {
        let mut chance = Chance::new(seed);
        let mut crowd = Vec::new();
        for number in 0..count {
            let mut client = Self {
                number,
                nodes: nodes.to_vec(),
                connections: nodes.iter().map(|_| None).collect(),
                sessions: Vec::new(),
                chance: chance.split(),
                ears: Arc::clone(ears),
            };
            let orders = watch::Sender::new(Order::GoOn);
            let answer = client.ask(&orders.subscribe(), "/v1/register", &client.credentials()).await;
            let answer = answer.context("no node answers")?;
            ensure!(answer.status == 201, "nobody can register: {answer:?}");
            client.sessions.push(Session::opened(&answer));
            crowd.push(client);
        }
        Ok(crowd)
    }

    /// What it was told.
    pub(super) fn told(&self) -> impl Iterator<Item = &Told> {
        self.sessions.iter().map(|session| &session.told)
    }

    pub(super) async fn go_on(mut self, orders: watch::Receiver<Order>) -> anyhow::Result<Self> {
        while *orders.borrow() == Order::GoOn {
            if self.act(&orders).await?.is_none() {
                break;
            }
            sleep(PAUSE).await;
        }
        Ok(self)
    }

    /// Does one thing, to its end. Nothing when nobody answers and it was told to give up.
    async fn act(&mut self, orders: &watch::Receiver<Order>) -> anyhow::Result<Option<()>> {
        let live: Vec<usize> = (0..self.sessions.len()).filter(|at| self.sessions[*at].told.end == End::No).collect();
        let chosen = live.get(usize::try_from(self.chance.below(live.len().max(1) as u64))?).copied();
        Ok(match (chosen, self.chance.below(20)) {
            (None, _) => self.log_in(orders).await?,
            (Some(_), 0..=1) if live.len() < SESSIONS => self.log_in(orders).await?,
            (Some(at), 2..=3) => self.log_out(orders, at).await?,
            (Some(at), _) => self.refresh(orders, at).await?,
        })
    }

    async fn log_in(&mut self, orders: &watch::Receiver<Order>) -> anyhow::Result<Option<()>> {
        let Some(answer) = self.ask(orders, "/v1/login", &self.credentials()).await else { return Ok(None) };
        ensure!(answer.status == 200, "an honest log-in was answered with {answer:?}");
        self.sessions.push(Session::opened(&answer));
        Ok(Some(()))
    }

    async fn refresh(&mut self, orders: &watch::Receiver<Order>, at: usize) -> anyhow::Result<Option<()>> {
        self.sessions[at].told.refresh_unsure = true;
        let body = json!({"refresh_token": self.sessions[at].refresh_token});
        let Some(answer) = self.ask(orders, "/v1/refresh", &body).await else { return Ok(None) };
        let session = &mut self.sessions[at];
        session.told.refresh_unsure = false;
        if answer.status == 200 {
            session.told.generation += 1;
            session.take(&answer);
        } else {
            let told = format!("session {}: {} {}", session.told.id, answer.status, answer.text("code"));
            self.ears.log_outs.lock().unwrap_or_else(PoisonError::into_inner).push(told);
            // It goes on without that session, whatever became of it.
            session.told.end = End::Unsure;
        }
        Ok(Some(()))
    }

    async fn log_out(&mut self, orders: &watch::Receiver<Order>, at: usize) -> anyhow::Result<Option<()>> {
        self.sessions[at].told.end = End::Unsure;
        let body = json!({"refresh_token": self.sessions[at].refresh_token});
        let Some(answer) = self.ask(orders, "/v1/logout", &body).await else { return Ok(None) };
        ensure!(answer.status == 204, "an honest log-out was answered with {answer:?}");
        self.sessions[at].told.end = End::Yes;
        Ok(Some(()))
    }

    fn credentials(&self) -> Value {
        json!({"email": format!("client-{}@example.com", self.number), "password": "the one long pass phrase"})
    }

    /// Asks one node after the other until one answers.
    async fn ask(&mut self, orders: &watch::Receiver<Order>, path: &str, body: &Value) -> Option<Answer> {
        let begun = now();
        let mut at = usize::try_from(self.chance.below(self.nodes.len() as u64)).unwrap_or_default();
        while begun.elapsed() < PERSISTENCE {
            let sent = now();
            let said = match timeout(PATIENCE, self.ask_node(at, path, body)).await {
                Ok(Ok(answer)) if answer.status < 500 => {
                    self.ears.answers.fetch_add(1, Ordering::Relaxed);
                    return Some(answer);
                }
                Ok(Ok(answer)) => format!("{path}: {} {}", answer.status, answer.text("code")),
                Ok(Err(error)) => format!("{path}: {error}"),
                Err(_) => format!("{path}: no answer in time"),
            };
            self.ears.failed(self.nodes[at], sent, said);
            self.connections[at] = None;
            if *orders.borrow() == Order::GiveUp {
                return None;
            }
            at = (at + 1) % self.nodes.len();
            sleep(PAUSE).await;
        }
        None
    }

    /// Asks one node. A kept connection that the node has closed meanwhile, as it may one that was idle, is no failure of the
    /// node: a new one is tried.
    async fn ask_node(&mut self, at: usize, path: &str, body: &Value) -> anyhow::Result<Answer> {
        // Taken out while it is in use: a connection whose answer nobody waited for is of no use to the next request.
        if let Some(mut kept) = self.connections[at].take()
            && let Ok(answer) = kept.post(path, body).await
        {
            self.connections[at] = Some(kept);
            return Ok(answer);
        }
        let mut connection = Connection::open(self.nodes[at]).await?;
        let answer = connection.post(path, body).await?;
        self.connections[at] = Some(connection);
        Ok(answer)
    }
}

impl Session {
    fn opened(answer: &Answer) -> Self {
        let id = answer.text("session_id").to_owned();
        let told = Told { id, generation: 0, refresh_unsure: false, end: End::No };
        let mut session = Self { told, refresh_token: String::new(), access_token: String::new() };
        session.take(answer);
        session
    }

    fn take(&mut self, answer: &Answer) {
        answer.text("refresh_token").clone_into(&mut self.refresh_token);
        answer.text("access_token").clone_into(&mut self.access_token);
    }
}

/// How many ended sessions a node goes on accepting for longer than it may.
pub(super) async fn still_accepted(clients: &[Client], nodes: &[SocketAddr]) -> anyhow::Result<usize> {
    let ended = |session: &&Session| session.told.end == End::Yes;
    let tokens: Vec<_> = clients.iter().flat_map(|client| client.sessions.iter().filter(ended)).collect();
    let (begun, mut accepted) = (now(), 0);
    for node in nodes {
        let mut connection = Connection::open(*node).await?;
        for session in &tokens {
            while connection.get_with("/v1/me", &session.access_token).await? != 401 {
                if begun.elapsed() > GRACE {
                    accepted += 1;
                    break;
                }
                sleep(PAUSE).await;
            }
        }
    }
    Ok(accepted)
}
