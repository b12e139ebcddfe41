//! The one task that follows a feed.

use std::sync::Arc;
use std::time::Duration;

use jotgate_wire::{Entry, FeedDocument, RevocationSet};
use metrics::gauge;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use super::position::{Moment, Position, Step};
use super::{Life, MOST_ENTRIES, Shared, State, pause};
use crate::clock::monotonic;
use crate::metrics::{FEED_AS_OF, FEED_LAG, label, set_seconds};

/// How long a stream may say nothing, not even that nothing has ended, before it is given up.
const LONGEST_SILENCE: Duration = Duration::from_secs(7);
/// How long streams are not tried again after two in a row that did not bring a single document.
const WITHOUT_STREAM: Duration = Duration::from_mins(1);
/// Failures after which the issuer's metadata are asked again where the feed is.
const LOOK_AGAIN_AFTER: usize = 8;
/// Between two rounds of forgetting.
const FORGET_EVERY: Duration = Duration::from_mins(1);
/// Why a document was not taken that is good in itself.
const BEHIND: &str = "the server that answered is behind what is known";
/// Most documents from a beginning to the head, so that an issuer cannot keep a verifier reading for ever.
const MOST_DOCUMENTS: usize = 2 * MOST_ENTRIES / FeedDocument::MOST_ENTRIES as usize;

pub(super) async fn run(life: Life) {
    let mut follower = Follower::new(Arc::clone(&life.0));
    loop {
        let pause = follower.round().await;
        follower.shared.was_heard();
        follower.forget();
        sleep(pause).await;
    }
}

/// What the task knows.
struct Follower {
    shared: Arc<Shared>,
    address: Option<Url>,
    position: Position,
    /// The set that is being built anew, until it has everything; the old one holds meanwhile.
    anew: Option<RevocationSet>,
    failures: usize,
    /// Streams in a row that brought nothing, and until when they are not tried again.
    vain_streams: usize,
    no_stream_until: Option<Instant>,
    forgot_at: Instant,
}

/// What a document has led to.
enum Taken {
    /// Everything is known.
    Everything,
    /// More follows.
    More,
    /// The numbering is another one; nothing was taken.
    Anew,
    /// Less is known there than here; nothing was taken.
    Nothing,
}

impl Follower {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            address: None,
            position: Position::START,
            // A task that was started anew does not know what the set has.
            anew: Some(RevocationSet::new()),
            failures: 0,
            vain_streams: 0,
            no_stream_until: None,
            forgot_at: monotonic(),
        }
    }

    /// Follows until it fails or there is nothing to follow, and says how long to pause then.
    async fn round(&mut self) -> Duration {
        let outcome = match self.find().await {
            Ok(Some(address)) => self.follow(&address).await,
            Ok(None) => {
                self.shared.set_state(State::None);
                return pause::without_feed();
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(pause) => pause,
            Err(error) => self.failed(&error),
        }
    }

    /// Where the feed is. An issuer that had one and says now that it has none is not believed: that would undo the policy.
    async fn find(&mut self) -> Result<Option<Url>, String> {
        let again = self.failures > 0 && self.failures.is_multiple_of(LOOK_AGAIN_AFTER);
        if again || self.address.is_none() {
            self.address = self.shared.remote.address(again).await?;
            if self.address.is_none() && self.shared.state() == State::Found {
                return Err("the issuer does not name its revocation feed any more".to_owned());
            }
        }
        Ok(self.address.clone())
    }

    async fn follow(&mut self, address: &Url) -> Result<Duration, String> {
        self.shared.set_state(State::Found);
        self.catch_up(address).await?;
        self.recovered();
        self.shared.was_heard();
        if self.no_stream_until.is_some_and(|until| monotonic() < until) {
            return Ok(pause::between_questions());
        }
        let (documents, why) = self.listen(address).await;
        tracing::debug!(issuer = &*self.shared.issuer, documents, why, "a stream of the revocation feed is over");
        if documents > 0 {
            self.vain_streams = 0;
            return Ok(pause::after_failures(0));
        }
        self.vain_streams += 1;
        if self.vain_streams >= 2 {
            self.no_stream_until = Some(monotonic() + WITHOUT_STREAM);
            let issuer = &*self.shared.issuer;
            tracing::info!(issuer, why, "streams of the revocation feed do not get through; asking again and again");
        }
        Ok(pause::between_questions())
    }

    /// Asks until everything is known.
    async fn catch_up(&mut self, address: &Url) -> Result<(), String> {
        for _ in 0..MOST_DOCUMENTS {
            let before = self.position.after();
            let jwt = self.shared.remote.document(address, before).await?;
            match self.take(&jwt).await? {
                Taken::Everything => return Ok(()),
                Taken::More if self.position.after() == before => return Err("it does not go on".to_owned()),
                Taken::Nothing => return Err(BEHIND.to_owned()),
                Taken::More | Taken::Anew => {}
            }
        }
        Err("it has no end".to_owned())
    }

    /// Takes documents as they come, until the stream is over. Says how many they were, and why it was over.
    async fn listen(&mut self, address: &Url) -> (usize, String) {
        let opened = timeout(LONGEST_SILENCE, self.shared.remote.stream(address, self.position.after())).await;
        let mut stream = match opened {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return (0, error),
            Err(_) => return (0, "it was not answered".to_owned()),
        };
        let mut documents = 0;
        loop {
            let taken = match timeout(LONGEST_SILENCE, stream.next()).await {
                Ok(Ok(Some(jwt))) => self.take(&jwt).await,
                Ok(Ok(None)) => return (documents, "the issuer ended it".to_owned()),
                Ok(Err(error)) => return (documents, error),
                Err(_) => return (documents, "nothing came for too long".to_owned()),
            };
            documents += 1;
            match taken {
                Ok(Taken::Everything | Taken::More) => {}
                Ok(Taken::Anew) => return (documents, "the numbering has begun anew".to_owned()),
                Ok(Taken::Nothing) => return (documents, BEHIND.to_owned()),
                Err(error) => return (documents - 1, error),
            }
            self.shared.was_heard();
            self.forget();
        }
    }

    /// Takes a document in, if it is good.
    async fn take(&mut self, jwt: &str) -> Result<Taken, String> {
        let shared = Arc::clone(&self.shared);
        let now = shared.clock.now();
        let document = shared.trust.verify(jwt, &shared.set.load(), now).await?;
        let moment = Moment { now, leeway: shared.trust.leeway, instant: monotonic() };
        let position = match self.position.step(&document, moment).map_err(|unfit| unfit.to_string())? {
            Step::Take(position) => position,
            Step::AskAgain(position) => {
                self.position = position;
                return Ok(Taken::Nothing);
            }
            Step::StartOver => {
                self.start_over();
                return Ok(Taken::Anew);
            }
        };
        let (iat, head) = (document.iat, document.head);
        self.apply(document)?;
        self.position = position;
        if position.lacks(head) {
            return Ok(Taken::More);
        }
        if let Some(anew) = self.anew.take() {
            shared.set.store(Arc::new(anew));
        }
        shared.knows_all(iat, now);
        set_seconds(&gauge!(FEED_AS_OF, vec![label(&shared.issuer)]), shared.as_of());
        set_seconds(&gauge!(FEED_LAG, vec![label(&shared.issuer)]), now.saturating_sub(iat).max(0));
        Ok(Taken::Everything)
    }

    fn start_over(&mut self) {
        let issuer = &*self.shared.issuer;
        tracing::warn!(issuer, "the issuer's data were put back to an older state; what has ended is read anew");
        self.position = self.position.start_over();
        self.anew = Some(RevocationSet::new());
    }

    /// Takes entries in, each with the time from which on it can be forgotten by a clock that nobody sets: what is left of its
    /// life by the document's own time begins now.
    fn apply(&self, document: FeedDocument) -> Result<(), String> {
        let current = self.shared.set.load();
        let set = self.anew.as_ref().unwrap_or(&current);
        if set.len() + document.entries.len() > MOST_ENTRIES {
            return Err(format!("more than {MOST_ENTRIES} things have ended"));
        }
        let (iat, here) = (document.iat, self.shared.steady_now());
        for entry in document.entries.into_iter().filter(|entry| entry.forget_at > iat) {
            let forget_at = here.saturating_add(entry.forget_at.saturating_sub(iat));
            set.apply(Entry { forget_at, ..entry });
        }
        Ok(())
    }

    fn recovered(&mut self) {
        if self.failures > 0 {
            tracing::info!(issuer = &*self.shared.issuer, "the revocation feed is followed again");
        }
        self.failures = 0;
    }

    fn failed(&mut self, error: &str) -> Duration {
        let issuer = &*self.shared.issuer;
        self.failures += 1;
        // The first, and then ever fewer: a long outage must not fill the log.
        if self.failures.is_power_of_two() {
            tracing::warn!(issuer, error, failures = self.failures, "the revocation feed cannot be followed");
        }
        pause::after_failures(self.failures)
    }

    fn forget(&mut self) {
        let now = monotonic();
        if now.duration_since(self.forgot_at) >= FORGET_EVERY {
            self.forgot_at = now;
            self.shared.set.load().forget(self.shared.steady_now());
        }
    }
}
