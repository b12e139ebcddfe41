//! What is counted, through the facade `metrics`: whatever recorder the program installs gets it, and without one it costs a comparison.
//! A library installs none: the program does (`jotgate serve` one for Prometheus, if `metrics.listen` says so).
//!
//! Labels are words of our own tables and never anything that somebody outside has written, so that nobody outside can make more of them.

use metrics::{Unit, counter, describe_counter, describe_gauge, gauge};

use crate::app::App;
use crate::domain::mail::Kind;
use crate::domain::time::Timestamp;
use crate::mail::Fate;
use crate::store::outbox::Waiting;
use crate::store::sessions::RotateOutcome;
use crate::throttle::Act;

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Whether it only grows; else it is what is now.
    pub is_counter: bool,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it means.
    pub meaning: &'static str,
}

const REQUESTS: &str = "jotgate_requests_total";
const REFRESHES: &str = "jotgate_refreshes_total";
const THROTTLED: &str = "jotgate_throttled_total";
const LARGE_TOKENS: &str = "jotgate_large_access_tokens_total";
const MAILS: &str = "jotgate_mails_total";
const WAITING: &str = "jotgate_mails_waiting";
const OLDEST: &str = "jotgate_mails_oldest_seconds";
const HASHES_WAITING: &str = "jotgate_password_hashes_waiting";
const HASHES_RUNNING: &str = "jotgate_password_hashes_running";
const FEED_POSITION: &str = "jotgate_feed_position";
const FEED_UNREADABLE: &str = "jotgate_feed_unreadable_seconds";
const KEYS_VERSION: &str = "jotgate_keys_version";
const KEYS_USABLE: &str = "jotgate_keys_usable";
const SIGNING_KEY_AGE: &str = "jotgate_signing_key_age_seconds";

/// Every metric of the server, in the order of `docs/reference/metrics.md`. Those of a guard in the same process are in its crate's
/// documentation.
pub const METRICS: &[Metric] = &[
    counts(
        REQUESTS,
        &["method", "path", "status", "code"],
        "requests answered; `path` is the route and `code` that of the refusal, if any",
    ),
    counts(
        REFRESHES,
        &["outcome"],
        "genuine refresh tokens: `rotated`, `replayed` (the same successor again), `reused` (which ended the session), `overtaken`, `refused`, `failed` (the store did)",
    ),
    counts(THROTTLED, &["act"], "tries that had to wait: `log_in`, `register`, `forgot` and so on"),
    counts(LARGE_TOKENS, &[], "access tokens larger than 3 KiB"),
    counts(
        MAILS,
        &["kind", "fate"],
        "mails that were `queued`, `sent`, `dropped` (nobody has the address, it was settled meanwhile, or there were enough of its kind), `retried`, `failed`",
    ),
    shows(WAITING, "mails that wait or are being sent"),
    shows(OLDEST, "how long the oldest of them has waited, when the outbox was last looked at"),
    shows(
        HASHES_WAITING,
        "password hashes that wait for their turn; with `passwords.max_waiting` of them more get 503",
    ),
    shows(HASHES_RUNNING, "password hashes that are computed"),
    shows(FEED_POSITION, "number of the last end in the revocation feed that this server knows"),
    shows(
        FEED_UNREADABLE,
        "how long this server has not been able to read what has ended; after 10 its own routes refuse",
    ),
    shows(KEYS_VERSION, "version of the stored keys that this server has; all servers of a store soon have the same"),
    shows(KEYS_USABLE, "1 if there are keys for new tokens and every stored key opens, else 0"),
    shows(SIGNING_KEY_AGE, "how long the key for new tokens has been signing; 0 if there is none"),
];

const fn counts(name: &'static str, labels: &'static [&'static str], meaning: &'static str) -> Metric {
    Metric { name, is_counter: true, labels, meaning }
}

const fn shows(name: &'static str, meaning: &'static str) -> Metric {
    Metric { name, is_counter: false, labels: &[], meaning }
}

/// Tells the recorder what each metric means.
pub(crate) fn describe() {
    for Metric { name, is_counter, meaning, .. } in METRICS {
        match is_counter {
            true => describe_counter!(*name, Unit::Count, *meaning),
            false => describe_gauge!(*name, *meaning),
        }
    }
}

/// A request was answered. The path is that of the table of routes.
pub(crate) fn answered(method: &'static str, path: &str, status: u16, code: &'static str) {
    counter!(REQUESTS, "method" => method, "path" => path.to_owned(), "status" => status.to_string(), "code" => code)
        .increment(1);
}

/// A genuine refresh token was presented.
pub(crate) fn refreshed<E>(outcome: &Result<RotateOutcome, E>) {
    let outcome = match outcome {
        Ok(RotateOutcome::Rotated { .. }) => "rotated",
        Ok(RotateOutcome::Replayed { .. }) => "replayed",
        Ok(RotateOutcome::Reused { .. }) => "reused",
        Ok(RotateOutcome::Overtaken) => "overtaken",
        Ok(RotateOutcome::Refused(_) | RotateOutcome::Unknown) => "refused",
        Err(_) => "failed",
    };
    counter!(REFRESHES, "outcome" => outcome).increment(1);
}

/// A try has to wait.
pub(crate) fn throttled(act: Act) {
    counter!(THROTTLED, "act" => act.name()).increment(1);
}

/// An access token is large.
pub(crate) fn large_token() {
    counter!(LARGE_TOKENS).increment(1);
}

/// Something became of a mail.
pub(crate) fn mail(kind: Kind, fate: Fate) {
    counter!(MAILS, "kind" => kind.name(), "fate" => fate.name()).increment(1);
}

/// So much mail waits.
pub(crate) fn mail_waits(waiting: Waiting, now: Timestamp) {
    gauge!(WAITING).set(as_f64(waiting.count));
    gauge!(OLDEST).set(as_f64(seconds_since(waiting.oldest.unwrap_or(now), now)));
}

impl App {
    /// Sets the gauges that show what is now. A program with a recorder of its own calls it before that is read; the listener of
    /// [`Server`](crate::Server) does by itself.
    pub fn observe(&self) {
        let (now, ring) = (self.now(), self.keyring());
        let (hasher, revocations) = (&self.inner.hasher, &self.inner.revocations);
        let usable = ring.can_issue(now).is_ok() && ring.failure().is_none();
        gauge!(HASHES_WAITING).set(as_f64(hasher.waiting() as u64));
        gauge!(HASHES_RUNNING).set(as_f64(hasher.running() as u64));
        gauge!(FEED_POSITION).set(as_f64(revocations.position()));
        gauge!(FEED_UNREADABLE).set(as_f64(revocations.freshness.unreadable_seconds(now)));
        gauge!(KEYS_VERSION).set(as_f64(ring.version()));
        gauge!(KEYS_USABLE).set(as_f64(u64::from(usable)));
        gauge!(SIGNING_KEY_AGE).set(as_f64(seconds_since(ring.signing_since().unwrap_or(now), now)));
    }
}

fn seconds_since(then: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.millis_since(then) / 1000).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "no count and no age here comes near 2^53")]
fn as_f64(number: u64) -> f64 {
    number as f64
}
