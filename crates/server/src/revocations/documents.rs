//! The feed as signed documents, each signed once for everybody who asks.
//!
//! Whoever asks may name any number, and must not cause a signature by that: a document begins at one of few places, at or
//! before the number that was asked for, and is kept until it is out of date. One at a time is made, whoever waits for it.
//! So a flood of requests costs what one follower does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jotgate_jose::jwt;
use jotgate_wire::FeedDocument;
use tokio::sync::Semaphore;

use super::{Revocations, wire_entry};
use crate::app::App;
use crate::domain::time::Timestamp;
use crate::flows::Failure;
use crate::store::revocations::{Feed, RevocationsAfter};

/// Most entries in a document. Documents other than the newest begin at a multiple of it.
pub(crate) const PAGE: u32 = FeedDocument::MOST_ENTRIES;
/// How long a document that more follow after is good, in milliseconds: its entries are what they are.
const PAGE_LIFE: i64 = 30_000;
/// How long the newest document is good, in milliseconds: it says that nothing else has ended.
const HEAD_LIFE: i64 = 1_000;
/// Most documents kept; of at most some 130 kilobytes each, and as a rule of 70.
const MOST_KEPT: usize = 256;

/// A signed document, as it is sent.
#[derive(Debug)]
pub(crate) struct Signed {
    /// What it covers: every live entry above `after` and up to `upto`.
    pub(crate) after: u64,
    pub(crate) upto: u64,
    /// The newest number of all.
    pub(crate) head: u64,
    epoch: u64,
    kid: String,
    made_at: Timestamp,
    event: Bytes,
    jwt_begins: usize,
}

impl Signed {
    /// Signs what was read after `after`, at a time from before it was read.
    pub(crate) fn new(app: &App, after: u64, feed: &Feed, read_at: Timestamp) -> Result<Self, Failure> {
        let last = feed.entries.last().map_or(0, |entry| entry.sequence);
        let head = feed.head.max(last);
        let is_full = u32::try_from(feed.entries.len()).is_ok_and(|count| count >= PAGE);
        let upto = if is_full { last } else { head };
        let (after, iat) = (after.min(upto), read_at.seconds());
        let document = FeedDocument {
            iss: app.config().issuer.clone(),
            aud: FeedDocument::AUDIENCE.to_owned(),
            iat,
            exp: iat + FeedDocument::LIFE_SECONDS,
            epoch: i64::try_from(feed.epoch).unwrap_or(i64::MAX),
            after,
            upto,
            head,
            entries: feed.entries.iter().map(|entry| wire_entry(entry.sequence, &entry.revocation)).collect(),
        };
        let keyring = app.keyring();
        let key = keyring.signing()?;
        let jwt = jwt::sign(key, FeedDocument::TYPE, &document)
            .map_err(|error| Failure::Internal(format!("the revocation feed could not be signed: {error}")))?;
        let field = format!("id: {upto}\ndata: ");
        let event = Bytes::from(format!("{field}{jwt}\n\n"));
        let (epoch, kid, made_at, jwt_begins) = (feed.epoch, key.kid().to_owned(), read_at, field.len());
        Ok(Self { after, upto, head, epoch, kid, made_at, event, jwt_begins })
    }

    /// As an event of a stream (HTML, "Server-sent events"). Its id is the number to go on after.
    pub(crate) fn event(&self) -> Bytes {
        self.event.clone()
    }

    /// As a document of its own.
    pub(crate) fn jwt(&self) -> Bytes {
        self.event.slice(self.jwt_begins..self.event.len() - 2)
    }

    /// Whether nothing follows after it.
    pub(crate) fn reaches_the_head(&self) -> bool {
        self.upto >= self.head
    }

    fn is_good(&self, kid: &str, now: Timestamp, known: &Revocations) -> bool {
        let is_newest = !self.reaches_the_head() || self.upto >= known.position();
        self.is_young(now) && is_newest && self.kid == kid && self.epoch == known.epoch()
    }

    fn is_young(&self, now: Timestamp) -> bool {
        let life = if self.reaches_the_head() { HEAD_LIFE } else { PAGE_LIFE };
        now >= self.made_at && now.millis_since(self.made_at) < life
    }
}

/// The documents that were made of late.
#[derive(Debug)]
pub(crate) struct Documents {
    /// By the number they begin after.
    kept: Mutex<HashMap<u64, Arc<Signed>>>,
    making: Semaphore,
}

impl Default for Documents {
    fn default() -> Self {
        Self { kept: Mutex::default(), making: Semaphore::new(1) }
    }
}

impl Documents {
    fn kept(&self) -> MutexGuard<'_, HashMap<u64, Arc<Signed>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, begin: u64, signed: &Arc<Signed>, now: Timestamp) {
        let mut kept = self.kept();
        kept.retain(|_, signed| signed.is_young(now));
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(begin, Arc::clone(signed));
    }
}

impl App {
    /// The document to go on with for somebody who has everything up to `after`. Whoever is told less than they have
    /// ([`Signed::head`]) has followed a store that was set back.
    pub(crate) async fn revocations_after(&self, after: u64) -> Result<Arc<Signed>, Failure> {
        let position = self.inner.revocations.position();
        if after >= position {
            return self.document(position).await;
        }
        // What is forgotten is at the beginning, and one document goes over all of it.
        let first = self.document(0).await?;
        if after < first.upto {
            return Ok(first);
        }
        self.document(after - after % u64::from(PAGE)).await
    }

    /// The document that begins there: one that was made before, or a new one.
    async fn document(&self, begin: u64) -> Result<Arc<Signed>, Failure> {
        let documents = &self.inner.revocations.documents;
        if let Some(good) = self.good_document(begin) {
            return Ok(good);
        }
        let _turn = documents.making.acquire().await.map_err(|_| Failure::Overloaded)?;
        if let Some(good) = self.good_document(begin) {
            return Ok(good);
        }
        let now = self.now();
        let feed = self.inner.store.read(RevocationsAfter { after: begin, limit: PAGE }).await?;
        if feed.epoch != self.inner.revocations.epoch() {
            self.follow_revocations().await?;
        }
        let signed = Arc::new(Signed::new(self, begin, &feed, now)?);
        documents.keep(begin, &signed, now);
        Ok(signed)
    }

    fn good_document(&self, begin: u64) -> Option<Arc<Signed>> {
        let revocations = &self.inner.revocations;
        let kept = revocations.documents.kept().get(&begin).cloned()?;
        kept.is_good(self.keyring().signing().ok()?.kid(), self.now(), revocations).then_some(kept)
    }
}
