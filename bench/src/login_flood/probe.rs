//! Someone who is logged in already: verifies, refreshes and asks for health, at an even pace.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::ensure;
use serde_json::json;

use crate::http::Connection;
use crate::login::people::{PASSWORD, People};
use crate::measure::now;

/// Between two requests.
const PACE: Duration = Duration::from_millis(5);

/// Milliseconds of each request.
#[derive(Debug, Default)]
pub(super) struct Times {
    pub(super) verify: Vec<f64>,
    pub(super) refresh: Vec<f64>,
    pub(super) health: Vec<f64>,
}

impl Times {
    /// What one of a hundred exceeds.
    pub(super) fn p99(times: &[f64]) -> f64 {
        let mut sorted = times.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() * 99 / 100).copied().unwrap_or_default()
    }
}

/// One session and its connection.
#[derive(Debug)]
pub(super) struct Probe {
    connection: Connection,
    access_token: String,
    refresh_token: String,
}

impl Probe {
    pub(super) async fn open(address: SocketAddr, people: &People) -> anyhow::Result<Self> {
        let mut connection = Connection::open(address).await?;
        let email = people.members.first();
        let answer = connection.post("/v1/login", &json!({"email": email, "password": PASSWORD})).await?;
        let (access_token, refresh_token) =
            (answer.text("access_token").to_owned(), answer.text("refresh_token").to_owned());
        ensure!(answer.status == 200, "the log-in was answered with {}", answer.status);
        Ok(Self { connection, access_token, refresh_token })
    }

    /// Asks for so long, each kind in turn.
    pub(super) async fn measure(&mut self, time: Duration, times: &mut Times) -> anyhow::Result<()> {
        let end = now() + time;
        while now() < end {
            let begin = now();
            let status = self.connection.get_with("/authz/forward-auth/", &self.access_token).await?;
            times.verify.push(begin.elapsed().as_secs_f64() * 1000.0);
            ensure!(status == 200, "a verification was answered with {status}");
            tokio::time::sleep(PACE).await;
            self.refresh(times).await?;
            tokio::time::sleep(PACE).await;
            let begin = now();
            let status = self.connection.get_with("/healthz", "").await?;
            times.health.push(begin.elapsed().as_secs_f64() * 1000.0);
            ensure!(status == 200, "health was answered with {status}");
            tokio::time::sleep(PACE).await;
        }
        Ok(())
    }

    async fn refresh(&mut self, times: &mut Times) -> anyhow::Result<()> {
        let begin = now();
        let answer = self.connection.post("/v1/refresh", &json!({"refresh_token": self.refresh_token})).await?;
        times.refresh.push(begin.elapsed().as_secs_f64() * 1000.0);
        ensure!(answer.status == 200, "a refresh was answered with {}", answer.status);
        answer.text("refresh_token").clone_into(&mut self.refresh_token);
        Ok(())
    }
}
