//! What a guard counts, through the facade `metrics`: whatever recorder the program installs gets it, and without one it costs a
//! comparison.
//!
//! Labels come from the configuration and from the tables of codes and never from a token, so that nobody outside can make more of
//! them. Each handle is made when it is first used: install the recorder before the first request.

use std::sync::{Arc, OnceLock};

use jotgate_wire::VerificationCode;
use metrics::{Counter, Gauge, Label, counter, gauge};

use crate::Rejection;

/// Every metric, with what it means. The crate's documentation has the same table.
pub(crate) const VERIFICATIONS: &str = "jotgate_guard_verifications_total";
pub(crate) const CACHE_HITS: &str = "jotgate_guard_cache_hits_total";
pub(crate) const KEY_FETCHES: &str = "jotgate_guard_key_fetches_total";
pub(crate) const KEYS_FETCHED: &str = "jotgate_guard_keys_fetched_timestamp_seconds";
pub(crate) const STATUS_FETCHES: &str = "jotgate_guard_status_list_fetches_total";
pub(crate) const STATUS_LISTS: &str = "jotgate_guard_status_lists";
pub(crate) const FEED_AS_OF: &str = "jotgate_guard_feed_as_of_timestamp_seconds";
pub(crate) const FEED_LAG: &str = "jotgate_guard_feed_lag_seconds";

/// The code of a token that passed.
const PASSED: &str = "ok";
/// The issuer of what cannot be said to be of a configured one.
const NO_ISSUER: &str = "none";

/// What is counted of one issuer, or of requests that belong to none.
#[derive(Debug)]
pub(crate) struct Counters {
    issuer: Arc<str>,
    passed: OnceLock<Counter>,
    remembered: OnceLock<Counter>,
    /// In the order of [`VerificationCode::ALL`].
    refused: Box<[OnceLock<Counter>]>,
}

impl Counters {
    pub(crate) fn new(issuer: Arc<str>) -> Self {
        let refused = VerificationCode::ALL.iter().map(|_| OnceLock::new()).collect();
        Self { issuer, passed: OnceLock::new(), remembered: OnceLock::new(), refused }
    }

    /// Of no issuer: a request without a token, or with one that names nobody who is trusted.
    pub(crate) fn of_none() -> Self {
        Self::new(NO_ISSUER.into())
    }

    pub(crate) fn passed(&self) {
        self.passed.get_or_init(|| self.verifications(PASSED)).increment(1);
    }

    pub(crate) fn remembered(&self) {
        let hits = || counter!(CACHE_HITS, vec![label(&self.issuer)]);
        self.remembered.get_or_init(hits).increment(1);
    }

    #[cold]
    pub(crate) fn refused(&self, rejection: &Rejection) {
        let place = VerificationCode::ALL.iter().position(|code| Some(*code) == rejection.verification_code());
        match place.and_then(|place| self.refused.get(place)) {
            Some(refused) => refused.get_or_init(|| self.verifications(rejection.code())).increment(1),
            // A malformed request: a code of another table.
            None => self.verifications(rejection.code()).increment(1),
        }
    }

    fn verifications(&self, code: &'static str) -> Counter {
        counter!(VERIFICATIONS, vec![label(&self.issuer), Label::from_static_parts("code", code)])
    }
}

/// Counts what an extractor refuses; the issuer is that of a verified token.
#[cfg(feature = "axum")]
#[cold]
pub(crate) fn extractor_refused(issuer: Option<&str>, rejection: &Rejection) {
    let issuer = Label::new("issuer", issuer.unwrap_or(NO_ISSUER).to_owned());
    counter!(VERIFICATIONS, vec![issuer, Label::from_static_parts("code", rejection.code())]).increment(1);
}

/// What is told of an issuer's keys, once for each fetch.
#[derive(Debug)]
pub(crate) struct KeyMetrics {
    issuer: Arc<str>,
}

impl KeyMetrics {
    pub(crate) fn new(issuer: Arc<str>) -> Self {
        Self { issuer }
    }

    pub(crate) fn fetched(&self, now: i64) {
        self.fetches("ok").increment(1);
        set_seconds(&gauge!(KEYS_FETCHED, vec![label(&self.issuer)]), now);
    }

    pub(crate) fn failed(&self) {
        self.fetches("failed").increment(1);
    }

    fn fetches(&self, outcome: &'static str) -> Counter {
        counter!(KEY_FETCHES, vec![label(&self.issuer), Label::from_static_parts("outcome", outcome)])
    }
}

/// What is told of an issuer's status lists.
#[derive(Debug)]
pub(crate) struct StatusMetrics {
    issuer: Arc<str>,
}

impl StatusMetrics {
    pub(crate) fn new(issuer: Arc<str>) -> Self {
        Self { issuer }
    }

    pub(crate) fn fetched(&self) {
        self.fetches("ok").increment(1);
    }

    pub(crate) fn failed(&self) {
        self.fetches("failed").increment(1);
    }

    /// A list more is kept fresh.
    pub(crate) fn kept(&self) {
        self.lists().increment(1);
    }

    /// A list is kept fresh no longer.
    pub(crate) fn left(&self) {
        self.lists().decrement(1);
    }

    fn fetches(&self, outcome: &'static str) -> Counter {
        counter!(STATUS_FETCHES, vec![label(&self.issuer), Label::from_static_parts("outcome", outcome)])
    }

    fn lists(&self) -> Gauge {
        gauge!(STATUS_LISTS, vec![label(&self.issuer)])
    }
}

/// Seconds as a gauge: of a point in time, whoever watches it reckons the age.
#[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit into the 53 bits for a long time")]
pub(crate) fn set_seconds(gauge: &Gauge, seconds: i64) {
    gauge.set(seconds as f64);
}

pub(crate) fn label(issuer: &Arc<str>) -> Label {
    Label::new("issuer", Arc::clone(issuer))
}
