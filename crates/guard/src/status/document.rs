//! A list's document: how it is fetched, and whether it is good.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jotgate_jose::jwt::Policy;
use jotgate_jose::{Algorithm, Code, jws};
use jotgate_wire::{StatusList, StatusListClaims};
use serde::Deserialize;
use url::Url;

use crate::Clock;
use crate::fetch::{OverHttp, text_within};
use crate::metrics::StatusMetrics;
use crate::trusted::Keys;

/// Bytes of a document.
const LARGEST_DOCUMENT: usize = 1024 * 1024;
/// Bytes of a list once it is unpacked: eight million tokens with a bit each.
const LARGEST_LIST: usize = 1024 * 1024;

/// Seconds that a list without `exp` counts.
const LIFE_WITHOUT_EXPIRY: i64 = 3600;
/// What an issuer says of when to ask again (`ttl`) is kept between these.
const SHORTEST_LIFE: Duration = Duration::from_secs(5);
const LONGEST_LIFE: Duration = Duration::from_hours(1);
/// For a list that says nothing.
const USUAL_LIFE: Duration = Duration::from_mins(5);

/// Where an issuer's lists come from, and what they are held to.
pub(crate) struct Source {
    pub(super) issuer: Arc<str>,
    pub(super) clock: Clock,
    pub(super) metrics: StatusMetrics,
    http: OverHttp,
    keys: Arc<Keys>,
    algorithms: Vec<Algorithm>,
    leeway: i64,
    /// Seconds that a list is used of an issuer that cannot be reached.
    longest_age: i64,
}

/// A good list.
pub(super) struct Held {
    pub(super) list: StatusList,
    /// Seconds since 1970 at which it was made.
    pub(super) iat: i64,
    /// Seconds since 1970 from which on it no longer counts.
    pub(super) until: i64,
    /// How long it may be kept before there should be a new one.
    pub(super) life: Duration,
}

/// A claim that a list need not have, but that counts where it stands (RFC 7519 §4.1.5).
#[derive(Deserialize)]
struct Beginning {
    nbf: Option<f64>,
}

impl Source {
    pub(crate) fn new(
        issuer: Arc<str>,
        http: OverHttp,
        keys: Arc<Keys>,
        algorithms: &[Algorithm],
        leeway: Option<u32>,
        (clock, longest_age): (Clock, Duration),
    ) -> Self {
        let leeway = i64::from(leeway.unwrap_or(Policy::DEFAULT_LEEWAY).min(Policy::MAX_LEEWAY));
        let longest_age = i64::try_from(longest_age.as_secs()).unwrap_or(i64::MAX);
        let (metrics, algorithms) = (StatusMetrics::new(Arc::clone(&issuer)), algorithms.to_vec());
        Self { issuer, clock, metrics, http, keys, algorithms, leeway, longest_age }
    }

    /// The address that a token names, which may be on another host but not on a weaker line.
    pub(super) fn address(&self, uri: &str) -> Result<Url, String> {
        self.http.document_address("uri", uri)
    }

    /// Fetches a list once. `newest` is when the one that is here was made: an older one is refused, so that nobody in between
    /// brings back what has been taken back.
    pub(super) async fn fetch(&self, uri: &str, address: &Url, newest: Option<i64>) -> Result<Held, String> {
        let response = self.http.get_as(address, StatusList::MEDIA_TYPE).await?;
        let text = text_within(response, LARGEST_DOCUMENT).await?;
        let claims = self.verified(text.trim_ascii()).await?;
        self.check(&claims, uri, newest)?;
        let list = StatusList::read(&claims.status_list, LARGEST_LIST).map_err(|error| error.to_string())?;
        let (until, life) = (self.until(&claims), life(&claims));
        Ok(Held { list, iat: claims.iat, until, life })
    }

    /// The claims, if one of the issuer's keys signed them as a list's (draft §5.1). A key that is not known is asked for, as often
    /// as tokens may ask.
    async fn verified(&self, jwt: &str) -> Result<StatusListClaims, String> {
        let with_known_keys = || self.keys.with(|keys| jws::verify(jwt, keys, &self.algorithms));
        let mut verified = with_known_keys();
        if verified.as_ref().is_err_and(|refusal| refusal.code() == Code::KeyUnknown) {
            self.keys.look_for_newer().await;
            verified = with_known_keys();
        }
        let verified = verified.map_err(|refusal| refusal.to_string())?;
        if !verified.header().typ().is_some_and(is_list) {
            return Err(format!("the type is {:?}, expected {:?}", verified.header().typ(), StatusList::TYPE));
        }
        let unreadable = |error: serde_json::Error| format!("it cannot be read: {error}");
        let Beginning { nbf } = serde_json::from_slice(verified.payload()).map_err(unreadable)?;
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit into the 53 bits for a long time")]
        let latest = self.clock.now().saturating_add(self.leeway) as f64;
        if nbf.is_some_and(|nbf| nbf > latest) {
            return Err("it is not valid yet".to_owned());
        }
        serde_json::from_slice(verified.payload()).map_err(unreadable)
    }

    fn check(&self, claims: &StatusListClaims, uri: &str, newest: Option<i64>) -> Result<(), String> {
        let now = self.clock.now();
        if claims.sub != uri {
            return Err(format!("it is the list {:?}, expected {uri:?}", claims.sub));
        }
        if claims.iss.as_deref().is_some_and(|iss| *iss != *self.issuer) {
            return Err(format!("it is issued by {:?}", claims.iss));
        }
        if claims.iat > now.saturating_add(self.leeway) {
            return Err("it was made in the future".to_owned());
        }
        if claims.exp.is_some_and(|exp| now >= exp.saturating_add(self.leeway)) {
            return Err("it has expired".to_owned());
        }
        if newest.is_some_and(|newest| claims.iat < newest) {
            return Err("it is older than the one that is here".to_owned());
        }
        Ok(())
    }

    /// Its `exp`, and for a list without one an hour; in no case longer than keys that cannot be fetched anew.
    fn until(&self, claims: &StatusListClaims) -> i64 {
        let now = self.clock.now();
        let expiry = claims.exp.map(|exp| exp.saturating_add(self.leeway));
        let until = expiry.unwrap_or_else(|| now.saturating_add(LIFE_WITHOUT_EXPIRY));
        until.min(now.saturating_add(self.longest_age))
    }
}

/// `typ` is a media type, whose prefix may be left out (RFC 7515 §4.1.9).
fn is_list(typ: &str) -> bool {
    typ.eq_ignore_ascii_case(StatusList::TYPE) || typ.eq_ignore_ascii_case(StatusList::MEDIA_TYPE)
}

fn life(claims: &StatusListClaims) -> Duration {
    claims.ttl.map_or(USUAL_LIFE, Duration::from_secs).clamp(SHORTEST_LIFE, LONGEST_LIFE)
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
