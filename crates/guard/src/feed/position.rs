//! How far a feed has been followed, and what a document means to somebody who is there. Pure.
//!
//! - Numbers are followed without a gap: a document that begins after what is known is refused.
//! - Another epoch, or a head below what is known, means that the issuer's data were put back to an older state: what was
//!   followed is worth nothing, and it begins anew. Only a document that is newer than all before may say so, or an old one
//!   could be sent again to make a verifier forget.

use jotgate_wire::FeedDocument;

/// How far a feed has been followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    epoch: Option<i64>,
    /// Everything up to this number is known.
    pub(super) upto: u64,
    /// The newest `iat` of all documents.
    newest: i64,
}

/// What to do with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Take its entries in; with that everything is known up to here.
    Take(Position),
    /// Forget what is known, at the end, and follow from the beginning.
    StartOver,
}

/// Why a document changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    #[error("its numbers do not fit together")]
    Inconsistent,
    #[error("it leaves something out after what is known")]
    Gap,
    #[error("it is from the future: the issuer's clock and this one differ")]
    Future,
    #[error("it is of another numbering, and not newer than what is known")]
    Old,
}

impl Position {
    /// Nothing is known.
    pub(super) const START: Self = Self { epoch: None, upto: 0, newest: i64::MIN };

    /// The beginning, for somebody who has seen documents: the newest of them still counts.
    pub(super) fn start_over(self) -> Self {
        Self { newest: self.newest, ..Self::START }
    }

    /// Judges a document at the time `now`, in seconds since 1970; `leeway` is how far clocks may differ.
    pub(super) fn step(self, document: &FeedDocument, now: i64, leeway: i64) -> Result<Step, Unfit> {
        if !document.is_consistent() {
            return Err(Unfit::Inconsistent);
        }
        if document.iat > now.saturating_add(leeway) {
            return Err(Unfit::Future);
        }
        let is_other = self.epoch.is_some_and(|epoch| epoch != document.epoch) || document.head < self.upto;
        if is_other {
            return if document.iat > self.newest { Ok(Step::StartOver) } else { Err(Unfit::Old) };
        }
        if document.after > self.upto {
            return Err(Unfit::Gap);
        }
        Ok(Step::Take(Self {
            epoch: Some(document.epoch),
            upto: self.upto.max(document.upto),
            newest: self.newest.max(document.iat),
        }))
    }
}

#[cfg(test)]
mod tests {
    use jotgate_wire::{Entry, Subject};

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn document(epoch: i64, (after, upto, head): (u64, u64, u64), iat: i64) -> FeedDocument {
        let entry = |seq| Entry { seq, subject: Subject::Sid("s1".into()), forget_at: NOW };
        let (iss, aud) = ("https://i.example".to_owned(), FeedDocument::AUDIENCE.to_owned());
        let entries = (after + 1..=upto).map(entry).collect();
        FeedDocument { iss, aud, iat, exp: iat + 120, epoch, after, upto, head, entries }
    }

    fn at(epoch: i64, upto: u64, newest: i64) -> Position {
        Position { epoch: Some(epoch), upto, newest }
    }

    #[test]
    fn each_document_means_what_it_says_to_somebody_who_is_there() {
        let here = at(1, 5, NOW);
        let take = |upto, newest| Ok(Step::Take(at(1, upto, newest)));
        for (what, document, expected) in [
            ("the next", document(1, (5, 7, 7), NOW + 1), take(7, NOW + 1)),
            ("a heartbeat", document(1, (5, 5, 5), NOW + 1), take(5, NOW + 1)),
            ("one that says more than is needed", document(1, (2, 6, 9), NOW), take(6, NOW)),
            ("an old one, sent again", document(1, (0, 5, 5), NOW - 50), take(5, NOW)),
            ("an old one with less", document(1, (0, 3, 3), NOW - 50), Err(Unfit::Old)),
            ("one of the same second with less", document(1, (0, 3, 3), NOW), Err(Unfit::Old)),
            ("one of a store that was set back", document(1, (0, 3, 3), NOW + 1), Ok(Step::StartOver)),
            ("one of another numbering", document(2, (5, 7, 7), NOW + 1), Ok(Step::StartOver)),
            ("an old one of another numbering", document(0, (5, 7, 7), NOW - 1), Err(Unfit::Old)),
            ("one after a gap", document(1, (6, 7, 7), NOW + 1), Err(Unfit::Gap)),
            ("one from the future", document(1, (5, 7, 7), NOW + 31), Err(Unfit::Future)),
            ("one whose numbers do not fit", document(1, (5, 7, 6), NOW), Err(Unfit::Inconsistent)),
        ] {
            assert_eq!(here.step(&document, NOW, 30), expected, "{what}");
        }
    }

    #[test]
    fn at_the_start_any_numbering_is_the_right_one() {
        assert_eq!(Position::START.step(&document(9, (0, 2, 2), NOW), NOW, 30), Ok(Step::Take(at(9, 2, NOW))));
        let again = at(1, 5, NOW).start_over();
        assert_eq!(again.step(&document(2, (0, 1, 1), NOW + 1), NOW, 30), Ok(Step::Take(at(2, 1, NOW + 1))));
    }
}
