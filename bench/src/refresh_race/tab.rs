//! An honest tab: it presents the token of the jar until it has an answer.

use std::collections::HashSet;

use serde_json::json;
use tokio::task::JoinSet;

use super::Scene;
use crate::chance::Chance;
use crate::http::Connection;

/// A tab with its connection.
#[derive(Debug)]
pub(super) struct Tab {
    scene: Scene,
    connection: Connection,
    drop: f64,
    chance: Chance,
}

/// What became of one refresh.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) tab: Tab,
    pub(super) requests: u64,
    /// Answers that did not arrive.
    pub(super) lost: u64,
    /// Every successor that the server gave, those of lost answers too.
    pub(super) seen: HashSet<String>,
    pub(super) logged_out: bool,
}

/// What happens to an answer.
enum Way {
    Arrives,
    /// The server sends it, and nobody reads it.
    Lost,
    /// The connection is gone before the server can send it.
    Cut,
}

impl Tab {
    pub(super) async fn open(scene: &Scene, drop: f64, chance: Chance) -> anyhow::Result<Self> {
        Ok(Self { scene: scene.clone(), connection: Connection::open(scene.address).await?, drop, chance })
    }

    pub(super) async fn refresh(mut self, token: String) -> anyhow::Result<Visit> {
        let body = json!({"refresh_token": token});
        let (mut requests, mut lost, mut seen) = (0, 0, HashSet::new());
        let mut cuts = JoinSet::new();
        loop {
            requests += 1;
            self.scene.clock.step(self.chance.below(u64::MAX));
            let way = self.way();
            if matches!(way, Way::Cut) {
                lost += 1;
                let new = Connection::open(self.scene.address).await?;
                let mut cut = std::mem::replace(&mut self.connection, new);
                cut.send("/v1/refresh", &body).await?;
                cuts.spawn(cut.cut());
                continue;
            }
            let answer = self.connection.post("/v1/refresh", &body).await?;
            if answer.status == 503 {
                // The server is busy and says so: that is no log-out.
                continue;
            }
            let logged_out = answer.status != 200;
            if !logged_out {
                seen.insert(answer.text("refresh_token").to_owned());
            }
            if logged_out || matches!(way, Way::Arrives) {
                // An honest client does not refresh again while a request of its own may still be on the way.
                cuts.join_all().await;
                return Ok(Visit { tab: self, requests, lost, seen, logged_out });
            }
            lost += 1;
        }
    }

    fn way(&mut self) -> Way {
        match self.chance.happens(self.drop) {
            false => Way::Arrives,
            true if self.chance.happens(0.5) => Way::Lost,
            true => Way::Cut,
        }
    }
}
