//! Everything of one issuer that has ended and could still be used. A server and the guards in its process share one.

use std::sync::atomic::{AtomicU64, Ordering};

use super::names::Names;
use super::table::Kept;
use super::{Entry, Subject};
use crate::VerificationCode;

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
    sids: Names<i64>,
    jtis: Names<i64>,
    kids: Names<i64>,
    subs: Names<SubEnd>,
    last_seq: AtomicU64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
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

    /// Whether a key has been revoked, by its `kid`.
    #[must_use]
    pub fn has_key(&self, kid: &str) -> bool {
        is_in(&self.kids, Some(kid))
    }

    fn is_over_for(&self, token: &TokenFacts<'_>) -> bool {
        let end = token.sub.and_then(|sub| self.subs.get(sub));
        end.is_some_and(|end| token.iat.is_none_or(|iat| iat < end.issued_before))
    }

    /// Takes an entry in. In any order and as often as it comes: the widest end that was seen holds.
    pub fn apply(&self, entry: Entry) {
        match entry.subject {
            Subject::Sid(sid) => self.sids.put(sid, entry.forget_at, i64::max),
            Subject::Jti(jti) => self.jtis.put(jti, entry.forget_at, i64::max),
            Subject::Kid(kid) => self.kids.put(kid, entry.forget_at, i64::max),
            Subject::Sub { sub, issued_before } => {
                self.subs.put(sub, SubEnd { issued_before, forget_at: entry.forget_at }, SubEnd::widest);
            }
        }
        self.last_seq.fetch_max(entry.seq, Ordering::AcqRel);
    }

    /// Drops what no living token can matter to any more. `now` in seconds since 1970.
    pub fn forget(&self, now: i64) {
        for names in [&self.sids, &self.jtis, &self.kids] {
            names.retain(|forget_at| forget_at > now);
        }
        self.subs.retain(|end| end.forget_at > now);
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

impl SubEnd {
    fn widest(self, other: Self) -> Self {
        Self {
            issued_before: self.issued_before.max(other.issued_before),
            forget_at: self.forget_at.max(other.forget_at),
        }
    }
}

impl Kept for SubEnd {
    fn to_numbers(self) -> [i64; 2] {
        [self.issued_before, self.forget_at]
    }

    fn from_numbers([issued_before, forget_at]: [i64; 2]) -> Self {
        Self { issued_before, forget_at }
    }
}

fn is_in(names: &Names<i64>, name: Option<&str>) -> bool {
    name.is_some_and(|name| names.get(name).is_some())
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
}
