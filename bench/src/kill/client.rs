//! A client with an account of its own: logs in, refreshes, logs out and changes its password, one request after the other,
//! and writes down what it is told.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::ensure;
use serde_json::{Value, json};

use super::ledger::{End, Stored, Told, key};
use crate::chance::Chance;
use crate::http::{Answer, Connection};

/// Sessions that it has at once.
const SESSIONS: usize = 4;

#[derive(Debug)]
pub(super) struct Client {
    email: String,
    password: String,
    /// The one that it asked for without an answer.
    new_password: Option<String>,
    changes: u64,
    sessions: Vec<Session>,
    chance: Chance,
    /// Answers so far.
    pub(super) answers: u64,
}

#[derive(Debug)]
struct Session {
    told: Told,
    refresh_token: String,
    access_token: String,
}

/// The server did not answer: it was killed.
#[derive(Debug)]
struct NoAnswer;

impl Client {
    pub(super) async fn register(address: SocketAddr, number: u64) -> anyhow::Result<Self> {
        let (email, password) = (format!("client-{number}@example.com"), "the first pass phrase".to_owned());
        let body = json!({"email": email, "password": password});
        let answer = Connection::open(address).await?.post("/v1/register", &body).await?;
        ensure!(answer.status == 201, "nobody can register: {answer:?}");
        let (sessions, chance) = (vec![Session::opened(&answer)], Chance::new(number + 1));
        Ok(Self { email, password, new_password: None, changes: 0, sessions, chance, answers: 0 })
    }

    /// What it was told.
    pub(super) fn told(&self) -> impl Iterator<Item = &Told> {
        self.sessions.iter().map(|session| &session.told)
    }

    /// Goes on until the server is gone, or so many requests were answered. An answer that is an error is one too many.
    pub(super) async fn go_on(mut self, address: SocketAddr, most: u64) -> anyhow::Result<Self> {
        let Ok(mut connection) = Connection::open(address).await else { return Ok(self) };
        for _ in 0..most {
            match self.act(&mut connection).await {
                Ok(status) => {
                    ensure!([200, 204].contains(&status), "a request was answered with {status}");
                    self.answers += 1;
                }
                Err(NoAnswer) => return Ok(self),
            }
        }
        Ok(self)
    }

    async fn act(&mut self, connection: &mut Connection) -> Result<u16, NoAnswer> {
        let live: Vec<usize> = (0..self.sessions.len()).filter(|at| self.sessions[*at].told.end == End::No).collect();
        let Some(at) = live.get(usize::try_from(self.chance.below(live.len().max(1) as u64)).unwrap_or(0)) else {
            return self.log_in(connection).await;
        };
        match self.chance.below(20) {
            0 => self.change_password(connection, *at).await,
            1..=3 => self.log_out(connection, *at).await,
            4..=7 if live.len() < SESSIONS => self.log_in(connection).await,
            _ => self.refresh(connection, *at).await,
        }
    }

    async fn log_in(&mut self, connection: &mut Connection) -> Result<u16, NoAnswer> {
        let body = json!({"email": self.email, "password": self.password});
        let answer = connection.post("/v1/login", &body).await.map_err(|_| NoAnswer)?;
        if answer.status == 200 {
            self.sessions.push(Session::opened(&answer));
        }
        Ok(answer.status)
    }

    async fn refresh(&mut self, connection: &mut Connection, at: usize) -> Result<u16, NoAnswer> {
        let session = &mut self.sessions[at];
        session.told.refresh_unsure = true;
        let body = json!({"refresh_token": session.refresh_token});
        let answer = connection.post("/v1/refresh", &body).await.map_err(|_| NoAnswer)?;
        if answer.status == 200 {
            session.told.refresh_unsure = false;
            session.told.generation += 1;
            session.take(&answer);
        }
        Ok(answer.status)
    }

    async fn log_out(&mut self, connection: &mut Connection, at: usize) -> Result<u16, NoAnswer> {
        let session = &mut self.sessions[at];
        session.told.end = End::Unsure;
        let body = json!({"refresh_token": session.refresh_token});
        let answer = connection.post("/v1/logout", &body).await.map_err(|_| NoAnswer)?;
        if answer.status == 204 {
            session.told.end = End::Yes;
        }
        Ok(answer.status)
    }

    /// Ends all other sessions, in the same moment.
    async fn change_password(&mut self, connection: &mut Connection, at: usize) -> Result<u16, NoAnswer> {
        self.changes += 1;
        let new = format!("pass phrase number {}", self.changes);
        let body = json!({"current_password": self.password, "new_password": new});
        self.new_password = Some(new);
        self.end_others(at, End::Unsure);
        let access_token = self.sessions[at].access_token.clone();
        let answer = connection.post_as("/v1/password/change", &access_token, &body).await.map_err(|_| NoAnswer)?;
        if answer.status == 204 {
            self.password = self.new_password.take().unwrap_or_default();
            self.end_others(at, End::Yes);
        }
        Ok(answer.status)
    }

    /// Opens another session and changes the password, whose answer is lost on the way.
    #[cfg(test)]
    pub(super) async fn change_password_unheard(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let mut connection = Connection::open(address).await?;
        self.log_in(&mut connection).await.map_err(|_| anyhow::anyhow!("no answer"))?;
        let before = self.password.clone();
        self.change_password(&mut connection, 0).await.map_err(|_| anyhow::anyhow!("no answer"))?;
        self.new_password = Some(std::mem::replace(&mut self.password, before));
        self.end_others(0, End::No);
        self.sessions[1].told.end = End::Unsure;
        Ok(())
    }

    fn end_others(&mut self, kept: usize, end: End) {
        let others = self.sessions.iter_mut().enumerate().filter(|(at, _)| *at != kept);
        for (_, session) in others.filter(|(_, session)| session.told.end != End::Yes) {
            session.told.end = end;
        }
    }

    /// Finds out, after a restart, what became of the requests that were not answered. Complains about a change of which
    /// only a part is there, and about an honest retry that is refused.
    pub(super) async fn settle(
        &mut self,
        address: SocketAddr,
        stored: &HashMap<String, Stored>,
    ) -> anyhow::Result<Vec<String>> {
        let mut connection = Connection::open(address).await?;
        let mut complaints = Vec::new();
        let unsure = self.sessions.iter().filter(|session| session.told.end == End::Unsure);
        let ended: Vec<bool> =
            unsure.filter_map(|session| stored.get(&key(&session.told.id))).map(|s| s.ended).collect();
        if let Some(new) = self.new_password.take() {
            let changed = self.logs_in_with(&mut connection, &new).await?;
            if changed == self.logs_in_with(&mut connection, &self.password).await? {
                complaints.push(format!("{}: of the old and the new password not exactly one is right", self.email));
            }
            if ended.iter().any(|ended| *ended != changed) {
                complaints.push(format!("{}: half of a password change is there", self.email));
            }
            self.password = if changed { new } else { std::mem::take(&mut self.password) };
        }
        self.sessions.retain_mut(|session| session.is_live_in(stored));
        for session in self.sessions.iter_mut().filter(|session| session.told.refresh_unsure) {
            let body = json!({"refresh_token": session.refresh_token});
            let answer = connection.post("/v1/refresh", &body).await?;
            if answer.status != 200 {
                complaints.push(format!("session {}: an honest retry got {}", session.told.id, answer.status));
            }
            session.told.refresh_unsure = false;
            session.told.generation += 1;
            session.take(&answer);
        }
        Ok(complaints)
    }

    async fn logs_in_with(&self, connection: &mut Connection, password: &str) -> anyhow::Result<bool> {
        let body = json!({"email": self.email, "password": password});
        Ok(connection.post("/v1/login", &body).await?.status == 200)
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
        let text = |name| answer.body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        (self.refresh_token, self.access_token) = (text("refresh_token"), text("access_token"));
    }

    /// Whether it goes on after the restart; from then on nothing about its end is unsure.
    fn is_live_in(&mut self, stored: &HashMap<String, Stored>) -> bool {
        self.told.end = End::No;
        stored.get(&key(&self.told.id)).is_some_and(|stored| !stored.ended)
    }
}
