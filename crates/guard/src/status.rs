//! What an issuer says of single tokens in its status lists (draft-ietf-oauth-status-list), for issuers whose ends are learnt in no
//! other way: the lists that requests read without a lock, each kept fresh by one task of its own.
//!
//! - Only a token that is good in itself is looked up, so only an issuer's own tokens lead to a list, and to no more than
//!   [`MOST_LISTS`] of them. A list that no token has named for a while is asked for no longer.
//! - A list is fetched as keys are: over https, from public addresses, within a time and a size.
//! - It stays on any error, up to its own `exp`, and is replaced by a good and newer one only ([`document`]).
//! - A request waits for the first fetch of a list and for no other, no longer than for keys, and no more than
//!   [`MOST_WAITING`] of them wait.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use jotgate_wire::{StatusReference, VerificationCode};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::keys::MOST_WAITING;
use crate::{Rejection, Stale, pace};

mod document;
mod list;

pub(crate) use document::Source;
pub(crate) use list::List;

/// Most lists of one issuer. Further ones count as lists that cannot be had.
pub(crate) const MOST_LISTS: usize = 128;

/// What a list says of a token.
pub(crate) enum Standing {
    /// Nothing against it.
    Valid,
    /// It has been taken back, with this status.
    TakenBack(u8),
    /// The list is fetched for the first time, which is worth waiting for.
    Coming(Arc<List>),
    /// The list cannot be had, or does not reach to the token's place (draft §8.3: no statement can be made).
    Unknown,
}

/// The status lists of one issuer. Dropping them ends their tasks.
pub(crate) struct StatusLists {
    /// What is done with a token whose status is not known.
    pub(crate) policy: Stale,
    /// Whether they are read also where something else says what has ended.
    pub(crate) always: bool,
    source: Arc<Source>,
    lists: ArcSwap<HashMap<Box<str>, Arc<List>>>,
    adding: Mutex<()>,
    places: Semaphore,
}

impl StatusLists {
    pub(crate) fn new(source: Source, policy: Stale, always: bool) -> Self {
        Self {
            policy,
            always,
            source: Arc::new(source),
            lists: ArcSwap::default(),
            adding: Mutex::new(()),
            places: Semaphore::new(MOST_WAITING),
        }
    }

    /// What is known of a place. Takes no lock where its list is here.
    ///
    /// # Errors
    /// When the place has an address that no list can have.
    pub(crate) fn standing(&self, place: &StatusReference, now: i64) -> Result<Standing, Rejection> {
        let known = self.lists.load();
        match known.get(&*place.uri) {
            Some(list) => Ok(list.standing(place.idx, now)),
            None => self.add(place, now),
        }
    }

    /// Waits for the first fetch of a list, at most until then. However it ends, the caller looks again.
    pub(crate) async fn wait(&self, list: &List, until: Instant) {
        if let Ok(_place) = self.places.try_acquire() {
            list.wait(until).await;
        }
    }

    /// Begins to fetch a list that no token has named before. Lists that nobody asks for any more make room.
    fn add(&self, place: &StatusReference, now: i64) -> Result<Standing, Rejection> {
        let address = self.source.address(&place.uri).map_err(|why| {
            Rejection::token(VerificationCode::ClaimMalformed, format!("`status` with an address of no use: {why}"))
        })?;
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.lists.load();
        if let Some(list) = known.get(&*place.uri) {
            return Ok(list.standing(place.idx, now));
        }
        if known.len() >= MOST_LISTS && known.values().all(|list| list.is_kept()) {
            self.note_too_many();
            return Ok(Standing::Unknown);
        }
        let list = Arc::new(List::new(Arc::clone(&self.source), &place.uri, address, now));
        let kept = known.iter().filter(|(_, list)| list.is_kept());
        let mut lists: HashMap<_, _> = kept.map(|(uri, list)| (uri.clone(), Arc::clone(list))).collect();
        lists.insert(place.uri.as_str().into(), Arc::clone(&list));
        self.lists.store(Arc::new(lists));
        Ok(list.standing(place.idx, now))
    }

    fn note_too_many(&self) {
        if let Some(held_back) = pace::may_log("status_lists") {
            let issuer = &*self.source.issuer;
            tracing::warn!(issuer, held_back, "tokens name more than {MOST_LISTS} status lists; no more are fetched");
        }
    }
}

impl fmt::Debug for StatusLists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lists = f.debug_struct("StatusLists");
        lists.field("policy", &self.policy).field("lists", &self.lists.load().len()).finish_non_exhaustive()
    }
}
