//! The feed as it happens: one task reads and signs, and everybody who follows is sent the same bytes.
//!
//! A follower is sent what it lacks, as documents, and then each document as it is made. It holds one of them at a time:
//! who reads too slowly is sent documents again instead of events, and who does not read at all is dropped. No stream is for
//! ever: whoever wants to go on takes a new place, and finds what it lacks by its number.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio::time::timeout;

use super::Course;
use super::documents::{PAGE, Signed};
use super::places::{Place, Places};
use crate::app::App;
use crate::config::Revocations as Settings;
use crate::flows::Failure;
use crate::random::Random;
use crate::store::revocations::RevocationsAfter;

/// Documents that one who follows may be late by.
const LATE_BY: usize = 32;
/// How long one who follows may take to accept a document.
const SLOWEST_READER: Duration = Duration::from_secs(10);
/// How long a stream lasts at most; at least half of it, so that those that began together do not end together.
const LONGEST_STREAM: Duration = Duration::from_mins(30);

/// Who follows, and what wakes the task that tells them.
#[derive(Debug)]
pub(crate) struct Live {
    /// There while the task runs and the server is not stopping.
    events: Mutex<Option<broadcast::Sender<Arc<Signed>>>>,
    ended: Notify,
    places: Arc<Places>,
}

impl Live {
    pub(crate) fn new(settings: &Settings) -> Self {
        let places = Places::new(settings.max_streams, settings.max_streams_per_network);
        Self { events: Mutex::new(None), ended: Notify::new(), places: Arc::new(places) }
    }

    /// Wakes the task: an end was committed here.
    pub(crate) fn something_ended(&self) {
        self.ended.notify_one();
    }

    /// Done when something was committed here since the last time.
    pub(crate) async fn until_something_ended(&self) {
        self.ended.notified().await;
    }

    pub(crate) fn open(&self) {
        self.set(Some(broadcast::channel(LATE_BY).0));
    }

    /// Ends every stream, and refuses new ones.
    pub(crate) fn close(&self) {
        self.set(None);
    }

    #[cfg(test)]
    pub(super) fn is_open(&self) -> bool {
        self.subscribe().is_some()
    }

    fn set(&self, events: Option<broadcast::Sender<Arc<Signed>>>) {
        *self.events.lock().unwrap_or_else(PoisonError::into_inner) = events;
    }

    fn subscribe(&self) -> Option<broadcast::Receiver<Arc<Signed>>> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.as_ref().map(broadcast::Sender::subscribe)
    }

    fn somebody_follows(&self) -> bool {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.as_ref().is_some_and(|events| events.receiver_count() > 0)
    }

    fn send(&self, signed: Signed) {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(events) = events.as_ref() {
            // An error means that nobody follows.
            let _ = events.send(Arc::new(signed));
        }
    }
}

/// How far the task has told what has ended.
#[derive(Debug)]
pub(crate) struct Told {
    upto: u64,
}

impl Told {
    /// Nothing yet of what comes from now on.
    pub(crate) fn by(app: &App) -> Self {
        Self { upto: app.inner.revocations.position() }
    }

    /// Reads what has ended since, takes it in, and sends it to everybody who follows. `heartbeat` sends also that nothing
    /// has. Tells whether something was sent.
    pub(crate) async fn tell(&mut self, app: &App, heartbeat: bool) -> Result<bool, Failure> {
        let revocations = &app.inner.revocations;
        let mut sent = false;
        loop {
            let now = app.now();
            let feed = app.inner.store.read(RevocationsAfter { after: self.upto, limit: PAGE }).await?;
            let set_back = revocations.take_in(self.upto, &feed) == Course::SetBack;
            revocations.freshness.was_read();
            let is_news = !feed.entries.is_empty() || set_back || (heartbeat && !sent);
            // Without a key nothing is told, and what has ended is taken in all the same; followers catch up with the next document.
            if is_news && revocations.live.somebody_follows() && app.keyring().signing().is_ok() {
                revocations.live.send(Signed::new(app, self.upto, &feed, now)?);
                sent = true;
            }
            if set_back {
                self.upto = feed.head;
                app.follow_revocations().await?;
                return Ok(sent);
            }
            let Some(last) = feed.entries.last() else { return Ok(sent) };
            self.upto = last.sequence;
        }
    }
}

/// The events of a stream, in their order.
pub(crate) type Events = mpsc::Receiver<Bytes>;

impl App {
    /// Follows for somebody at an address who has everything up to `after`; the stream ends when the receiver is dropped, and
    /// after a while. Nothing when too many follow already, or the server is stopping.
    pub(crate) fn follow_live(&self, after: u64, address: Option<IpAddr>) -> Option<Events> {
        self.follow_live_for(longest(&*self.inner.random), after, address)
    }

    pub(super) fn follow_live_for(&self, longest: Duration, after: u64, address: Option<IpAddr>) -> Option<Events> {
        let live = &self.inner.revocations.live;
        let place = live.places.take(address)?;
        let events = live.subscribe()?;
        // One document waits here, and one more in the connection.
        let (sender, receiver) = mpsc::channel(1);
        let follower = Follower { app: self.clone(), upto: after, sender, _place: place };
        // A stream that is over in time is no failure.
        tokio::spawn(async move { timeout(longest, follower.run(events)).await.unwrap_or_default() });
        Some(receiver)
    }
}

/// How long a stream lasts: between a half and the whole of the longest.
fn longest(random: &dyn Random) -> Duration {
    let mut bytes = [0; 4];
    random.fill(&mut bytes);
    LONGEST_STREAM / 2 + (LONGEST_STREAM / 2).mul_f64(f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
}

/// One who follows.
struct Follower {
    app: App,
    /// It has been sent everything up to this number.
    upto: u64,
    sender: mpsc::Sender<Bytes>,
    _place: Place,
}

/// The stream is over: the reader has left or does not read, or the server stops.
struct Over;

impl Follower {
    async fn run(mut self, mut events: broadcast::Receiver<Arc<Signed>>) {
        loop {
            if self.catch_up().await.is_err() || self.pass_on(&mut events).await.is_err() {
                return;
            }
        }
    }

    /// Sends documents until there are no more for now.
    async fn catch_up(&mut self) -> Result<(), Over> {
        loop {
            let next = self.app.revocations_after(self.upto).await.map_err(|_| Over)?;
            self.send(&next).await?;
            if next.reaches_the_head() {
                return Ok(());
            }
        }
    }

    /// Sends each document as it is made, until this one is late by too many.
    async fn pass_on(&mut self, events: &mut broadcast::Receiver<Arc<Signed>>) -> Result<(), Over> {
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = self.sender.closed() => return Err(Over),
            };
            match event {
                Ok(next) if next.after > self.upto => return Ok(()),
                Ok(next) => self.send(&next).await?,
                Err(RecvError::Lagged(_)) => return Ok(()),
                Err(RecvError::Closed) => return Err(Over),
            }
        }
    }

    async fn send(&mut self, signed: &Signed) -> Result<(), Over> {
        let sent = timeout(SLOWEST_READER, self.sender.send(signed.event())).await;
        sent.map_err(|_| Over)?.map_err(|_| Over)?;
        self.upto = signed.upto;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fixed(u8);

    impl Random for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn streams_that_began_together_end_apart() {
        let minutes = [0, 0x80, 0xff].map(|byte| longest(&Fixed(byte)).as_secs() / 60);
        assert_eq!(minutes, [15, 22, 30]);
    }
}
