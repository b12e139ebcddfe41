//! The status lists (draft-ietf-oauth-status-list-21): what the revocations say of sessions, for verifiers that follow a
//! standard and not our feed.
//!
//! - A list has a bit for each of 131,072 sessions. It is made of what this process knows to have ended, asks the store for
//!   nothing, and is made anew when something of it has changed, so that a flood of requests costs one build.
//! - A bit is set for as long as a token of the session can be alive, like its entry of the revocations. Nothing is kept of
//!   lists in which nothing has ended, and no list is ever gone: it says that nothing in it has ended.
//! - A key that is revoked ends tokens and not sessions; who verifies by these lists sees it leave the key set.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jotgate_jose::{SignError, SigningKey, jwt};
use jotgate_wire::{StatusList, StatusListClaims};

use crate::app::App;
use crate::domain::revocation::Subject;
use crate::domain::session::SessionId;
use crate::domain::status::StatusIndex;
use crate::domain::time::Timestamp;
use crate::flows::Failure;
use crate::random;
use crate::store::StoreError;
use crate::store::revocations::FeedEntry;
use crate::store::status::{StatusIndexesTaken, TakeStatusIndexes};

/// Seconds after which a verifier should ask again (`ttl`), and caches, too.
pub(crate) const TTL_SECONDS: i64 = 30;
/// Seconds after which a list no longer counts (`exp`): enough for a server to be restarted.
const LIFE_SECONDS: i64 = 600;
/// Numbers that are taken from the store at a time. Those that a stopping process still has are never given.
const TAKEN_AT_A_TIME: u32 = 32;
/// Lists in memory in which nothing has ended; with more of them all of these are dropped.
const MOST_BARE: usize = 256;

/// What this process knows of the lists.
#[derive(Debug, Default)]
pub(crate) struct StatusLists {
    /// Numbers that are taken and not given yet.
    taken: Mutex<Range<u64>>,
    /// So many numbers were taken by whomever, when this was last looked up.
    seen: AtomicU64,
    lists: Mutex<HashMap<u64, List>>,
}

#[derive(Debug, Default)]
struct List {
    /// The places of ended sessions, each with the time from which on it can be forgotten.
    ended: BTreeMap<u64, Timestamp>,
    built: Option<Built>,
}

/// A list that is ready to send.
#[derive(Debug, Clone)]
pub(crate) struct Built {
    pub(crate) jwt: Bytes,
    made_at: i64,
    kid: String,
}

impl StatusLists {
    /// Takes in what has ended.
    pub(crate) fn take_in(&self, entries: &[FeedEntry]) {
        let mut lists = self.lists();
        for entry in entries {
            let Subject::Session(session) = &entry.revocation.subject else { continue };
            let Some(index) = StatusIndex::of(*session) else { continue };
            let list = lists.entry(index.list()).or_default();
            list.ended.insert(index.place(), entry.revocation.forget_at);
            list.built = None;
        }
    }

    fn build(&self, id: u64, uri: String, key: &SigningKey, now: Timestamp) -> Result<Built, SignError> {
        let mut lists = self.lists();
        make_room(&mut lists, id);
        let list = lists.entry(id).or_default();
        if let Some(built) = list.built.as_ref().filter(|built| built.is_fresh(key, now)) {
            return Ok(built.clone());
        }
        let built = build(list, uri, key, now.seconds())?;
        list.built = Some(built.clone());
        Ok(built)
    }

    /// Drops the places of sessions of which no living token can be left.
    pub(crate) fn forget(&self, now: Timestamp) {
        for list in self.lists().values_mut() {
            list.ended.retain(|_, forget_at| *forget_at > now);
        }
    }

    fn next_taken(&self) -> Option<u64> {
        self.taken().next()
    }

    fn taken(&self) -> MutexGuard<'_, Range<u64>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lists(&self) -> MutexGuard<'_, HashMap<u64, List>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Built {
    /// The first bytes of the signature, which is different for every list that is different.
    pub(crate) fn etag(&self) -> String {
        let signature = self.jwt.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
        format!("\"{}\"", String::from_utf8_lossy(signature.get(..22).unwrap_or(signature)))
    }

    fn is_fresh(&self, key: &SigningKey, now: Timestamp) -> bool {
        self.kid == key.kid() && (0..TTL_SECONDS).contains(&(now.seconds() - self.made_at))
    }
}

impl App {
    /// The id of a session that begins now, with a place in the lists where there are any.
    pub(crate) async fn session_id(&self, now: Timestamp) -> Result<SessionId, StoreError> {
        let id = random::uuid(&*self.inner.random, now);
        if !self.config().tokens.status_list {
            return Ok(SessionId::new(id));
        }
        Ok(StatusIndex::new(self.status_number().await?).put_into(id))
    }

    async fn status_number(&self) -> Result<u64, StoreError> {
        let lists = &self.inner.revocations.status_lists;
        if let Some(number) = lists.next_taken() {
            return Ok(number);
        }
        let end = self.inner.store.write(TakeStatusIndexes { count: TAKEN_AT_A_TIME }).await?;
        let mut own = end.saturating_sub(u64::from(TAKEN_AT_A_TIME))..end;
        let number = own.next().unwrap_or(end);
        // A neighbour may have come back first: what it has left is lost, and numbers are not scarce.
        *lists.taken() = own;
        Ok(number)
    }

    /// Whether a session can have a place in the list. Numbers only grow, so a list that was there once is there.
    async fn has_status_list(&self, id: u64) -> Result<bool, StoreError> {
        let (first, seen) = (id.saturating_mul(StatusIndex::PLACES), &self.inner.revocations.status_lists.seen);
        if first >= seen.load(Ordering::Relaxed) {
            seen.fetch_max(self.inner.store.read(StatusIndexesTaken).await?, Ordering::Relaxed);
        }
        Ok(first < seen.load(Ordering::Relaxed))
    }

    /// The list of this number; nothing when no session has a place in it, or there are no lists.
    pub(crate) async fn status_list(&self, id: u64) -> Result<Option<Built>, Failure> {
        if !self.config().tokens.status_list {
            return Ok(None);
        }
        if !self.has_status_list(id).await? {
            return Ok(None);
        }
        let uri = self.inner.terms.status_list_uri(id);
        let keyring = self.keyring();
        let built = self.inner.revocations.status_lists.build(id, uri, keyring.signing()?, self.now());
        let built = built.map_err(|error| Failure::Internal(format!("a status list could not be signed: {error}")))?;
        Ok(Some(built))
    }
}

fn build(list: &List, uri: String, key: &SigningKey, now: i64) -> Result<Built, SignError> {
    let places = usize::try_from(StatusIndex::PLACES).unwrap_or(usize::MAX);
    let ended = list.ended.keys().filter_map(|place| usize::try_from(*place).ok());
    let claims = StatusListClaims {
        iss: None,
        sub: uri,
        iat: now,
        exp: Some(now + LIFE_SECONDS),
        ttl: u64::try_from(TTL_SECONDS).ok(),
        status_list: StatusList::of_invalid(places, ended).write(),
    };
    let jwt = jwt::sign(key, StatusList::TYPE, &claims)?;
    Ok(Built { jwt: Bytes::from(jwt), made_at: now, kid: key.kid().to_owned() })
}

/// Lists are asked for by anybody; those that can be made anew out of nothing are not kept without end.
fn make_room(lists: &mut HashMap<u64, List>, id: u64) {
    let bare = lists.values().filter(|list| list.ended.is_empty()).count();
    if bare >= MOST_BARE && !lists.contains_key(&id) {
        lists.retain(|_, list| !list.ended.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use jotgate_jose::{Algorithm, danger};
    use uuid::Uuid;

    use super::*;
    use crate::domain::revocation::Revocation;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn key() -> SigningKey {
        SigningKey::generate(Algorithm::EdDsa).unwrap()
    }

    fn ended(number: u64, forget_at: Timestamp) -> FeedEntry {
        let session = StatusIndex::new(number).put_into(Uuid::now_v7());
        FeedEntry { sequence: 1, revocation: Revocation { subject: Subject::Session(session), forget_at } }
    }

    fn list(lists: &StatusLists, id: u64, key: &SigningKey, now: Timestamp) -> StatusList {
        let built = lists.build(id, format!("https://a.example/status-lists/{id}"), key, now).unwrap();
        let shown = danger::decode(std::str::from_utf8(&built.jwt).unwrap()).unwrap();
        let claims: StatusListClaims = serde_json::from_value(shown.claims).unwrap();
        assert_eq!(claims.sub, format!("https://a.example/status-lists/{id}"));
        StatusList::read(&claims.status_list, 1 << 14).unwrap()
    }

    #[test]
    fn a_bit_is_set_from_the_end_until_no_token_can_be_left() {
        let (lists, key) = (StatusLists::default(), key());
        let set = |id, place, now| list(&lists, id, &key, now).status(place);
        assert_eq!(set(0, 7, NOW), Some(0));
        lists.take_in(&[ended(7, NOW.plus_seconds(100)), ended(131_072 + 9, NOW.plus_seconds(100))]);
        assert_eq!(
            (set(0, 7, NOW), set(0, 9, NOW), set(1, 9, NOW), set(1, 7, NOW)),
            (Some(1), Some(0), Some(1), Some(0))
        );
        lists.forget(NOW.plus_seconds(99));
        assert_eq!(set(0, 7, NOW.plus_seconds(1000)), Some(1), "by the time that is said, and no clock");
        lists.forget(NOW.plus_seconds(100));
        assert_eq!(set(0, 7, NOW.plus_seconds(1000 + TTL_SECONDS)), Some(0));
        assert_eq!(set(0, 131_072, NOW), None);
        assert!(lists.lists()[&0].ended.is_empty());
    }

    #[test]
    fn what_has_no_place_changes_nothing() {
        let lists = StatusLists::default();
        let session = Subject::Session(SessionId::new(Uuid::now_v7()));
        let of = |subject| FeedEntry { sequence: 1, revocation: Revocation { subject, forget_at: NOW } };
        lists.take_in(&[of(session), of(Subject::Key("k".into())), of(Subject::Token("t".into()))]);
        assert!(lists.lists().is_empty());
    }

    #[test]
    fn it_is_made_once_until_it_changes_ages_or_the_key_is_another() {
        let (lists, key) = (StatusLists::default(), key());
        let made = |key: &SigningKey, now| lists.build(0, "u".into(), key, now).unwrap().jwt;
        let first = made(&key, NOW);
        assert_eq!(made(&key, NOW.plus_seconds(TTL_SECONDS - 1)), first);
        assert_ne!(made(&key, NOW.plus_seconds(TTL_SECONDS)), first);
        let before = made(&key, NOW);
        lists.take_in(&[ended(1, NOW.plus_seconds(100))]);
        let changed = made(&key, NOW);
        assert_ne!(changed, before);
        assert_ne!(made(&self::key(), NOW), changed);
    }

    #[test]
    fn lists_without_an_end_are_not_kept_without_end() {
        let (lists, key) = (StatusLists::default(), key());
        lists.take_in(&[ended(5, NOW.plus_seconds(100))]);
        for id in 0..2000 {
            list(&lists, id, &key, NOW);
        }
        assert!(lists.lists().len() <= MOST_BARE + 1);
        assert_eq!(list(&lists, 0, &key, NOW.plus_seconds(1)).status(5), Some(1));
    }
}
