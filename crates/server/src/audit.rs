//! How the audit trail is written: a line for what was done in the transaction that does it, and a bounded number of lines for
//! what was refused, which everybody can cause.

use crate::app::App;
use crate::clock::{Clock, SystemClock};
use crate::domain::audit::{By, Event, Line, Place};
use crate::domain::time::Timestamp;
use crate::random::{self, SystemRandom};
use crate::store::StoreError;
use crate::store::audit::AppendLine;

/// A line of something that is done now to a store that no server has opened.
pub(crate) fn system_line(event: Event, by: &By) -> Line {
    let now = SystemClock.now();
    Line::new(random::uuid(&SystemRandom, now), now, event, by.clone())
}

impl App {
    /// A line of something that is done now, for [`Audited`](crate::store::audit::Audited).
    pub(crate) fn line(&self, now: Timestamp, event: Event, by: &By) -> Line {
        Line::new(random::uuid(&*self.inner.random, now), now, event, by.clone())
    }

    /// Writes a line of something that was refused and so has changed nothing, or counts it when there are too many. The
    /// refusal stands whether or not it can be written; and it is written even if the caller goes away.
    pub(crate) async fn note_refusal(&self, line: Line) {
        if self.inner.limits.admit_refusal(line.at) == Place::Counted {
            return;
        }
        let app = self.clone();
        let written = tokio::spawn(async move { app.inner.store.write(AppendLine { line }).await });
        if let Ok(Err(error)) = written.await {
            tracing::error!(%error, "a refusal is not in the audit trail");
        }
    }

    /// Writes how many refusals had no line of their own since the last time, if there were any.
    pub(crate) async fn note_left_out(&self) -> Result<(), StoreError> {
        let times = self.inner.limits.take_left_out();
        if times == 0 {
            return Ok(());
        }
        let line = self.line(self.now(), Event::Flood, &By::system()).with("times", times);
        self.inner.store.write(AppendLine { line }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::flows::{Lines, audit};

    #[tokio::test]
    async fn a_flood_of_refusals_has_sixty_lines_a_minute_and_one_with_their_number() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new("https://auth.example.com").unwrap();
        folder.path().clone_into(&mut config.base_dir);
        let app = App::open(config).await.unwrap();
        let now = Timestamp::from_seconds(1_800_000_000);
        for _ in 0..1000 {
            app.note_refusal(app.line(now, Event::Login, &By::default()).refused("invalid_credentials")).await;
        }
        app.note_left_out().await.unwrap();
        app.note_left_out().await.unwrap();
        let lines = audit(&app, Lines::default(), 2000).await.unwrap();
        let floods: Vec<_> = lines.iter().filter(|line| line.event == Event::Flood.name()).collect();
        assert_eq!((lines.len(), floods.len()), (61, 1));
        assert_eq!(floods[0].detail["times"], 940);
    }
}
