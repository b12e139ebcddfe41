//! A client that calls the API at a steady rate, and refreshes now and then, so that it has tokens of every key.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::ensure;
use jotgate_jose::danger;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::chance::Chance;
use crate::http::Connection;

/// Requests between two refreshes.
const REFRESH_EVERY: u64 = 250;
/// Every tenth request goes with a token from before, which is good as long as it has not expired.
const WITH_AN_OLD_TOKEN: f64 = 0.1;

/// What came of the requests.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) requests: u64,
    pub(super) refused: u64,
    /// How often each code was given.
    pub(super) codes: BTreeMap<String, u64>,
    /// Keys by which tokens were signed, each with its algorithm.
    pub(super) keys: BTreeSet<(String, String)>,
}

impl Seen {
    pub(super) fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.refused += other.refused;
        for (code, count) in other.codes {
            *self.codes.entry(code).or_default() += count;
        }
        self.keys.extend(other.keys);
    }

    pub(super) fn algorithms(&self) -> BTreeSet<&str> {
        self.keys.iter().map(|(_, algorithm)| algorithm.as_str()).collect()
    }
}

pub(super) struct Client {
    server: Connection,
    api: Connection,
    refresh_token: String,
    /// Requests ready to send, one for each access token there was; none expires while this runs.
    requests: Vec<Vec<u8>>,
    chance: Chance,
    seen: Seen,
}

impl Client {
    pub(super) async fn open(server: SocketAddr, api: SocketAddr, number: u32) -> anyhow::Result<Self> {
        let mut client = Self {
            server: Connection::open(server).await?,
            api: Connection::open(api).await?,
            refresh_token: String::new(),
            requests: Vec::new(),
            chance: Chance::new(u64::from(number) + 1),
            seen: Seen::default(),
        };
        let body = json!({"email": format!("client-{number}@example.com"), "password": "a long enough pass phrase"});
        client.take_tokens("/v1/register", &body, 201).await?;
        Ok(client)
    }

    async fn take_tokens(&mut self, path: &str, body: &Value, status: u16) -> anyhow::Result<()> {
        let answer = self.server.post(path, body).await?;
        ensure!(answer.status == status, "{path}: {answer:?}");
        answer.text("refresh_token").clone_into(&mut self.refresh_token);
        let token = answer.text("access_token");
        let header = danger::decode(token)?.header;
        let of = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.seen.keys.insert((of("kid"), of("alg")));
        self.requests
            .push(format!("GET / HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n").into_bytes());
        Ok(())
    }

    /// Calls so many times a second until it is told to stop.
    pub(super) async fn run(mut self, rate: u32, stopped: watch::Receiver<bool>) -> anyhow::Result<Seen> {
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        while !*stopped.borrow() {
            ticks.tick().await;
            self.call().await?;
            if self.seen.requests % REFRESH_EVERY == 0 {
                let body = json!({"refresh_token": self.refresh_token});
                self.take_tokens("/v1/refresh", &body, 200).await?;
            }
        }
        Ok(self.seen)
    }

    async fn call(&mut self) -> anyhow::Result<()> {
        let last = self.requests.len() - 1;
        let old = self.chance.happens(WITH_AN_OLD_TOKEN);
        let which = if old { usize::try_from(self.chance.below(last as u64 + 1))? } else { last };
        let (status, body) = self.api.exchange(&self.requests[which]).await?;
        self.seen.requests += 1;
        if status != 200 {
            let problem: Value = serde_json::from_slice(body).unwrap_or_default();
            let code = problem.get("code").and_then(Value::as_str).map_or_else(|| status.to_string(), str::to_owned);
            self.seen.refused += 1;
            *self.seen.codes.entry(code).or_default() += 1;
        }
        Ok(())
    }
}
