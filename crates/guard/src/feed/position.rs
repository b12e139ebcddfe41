//! How far a feed has been followed, and what a document means to somebody who is there. Pure.
//!
//! - Numbers are followed without a gap: a document that begins after what is known is refused.
//! - A higher epoch means that the issuer's data were put back to an older state: what was followed is worth nothing, and it
//!   begins anew. Only a document that is newer than all before may say so, or an old one could be sent again to make a
//!   verifier forget.
//! - A lower epoch, or a head below what is known, is as a rule the word of a server that lags behind the others. What is known
//!   stays, and is asked for again from the lowest head that was seen, so that nothing is missed should the data have been put
//!   back after all. When nobody has known more for [`PATIENCE`], they have.

use std::time::Duration;

use jotgate_wire::FeedDocument;
use tokio::time::Instant;

/// How long every answer has to be behind what is known until it counts as put back. Servers lag behind each other by a second
/// or two.
const PATIENCE: Duration = Duration::from_secs(30);

/// How far a feed has been followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    epoch: Option<i64>,
    /// Everything up to this number is known.
    upto: u64,
    /// The newest `iat` of all documents that were taken.
    newest: i64,
    behind: Option<Behind>,
}

/// Answers that are behind what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Behind {
    since: Instant,
    /// What follows after this number may be something else by now.
    lowest: u64,
}

/// When a document is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Seconds since 1970.
    pub(super) now: i64,
    /// How far clocks may differ, in seconds.
    pub(super) leeway: i64,
    /// The same moment for intervals.
    pub(super) instant: Instant,
}

/// What to do with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Take its entries in; with that everything is known up to here.
    Take(Position),
    /// Take nothing, keep what is known, and ask again.
    AskAgain(Position),
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
    pub(super) const START: Self = Self { epoch: None, upto: 0, newest: i64::MIN, behind: None };

    /// The beginning, for somebody who has seen documents: the newest of them still counts.
    pub(super) fn start_over(self) -> Self {
        Self { newest: self.newest, ..Self::START }
    }

    /// The number to go on after.
    pub(super) fn after(self) -> u64 {
        self.behind.map_or(self.upto, |behind| behind.lowest.min(self.upto))
    }

    /// Whether a document of this head, taken in, leaves something to ask for.
    pub(super) fn lacks(self, head: u64) -> bool {
        self.after() < head
    }

    /// Judges a document.
    pub(super) fn step(self, document: &FeedDocument, at: Moment) -> Result<Step, Unfit> {
        if !document.is_consistent() {
            return Err(Unfit::Inconsistent);
        }
        if document.iat > at.now.saturating_add(at.leeway) {
            return Err(Unfit::Future);
        }
        let epoch = self.epoch.unwrap_or(document.epoch);
        if document.epoch != epoch || document.head < self.upto {
            return if document.iat > self.newest { Ok(self.differs(document, epoch, at)) } else { Err(Unfit::Old) };
        }
        if document.after > self.after() {
            return Err(Unfit::Gap);
        }
        // While the answers were behind, the same numbers may have got another meaning.
        let behind = self.behind.filter(|_| document.upto < self.upto);
        Ok(Step::Take(Self {
            epoch: Some(epoch),
            upto: self.upto.max(document.upto),
            newest: self.newest.max(document.iat),
            behind: behind.map(|behind| Behind { lowest: document.upto, ..behind }),
        }))
    }

    /// A newer document of another numbering, or of less than is known.
    fn differs(self, document: &FeedDocument, epoch: i64, at: Moment) -> Step {
        let since = self.behind.map_or(at.instant, |behind| behind.since);
        if document.epoch > epoch || at.instant.duration_since(since) >= PATIENCE {
            return Step::StartOver;
        }
        let head = if document.epoch < epoch { 0 } else { document.head };
        let behind = Behind { since, lowest: self.after().min(head) };
        Step::AskAgain(Self { behind: Some(behind), ..self })
    }
}

#[cfg(test)]
mod tests {
    use jotgate_wire::{Entry, Subject};

    use super::*;
    use crate::clock::monotonic;

    const NOW: i64 = 1_800_000_000;

    fn document(epoch: i64, (after, upto, head): (u64, u64, u64), iat: i64) -> FeedDocument {
        let entry = |seq| Entry { seq, subject: Subject::Sid("s1".into()), forget_at: NOW };
        let (iss, aud) = ("https://i.example".to_owned(), FeedDocument::AUDIENCE.to_owned());
        let entries = (after + 1..=upto).map(entry).collect();
        FeedDocument { iss, aud, iat, exp: iat + 120, epoch, after, upto, head, entries }
    }

    fn at(epoch: i64, upto: u64, newest: i64) -> Position {
        Position { epoch: Some(epoch), upto, newest, behind: None }
    }

    fn seconds_after(begin: Instant, seconds: u64) -> Moment {
        Moment { now: NOW, leeway: 30, instant: begin + Duration::from_secs(seconds) }
    }

    #[test]
    fn each_document_means_what_it_says_to_somebody_who_is_there() {
        let (here, moment) = (at(1, 5, NOW), seconds_after(monotonic(), 0));
        let take = |upto, newest| Ok(Step::Take(at(1, upto, newest)));
        let ask = |lowest| {
            let behind = Some(Behind { since: moment.instant, lowest });
            Ok(Step::AskAgain(Position { behind, ..here }))
        };
        for (what, document, expected) in [
            ("the next", document(1, (5, 7, 7), NOW + 1), take(7, NOW + 1)),
            ("a heartbeat", document(1, (5, 5, 5), NOW + 1), take(5, NOW + 1)),
            ("one that says more than is needed", document(1, (2, 6, 9), NOW), take(6, NOW)),
            ("an old one, sent again", document(1, (0, 5, 5), NOW - 50), take(5, NOW)),
            ("an old one with less", document(1, (0, 3, 3), NOW - 50), Err(Unfit::Old)),
            ("one of the same second with less", document(1, (0, 3, 3), NOW), Err(Unfit::Old)),
            ("one of a server that is behind", document(1, (0, 3, 3), NOW + 1), ask(3)),
            ("one of another numbering", document(2, (5, 7, 7), NOW + 1), Ok(Step::StartOver)),
            ("an old one of another numbering", document(2, (5, 7, 7), NOW), Err(Unfit::Old)),
            ("one of an earlier numbering", document(0, (5, 7, 7), NOW + 1), ask(0)),
            ("an old one of an earlier numbering", document(0, (5, 7, 7), NOW - 1), Err(Unfit::Old)),
            ("one after a gap", document(1, (6, 7, 7), NOW + 1), Err(Unfit::Gap)),
            ("one from the future", document(1, (5, 7, 7), NOW + 31), Err(Unfit::Future)),
            ("one whose numbers do not fit", document(1, (5, 7, 6), NOW), Err(Unfit::Inconsistent)),
        ] {
            assert_eq!(here.step(&document, moment), expected, "{what}");
        }
    }

    #[test]
    fn at_the_start_any_numbering_is_the_right_one() {
        let moment = seconds_after(monotonic(), 0);
        assert_eq!(Position::START.step(&document(9, (0, 2, 2), NOW), moment), Ok(Step::Take(at(9, 2, NOW))));
        let again = at(1, 5, NOW).start_over();
        assert_eq!(again.step(&document(2, (0, 1, 1), NOW + 1), moment), Ok(Step::Take(at(2, 1, NOW + 1))));
    }

    /// The position after documents of these heads, each so many seconds after the first, all of them newer than what is known.
    fn after_heads(heads: &[(u64, u64)]) -> Result<Position, Step> {
        let begin = monotonic();
        let mut here = at(1, 9, NOW);
        for (seconds, head) in heads {
            let from = here.after().min(*head);
            match here.step(&document(1, (from, *head, *head), NOW + 1), seconds_after(begin, *seconds)).unwrap() {
                Step::AskAgain(next) => here = next,
                // Of the same second again, so that the next one still counts.
                Step::Take(next) => here = Position { newest: NOW, ..next },
                Step::StartOver => return Err(Step::StartOver),
            }
        }
        Ok(here)
    }

    #[test]
    fn a_server_that_is_behind_is_waited_for_and_data_that_were_put_back_are_followed() {
        let after = |heads: &[(u64, u64)]| after_heads(heads).map(Position::after);
        assert_eq!(after(&[(0, 7)]), Ok(7));
        assert_eq!(after(&[(0, 7), (10, 5), (20, 8)]), Ok(5), "what follows after the lowest may have changed");
        assert_eq!(after(&[(0, 7), (10, 9)]), Ok(9), "it has caught up");
        assert_eq!(after(&[(0, 7), (29, 7)]), Ok(7));
        assert_eq!(after(&[(0, 7), (30, 7)]), Err(Step::StartOver));
        assert_eq!(after(&[(0, 7), (20, 9), (30, 7), (59, 8)]), Ok(7), "somebody knew more meanwhile");
        assert_eq!(after(&[(0, 7), (20, 9), (30, 7), (60, 8)]), Err(Step::StartOver));
    }

    #[test]
    fn what_may_have_changed_is_read_to_its_end() {
        let begin = monotonic();
        let Ok(Step::AskAgain(here)) = at(1, 9, NOW).step(&document(1, (0, 4, 4), NOW + 1), seconds_after(begin, 0))
        else {
            panic!("it is behind")
        };
        let step = |here: Position, document| here.step(&document, seconds_after(begin, 1));
        assert_eq!(step(here, document(1, (5, 12, 12), NOW + 2)), Err(Unfit::Gap));
        let Ok(Step::Take(here)) = step(here, document(1, (4, 7, 12), NOW + 2)) else { panic!("it goes on") };
        assert_eq!((here.after(), here.lacks(12)), (7, true));
        assert_eq!(step(here, document(1, (7, 12, 12), NOW + 2)), Ok(Step::Take(at(1, 12, NOW + 2))));
    }
}
