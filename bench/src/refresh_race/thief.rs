//! A thief: copies a refresh token of a victim, and uses it late.

use serde_json::json;

use super::{Scene, register};
use crate::chance::Chance;
use crate::http::{Answer, Connection};

/// A thief with a connection.
#[derive(Debug)]
pub(super) struct Thief {
    scene: Scene,
    connection: Connection,
    name: String,
    victims: u64,
    chance: Chance,
    loot: Option<Loot>,
}

/// What one act of a thief led to.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) thief: Thief,
    /// Whether the session was ended by it; nothing when this was only the stealing.
    pub(super) caught: Option<bool>,
}

/// What is known after the stealing.
#[derive(Debug)]
struct Loot {
    /// The token whose use must end the session.
    fatal: String,
    /// Every other token of the session, among them the newest.
    others: Vec<String>,
    access_token: String,
}

impl Thief {
    pub(super) async fn open(scene: &Scene, number: u64, chance: Chance) -> anyhow::Result<Self> {
        let connection = Connection::open(scene.address).await?;
        Ok(Self { scene: scene.clone(), connection, name: format!("victim-{number}"), victims: 0, chance, loot: None })
    }

    /// Steals, or strikes when something was stolen the time before.
    pub(super) async fn act(mut self) -> anyhow::Result<Act> {
        let caught = match self.loot.take() {
            None => {
                self.loot = Some(self.steal().await?);
                None
            }
            Some(loot) => Some(self.strike(&loot).await?),
        };
        Ok(Act { thief: self, caught })
    }

    /// The first token of three is an old one however soon it is used. The last but one is an old one when its time is
    /// over; and it does not matter whether the owner or the thief comes late with it.
    async fn steal(&mut self) -> anyhow::Result<Loot> {
        self.victims += 1;
        let first = register(&self.scene, &format!("{}-{}", self.name, self.victims)).await?;
        let second = self.refresh(&first).await?.text("refresh_token").to_owned();
        if self.chance.happens(0.5) {
            let third = self.refresh(&second).await?;
            let (newest, access_token) =
                (third.text("refresh_token").to_owned(), third.text("access_token").to_owned());
            return Ok(Loot { fatal: first, others: vec![second, newest], access_token });
        }
        let again = self.refresh(&first).await?;
        Ok(Loot { fatal: first, others: vec![second], access_token: again.text("access_token").to_owned() })
    }

    /// Whether the use of the old token ended the session, and nothing of it works any more.
    async fn strike(&mut self, loot: &Loot) -> anyhow::Result<bool> {
        let refused = |answer: &Answer, code: &str| answer.status == 401 && answer.text("code") == code;
        let mut caught = refused(&self.refresh(&loot.fatal).await?, "refresh_token_reused");
        for token in loot.others.iter().chain([&loot.fatal]) {
            caught &= refused(&self.refresh(token).await?, "session_ended");
        }
        Ok(caught && self.connection.get_with("/v1/me", &loot.access_token).await? == 401)
    }

    async fn refresh(&mut self, token: &str) -> anyhow::Result<Answer> {
        let body = json!({"refresh_token": token});
        loop {
            let answer = self.connection.post("/v1/refresh", &body).await?;
            if answer.status != 503 {
                return Ok(answer);
            }
        }
    }
}
