//! Clients that refresh: as fast as they are answered, or at a rate.
//!
//! They share the machine with the server, so what they cost counts against it: one thread, bytes instead of JSON, and a
//! request of which only the token is new.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::http::Connection;
use crate::measure::now;

/// A client with its connection, and sessions of which it refreshes one at a time, in no order.
#[derive(Debug)]
pub(super) struct Client {
    connection: Connection,
    tokens: Vec<String>,
    request: Vec<u8>,
    chance: Chance,
    /// Milliseconds of each refresh since the last measurement began.
    took: Vec<f64>,
}

/// What came of a measurement.
#[derive(Debug)]
pub(super) struct Measured {
    /// Refreshes a second.
    pub(super) rate: f64,
    /// Milliseconds of each refresh, sorted.
    pub(super) took: Vec<f64>,
}

impl Measured {
    /// The time, in milliseconds, that this share of the refreshes did not exceed.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index below the length"
        )]
        let index = (self.took.len() as f64 * share) as usize;
        self.took.get(index).or(self.took.last()).copied().unwrap_or_default()
    }
}

/// Has so many clients, each with a connection of its own and its share of the sessions, refresh for so long. With a rate,
/// that many refreshes a second are due, and each is measured from when it was due, so that one that is held up counts for
/// all that wait behind it. The tokens are replaced by their successors.
pub(super) async fn measure(
    address: SocketAddr,
    tokens: &mut Vec<String>,
    count: u32,
    time: Duration,
    rate: Option<f64>,
) -> anyhow::Result<Measured> {
    let clients = connect(address, tokens, count).await?;
    let begin = now();
    let pace = rate.map(|rate| Duration::from_secs_f64(f64::from(count) / rate));
    let mut running = JoinSet::new();
    for (number, client) in (0..count).zip(clients) {
        // The clients take turns, rather than all coming at once.
        let first = begin + pace.map_or(Duration::ZERO, |pace| pace * number / count);
        running.spawn(client.refresh_until(begin + time, first, pace));
    }
    let clients: Vec<Client> = running.join_all().await.into_iter().collect::<anyhow::Result<_>>()?;
    let elapsed = begin.elapsed().as_secs_f64();
    let mut took: Vec<f64> = clients.iter().flat_map(|client| client.took.iter().copied()).collect();
    took.sort_by(f64::total_cmp);
    let rate = f64::from(u32::try_from(took.len())?) / elapsed;
    *tokens = clients.into_iter().flat_map(|client| client.tokens).collect();
    Ok(Measured { rate, took })
}

async fn connect(address: SocketAddr, tokens: &[String], count: u32) -> anyhow::Result<Vec<Client>> {
    let mut connected = Vec::new();
    for number in 0..count {
        let tokens: Vec<_> = tokens.iter().skip(number as usize).step_by(count as usize).cloned().collect();
        ensure!(!tokens.is_empty(), "there are fewer sessions than clients");
        let connection = Connection::open(address).await?;
        let (request, chance) = (Vec::with_capacity(512), Chance::new(u64::from(number) + 1));
        connected.push(Client { connection, tokens, request, chance, took: Vec::with_capacity(1 << 16) });
    }
    Ok(connected)
}

impl Client {
    async fn refresh_until(mut self, end: Instant, mut due: Instant, pace: Option<Duration>) -> anyhow::Result<Self> {
        while now() < end && due < end {
            if let Some(pace) = pace {
                tokio::time::sleep_until(due.into()).await;
                self.refresh(due).await?;
                due += pace;
            } else {
                self.refresh(now()).await?;
            }
        }
        Ok(self)
    }

    async fn refresh(&mut self, due: Instant) -> anyhow::Result<()> {
        let which = usize::try_from(self.chance.below(self.tokens.len() as u64))?;
        let token = &mut self.tokens[which];
        write_request(&mut self.request, token);
        let (status, body) = self.connection.exchange(&self.request).await?;
        ensure!(status == 200, "a refresh was answered with {status}: {}", String::from_utf8_lossy(body));
        self.took.push(due.elapsed().as_secs_f64() * 1000.0);
        successor(body)?.clone_into(token);
        Ok(())
    }
}

fn write_request(request: &mut Vec<u8>, token: &str) {
    const HEAD: &str = "POST /v1/refresh HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: ";
    let (before, after) = (r#"{"refresh_token":""#, r#""}"#);
    let length = (before.len() + token.len() + after.len()).to_string();
    request.clear();
    for part in [HEAD, &length, "\r\n\r\n", before, token, after] {
        request.extend_from_slice(part.as_bytes());
    }
}

/// The refresh token in an answer. What it begins with may stand in an access token, too.
fn successor(body: &[u8]) -> anyhow::Result<&str> {
    let text = std::str::from_utf8(body)?;
    let (_, rest) = text.split_once(r#""refresh_token":""#).context("there is no refresh token in an answer")?;
    rest.split('"').next().context("a refresh token does not end")
}
