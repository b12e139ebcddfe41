//! What has ended before it expired: entries, and the set of them that a verifier keeps in memory.
//!
//! A server and the guards in its process share one [`RevocationSet`]. Reading takes no lock.

use std::sync::atomic::{AtomicU64, Ordering};

use papaya::HashMap;
use serde::{Deserialize, Serialize};

use crate::VerificationCode;

/// Something has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the issuer's order of ends, from 1.
    pub seq: u64,
    /// What has ended.
    pub subject: Subject,
    /// Seconds since 1970 from which on no token is left that it could matter to.
    pub forget_at: i64,
}

/// What an [`Entry`] ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A session, by its `sid`.
    Sid(String),
    /// The tokens of a person that were issued before a time.
    Sub {
        /// The person, by `sub`.
        sub: String,
        /// Seconds since 1970: tokens whose `iat` is below have ended, and those that have no `iat`.
        issued_before: i64,
    },
    /// One token, by its `jti`.
    Jti(String),
    /// Everything that a key has signed, by its `kid`.
    Kid(String),
}

/// What a verified token says that an entry may name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenFacts<'a> {
    /// The session.
    pub sid: Option<&'a str>,
    /// The person.
    pub sub: Option<&'a str>,
    /// The token.
    pub jti: Option<&'a str>,
    /// The key.
    pub kid: Option<&'a str>,
    /// Seconds since 1970 at which the token was issued.
    pub iat: Option<i64>,
}

/// Everything of one issuer that has ended and could still be used. Shared by reference; no lock is taken to read.
#[derive(Debug, Default)]
pub struct RevocationSet {
    /// Names, each with the time from which on it can be forgotten.
    sids: HashMap<Box<str>, i64>,
    jtis: HashMap<Box<str>, i64>,
    kids: HashMap<Box<str>, i64>,
    subs: HashMap<Box<str>, SubEnd>,
    last_seq: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
struct SubEnd {
    issued_before: i64,
    forget_at: i64,
}

impl RevocationSet {
    /// Nothing has ended.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says with which code a token has to be refused, if it has ended. Costs a look-up for each fact.
    #[must_use]
    pub fn check(&self, token: &TokenFacts<'_>) -> Option<VerificationCode> {
        if is_in(&self.kids, token.kid) {
            return Some(VerificationCode::KeyRevoked);
        }
        if is_in(&self.jtis, token.jti) {
            return Some(VerificationCode::TokenRevoked);
        }
        if is_in(&self.sids, token.sid) || self.is_over_for(token) {
            return Some(VerificationCode::SessionEnded);
        }
        None
    }

    fn is_over_for(&self, token: &TokenFacts<'_>) -> bool {
        let Some(sub) = token.sub.filter(|_| !self.subs.is_empty()) else { return false };
        let subs = self.subs.pin();
        subs.get(sub).is_some_and(|end| token.iat.is_none_or(|iat| iat < end.issued_before))
    }

    /// Takes an entry in. In any order and as often as it comes: the widest end that was seen holds.
    pub fn apply(&self, entry: Entry) {
        match entry.subject {
            Subject::Sid(sid) => keep_longest(&self.sids, sid, entry.forget_at),
            Subject::Jti(jti) => keep_longest(&self.jtis, jti, entry.forget_at),
            Subject::Kid(kid) => keep_longest(&self.kids, kid, entry.forget_at),
            Subject::Sub { sub, issued_before } => {
                self.end_sub(sub, SubEnd { issued_before, forget_at: entry.forget_at });
            }
        }
        self.last_seq.fetch_max(entry.seq, Ordering::AcqRel);
    }

    fn end_sub(&self, sub: String, end: SubEnd) {
        let widen = |known: &SubEnd| SubEnd {
            issued_before: known.issued_before.max(end.issued_before),
            forget_at: known.forget_at.max(end.forget_at),
        };
        self.subs.pin().update_or_insert(sub.into_boxed_str(), widen, end);
    }

    /// Drops what no living token can matter to any more. `now` in seconds since 1970.
    pub fn forget(&self, now: i64) {
        for names in [&self.sids, &self.jtis, &self.kids] {
            names.pin().retain(|_, forget_at| *forget_at > now);
        }
        self.subs.pin().retain(|_, end| end.forget_at > now);
    }

    /// How many names it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sids.len() + self.jtis.len() + self.kids.len() + self.subs.len()
    }

    /// Whether nothing has ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The highest [`Entry::seq`] seen; 0 before the first.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.last_seq.load(Ordering::Acquire)
    }
}

fn is_in(names: &HashMap<Box<str>, i64>, name: Option<&str>) -> bool {
    name.is_some_and(|name| !names.is_empty() && names.pin().contains_key(name))
}

fn keep_longest(names: &HashMap<Box<str>, i64>, name: String, forget_at: i64) {
    names.pin().update_or_insert(name.into_boxed_str(), |known| (*known).max(forget_at), forget_at);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: TokenFacts<'_> =
        TokenFacts { sid: Some("s1"), sub: Some("u1"), jti: Some("j1"), kid: Some("k1"), iat: Some(1000) };

    fn entry(seq: u64, subject: Subject, forget_at: i64) -> Entry {
        Entry { seq, subject, forget_at }
    }

    fn sub(issued_before: i64) -> Subject {
        Subject::Sub { sub: "u1".into(), issued_before }
    }

    #[test]
    fn each_kind_of_end_is_found_with_its_code() {
        let cases = [
            (Subject::Sid("s1".into()), Some(VerificationCode::SessionEnded)),
            (Subject::Sid("s2".into()), None),
            (sub(1001), Some(VerificationCode::SessionEnded)),
            (sub(1000), None),
            (Subject::Jti("j1".into()), Some(VerificationCode::TokenRevoked)),
            (Subject::Jti("s1".into()), None),
            (Subject::Kid("k1".into()), Some(VerificationCode::KeyRevoked)),
            (Subject::Kid(String::new()), None),
        ];
        for (subject, expected) in cases {
            let set = RevocationSet::new();
            set.apply(entry(1, subject.clone(), 2000));
            assert_eq!(set.check(&TOKEN), expected, "{subject:?}");
        }
    }

    #[test]
    fn a_token_without_a_time_counts_as_old() {
        let set = RevocationSet::new();
        set.apply(entry(1, sub(5), 2000));
        assert_eq!(set.check(&TokenFacts { iat: None, ..TOKEN }), Some(VerificationCode::SessionEnded));
    }

    #[test]
    fn a_token_without_names_has_not_ended() {
        let set = RevocationSet::new();
        set.apply(entry(1, Subject::Sid("s1".into()), 2000));
        assert_eq!(set.check(&TokenFacts::default()), None);
    }

    #[test]
    fn entries_may_come_twice_and_in_any_order() {
        let set = RevocationSet::new();
        set.apply(entry(7, sub(1500), 3000));
        set.apply(entry(3, sub(900), 2000));
        set.apply(entry(7, sub(1500), 3000));
        assert_eq!((set.len(), set.last_seq()), (1, 7));
        set.forget(2500);
        assert_eq!(set.check(&TOKEN), Some(VerificationCode::SessionEnded));
    }

    #[test]
    fn what_can_be_forgotten_is() {
        let set = RevocationSet::new();
        set.apply(entry(1, Subject::Sid("s1".into()), 2000));
        set.apply(entry(2, Subject::Jti("j1".into()), 2001));
        set.forget(2000);
        assert_eq!(set.len(), 1);
        assert_eq!(set.check(&TOKEN), Some(VerificationCode::TokenRevoked));
        set.forget(2001);
        assert!(set.is_empty());
    }

    #[test]
    fn an_entry_crosses_the_wire() {
        let entry = entry(9, sub(1000), 2000);
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(text, r#"{"seq":9,"subject":{"sub":{"sub":"u1","issued_before":1000}},"forget_at":2000}"#);
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
    }
}
