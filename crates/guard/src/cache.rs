//! Tokens that were verified before, so that their second sight costs a comparison instead of cryptography.
//!
//! - Only a token that passed every check is kept, and a hit is the same token, byte for byte.
//! - An entry belongs to the issuer that the token passed for, and so to one policy.
//! - It ends with `exp` (without leeway), with the key set it was verified with, and when the clock steps back before it.
//!   Whatever it no longer answers for is verified anew, so it can spare work but never change an answer.
//! - Revocations are looked up after it, at each request.
//! - Its size is fixed. A read takes no lock.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use jotgate_jose::KeySet;

use crate::Auth;
use crate::trusted::TrustedIssuer;

/// Longer tokens are verified each time: what an entry keeps in memory has to be bounded too.
const LONGEST_TOKEN: usize = 4096;

/// Pairs of places; a token has its place in one pair, which the end of its signature chooses.
pub(crate) struct Cache {
    pairs: Box<[[ArcSwapOption<Entry>; 2]]>,
}

struct Entry {
    token: Box<str>,
    tail: Tail,
    auth: Auth,
    issuer: Arc<TrustedIssuer>,
    keys: Arc<KeySet>,
    since: i64,
    until: i64,
}

/// The end of a signature: as good as random, and nobody knows it who does not have the token.
type Tail = u128;

impl Cache {
    /// Room for at least so many tokens; for 0, none.
    pub(crate) fn new(entries: usize) -> Self {
        let pairs = if entries == 0 { 0 } else { entries.div_ceil(2).next_power_of_two() };
        Self { pairs: (0..pairs).map(|_| [const { ArcSwapOption::const_empty() }; 2]).collect() }
    }

    /// Gives the token's issuer and who it speaks for to `answer`, if it passed before and would still pass all the same.
    pub(crate) fn get<T>(&self, token: &str, now: i64, answer: impl Fn(&Arc<TrustedIssuer>, &Auth) -> T) -> Option<T> {
        let tail = tail(token)?;
        self.pair(tail)?.iter().find_map(|place| {
            let entry = place.load();
            // The tail first: who does not know it learns nothing of the rest by measuring time.
            let entry = entry.as_ref().filter(|entry| entry.tail == tail && *entry.token == *token)?;
            entry.lives(now).then(|| answer(&entry.issuer, &entry.auth))
        })
    }

    /// Keeps a token that has just passed every check of its issuer.
    pub(crate) fn put(&self, token: &str, issuer: &Arc<TrustedIssuer>, keys: &Arc<KeySet>, now: i64, auth: &Auth) {
        let (Some(tail), true) = (tail(token), token.len() <= LONGEST_TOKEN) else { return };
        let Some([first, second]) = self.pair(tail) else { return };
        let is_free = |place: &ArcSwapOption<Entry>| !place.load().as_ref().is_some_and(|old| old.lives(now));
        let place = if !is_free(first) && (is_free(second) || tail & 1 == 1) { second } else { first };
        place.store(Some(Arc::new(Entry {
            token: token.into(),
            tail,
            auth: auth.clone(),
            issuer: Arc::clone(issuer),
            keys: Arc::clone(keys),
            since: now,
            until: auth.expires_at(),
        })));
    }

    fn pair(&self, tail: Tail) -> Option<&[ArcSwapOption<Entry>; 2]> {
        // Base64url leaves two bits of each byte unused; multiplying spreads the others (Fibonacci hashing).
        let spread = (tail.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835) >> 96) as usize;
        self.pairs.get(spread & self.pairs.len().wrapping_sub(1))
    }
}

impl Entry {
    fn lives(&self, now: i64) -> bool {
        self.since <= now && now < self.until && self.issuer.keys.are_still(&self.keys)
    }
}

fn tail(token: &str) -> Option<Tail> {
    token.as_bytes().last_chunk().map(|bytes| Tail::from_le_bytes(*bytes))
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("places", &(self.pairs.len() * 2)).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use arc_swap::ArcSwap;
    use jotgate_jose::{Algorithm, SigningKey, jwt};
    use serde_json::json;

    use super::*;
    use crate::Issuer;
    use crate::builder::Shared;

    const NOW: i64 = 1_800_000_000;
    const NAME: &str = "https://i.example";

    struct Tokens {
        key: SigningKey,
        keys: Arc<ArcSwap<KeySet>>,
        issuer: Arc<TrustedIssuer>,
    }

    impl Tokens {
        fn new() -> Self {
            let key = SigningKey::generate(Algorithm::EdDsa).unwrap().with_kid("k");
            let keys = Arc::new(ArcSwap::from_pointee(KeySet::new([key.verifying_key()]).unwrap()));
            let current = Arc::clone(&keys);
            let issuer = Issuer::new(NAME).audience("a").live_keys(move || current.load_full());
            Self { key, keys, issuer: Arc::new(issuer.build(&Shared::default()).unwrap()) }
        }

        fn make(&self, number: usize) -> (String, Auth) {
            let claims = json!({"iss": NAME, "aud": "a", "sub": number.to_string(), "exp": NOW + 60});
            let token = jwt::sign(&self.key, "at+jwt", &claims).unwrap();
            let auth = self.issuer.check(&token, &**self.keys.load(), NOW).unwrap();
            (token, auth)
        }

        fn put(&self, cache: &Cache, token: &str, auth: &Auth) {
            cache.put(token, &self.issuer, &self.keys.load_full(), NOW, auth);
        }
    }

    fn found(cache: &Cache, token: &str, now: i64) -> Option<String> {
        cache.get(token, now, |issuer, auth| {
            assert_eq!(&*issuer.name, NAME);
            auth.subject().to_owned()
        })
    }

    #[test]
    fn an_entry_ends_with_its_token_its_keys_and_a_clock_that_steps_back() {
        let (tokens, cache) = (Tokens::new(), Cache::new(16));
        let (token, auth) = tokens.make(7);
        assert_eq!(found(&cache, &token, NOW), None);
        tokens.put(&cache, &token, &auth);
        for (now, expected) in [(NOW, Some("7")), (NOW + 59, Some("7")), (NOW + 60, None), (NOW - 1, None)] {
            assert_eq!(found(&cache, &token, now).as_deref(), expected, "{now}");
        }
        let the_same_keys_anew = (*tokens.keys.load_full()).clone();
        tokens.keys.store(Arc::new(the_same_keys_anew));
        assert_eq!(found(&cache, &token, NOW), None);
    }

    #[test]
    fn a_hit_is_the_same_token_to_the_last_byte() {
        let (tokens, cache) = (Tokens::new(), Cache::new(1));
        let (token, auth) = tokens.make(7);
        tokens.put(&cache, &token, &auth);
        for at in 0..token.len() {
            let mut other = token.clone().into_bytes();
            other[at] ^= 1;
            let other = String::from_utf8(other).unwrap();
            assert_eq!(found(&cache, &other, NOW), None, "byte {at}");
        }
        assert_eq!(found(&cache, &token[1..], NOW), None);
        assert_eq!(found(&cache, "", NOW), None);
    }

    #[test]
    fn it_never_grows_and_newer_tokens_take_the_place_of_older_ones() {
        let (tokens, cache) = (Tokens::new(), Cache::new(8));
        let all: Vec<_> = (0..100).map(|number| tokens.make(number)).collect();
        for (token, auth) in &all {
            tokens.put(&cache, token, auth);
            assert!(found(&cache, token, NOW).is_some());
        }
        let kept = all.iter().filter(|(token, _)| found(&cache, token, NOW).is_some()).count();
        assert!(kept <= 8, "{kept} tokens in 8 places");
    }

    #[test]
    fn a_cache_without_room_keeps_nothing() {
        let (tokens, cache) = (Tokens::new(), Cache::new(0));
        let (token, auth) = tokens.make(7);
        tokens.put(&cache, &token, &auth);
        assert_eq!(found(&cache, &token, NOW), None);
    }

    #[test]
    fn long_tokens_are_not_kept() {
        let (tokens, cache) = (Tokens::new(), Cache::new(16));
        let (_, auth) = tokens.make(7);
        let long = "x".repeat(LONGEST_TOKEN + 1);
        tokens.put(&cache, &long, &auth);
        assert_eq!(found(&cache, &long, NOW), None);
    }
}
