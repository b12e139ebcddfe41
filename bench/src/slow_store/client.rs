//! A client that refreshes again and again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::task::JoinSet;

use super::PACE;
use crate::http::Connection;
use crate::measure::now;

/// Registrations at once; each waits for a password hash.
const AT_ONCE: u64 = 8;

#[derive(Debug)]
pub(super) struct Client {
    connection: Connection,
    pub(super) access_token: String,
    refresh_token: String,
    pub(super) seen: Seen,
}

/// What a client saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) refreshed: u32,
    /// Told to try again.
    pub(super) refused: u32,
    /// Told anything else: that it is logged out, or that nothing is known.
    pub(super) wronged: Vec<String>,
    /// Whether its last answer was a refresh.
    pub(super) is_served: bool,
    /// The answer that took longest, in seconds.
    pub(super) slowest: f64,
}

impl Client {
    /// So many of them, each with an account of its own.
    pub(super) async fn crowd(server: SocketAddr, count: u64) -> anyhow::Result<Vec<Self>> {
        let mut registering = JoinSet::new();
        for lane in 0..AT_ONCE {
            registering.spawn(async move {
                let mut clients = Vec::new();
                for number in (lane..count).step_by(usize::try_from(AT_ONCE)?) {
                    clients.push(Self::register(server, number).await?);
                }
                anyhow::Ok(clients)
            });
        }
        let lanes: Vec<_> = registering.join_all().await.into_iter().collect::<anyhow::Result<_>>()?;
        Ok(lanes.into_iter().flatten().collect())
    }

    async fn register(server: SocketAddr, number: u64) -> anyhow::Result<Self> {
        let mut connection = Connection::open(server).await?;
        let body = json!({"email": format!("client-{number}@example.com"), "password": "a long enough pass phrase"});
        let answer = connection.post("/v1/register", &body).await?;
        ensure!(answer.status == 201, "nobody can register: {answer:?}");
        let (access_token, refresh_token) =
            (answer.text("access_token").to_owned(), answer.text("refresh_token").to_owned());
        Ok(Self { connection, access_token, refresh_token, seen: Seen::default() })
    }

    pub(super) async fn refresh_until(mut self, over: Arc<AtomicBool>) -> anyhow::Result<Self> {
        while !over.load(Ordering::Relaxed) {
            self.refresh().await.context("a client got no answer")?;
            if !self.seen.is_served {
                tokio::time::sleep(PACE).await;
            }
        }
        Ok(self)
    }

    async fn refresh(&mut self) -> anyhow::Result<()> {
        let begin = now();
        let answer = self.connection.post("/v1/refresh", &json!({"refresh_token": self.refresh_token})).await?;
        self.seen.slowest = self.seen.slowest.max(begin.elapsed().as_secs_f64());
        self.seen.is_served = answer.status == 200;
        match (answer.status, answer.text("code")) {
            (200, _) => {
                answer.text("refresh_token").clone_into(&mut self.refresh_token);
                self.seen.refreshed += 1;
            }
            (503, "store_unavailable" | "overloaded") => self.seen.refused += 1,
            (status, code) => self.seen.wronged.push(format!("{status} {code}")),
        }
        Ok(())
    }
}
