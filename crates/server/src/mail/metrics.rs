//! What is counted of mail, through the facade `metrics`: whatever recorder the program installs gets it, and without one it costs a
//! comparison. Labels are words of our own tables.

use metrics::{counter, gauge};

use crate::domain::mail::Kind;
use crate::domain::time::Timestamp;
use crate::store::outbox::Waiting;

/// Every metric, with what it means. `docs/guides/mail.md` has the same table.
const MAILS: &str = "jotgate_mails_total";
const WAITING: &str = "jotgate_mails_waiting";
const OLDEST: &str = "jotgate_mails_oldest_seconds";

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was queued here.
    Queued,
    /// A server has taken it.
    Sent,
    /// There was nothing to send: nobody has the address, it was settled meanwhile, or there were enough of its kind.
    Dropped,
    /// It is tried again later.
    Retried,
    /// It was given up.
    Failed,
}

impl Fate {
    const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Dropped => "dropped",
            Self::Retried => "retried",
            Self::Failed => "failed",
        }
    }
}

pub(crate) fn fate(kind: Kind, fate: Fate) {
    counter!(MAILS, "kind" => kind.name(), "fate" => fate.name()).increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "no count of mails and no age of one comes near 2^53")]
pub(crate) fn waiting(waiting: Waiting, now: Timestamp) {
    let age = waiting.oldest.map_or(0, |oldest| now.millis_since(oldest) / 1000);
    gauge!(WAITING).set(waiting.count as f64);
    gauge!(OLDEST).set(age as f64);
}
