//! Building a guard: its issuers, and what holds for all of them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jotgate_jose::jwt::Predecessor;
use jotgate_jose::{Algorithm, KeyError, KeySet, KeySource, VerifyingKey};
use jotgate_wire::RevocationSet;
use reqwest::Certificate;

use crate::cache::Cache;
use crate::cookie::Cookies;
use crate::issuer::Issuer;
use crate::keys::Limits;
use crate::predecessor::Old;
use crate::reach::Lookup;
use crate::verifier::{Verifier, VerifierId};
use crate::{Clock, Guard, Stale};

/// Places for verified tokens; about a kilobyte and a half each once they are taken.
const CACHED_TOKENS: usize = 4096;
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Five heartbeats of a server that was not told otherwise.
const STALE_AFTER: Duration = Duration::from_secs(10);

/// Says what a [`Guard`] accepts. An issuer and an audience are required; everything else has a default.
///
/// Most guards have one issuer, and everything about it can be said here. More of them, and whatever else an [`Issuer`] can be told,
/// come with [`trust`](Self::trust).
#[must_use = "a builder does nothing until it is built"]
#[derive(Debug, Default)]
pub struct GuardBuilder {
    /// What was said here of the one issuer, beside its name and its audiences.
    issuer: Issuer,
    is_named: bool,
    /// Whether anything was said that needs the one issuer to be named.
    needs_name: bool,
    audiences: Vec<String>,
    trusted: Vec<Issuer>,
    predecessor: Option<Predecessor>,
    cookie_origins: Vec<String>,
    roots: Vec<String>,
    clock: Clock,
    cached_tokens: Option<usize>,
    limits: Limits,
    fetch_timeout: Option<Duration>,
    stale: Stale,
    stale_after: Option<Duration>,
}

/// What holds for every issuer of a guard.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) audiences: Vec<String>,
    pub(crate) limits: Limits,
    pub(crate) fetch_timeout: Duration,
    pub(crate) roots: Vec<Certificate>,
    pub(crate) clock: Clock,
    pub(crate) lookup: Lookup,
    pub(crate) stale_after: Duration,
}

/// A guard cannot be built as it was described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No issuer was given.
    #[error("no issuer: say whose tokens are accepted with .issuer(\"https://…\")")]
    NoIssuer,
    /// The issuer is not an URL that an issuer can have.
    #[error("{issuer:?} cannot be an issuer: {reason}")]
    Issuer {
        /// As it was given.
        issuer: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An issuer was given twice, so that nobody could say which of the two a token is held to.
    #[error("the issuer {0:?} was given twice")]
    IssuerTwice(String),
    /// No audience was given.
    #[error(
        "no audience for {issuer:?}: say which API this is with .audience(\"https://…\"), so that tokens for others are refused"
    )]
    NoAudience {
        /// The issuer that lacks it.
        issuer: String,
    },
    /// A key could never be used, because its algorithm is not among the accepted ones.
    #[error("a key was given for {0}, which is not among the accepted algorithms: add it to .algorithms(…)")]
    KeyNotAccepted(Algorithm),
    /// An issuer's key set is public; whoever reads it could sign with a symmetric key.
    #[error("{0} needs a secret key, which no issuer can publish: give it with .key(…)")]
    SymmetricWithoutKey(Algorithm),
    /// The keys cannot stand in one set.
    #[error("the keys cannot be used together: {0}")]
    Keys(KeyError),
    /// The address of a key set cannot be used.
    #[error("the keys of {issuer:?} cannot be fetched: {reason}")]
    KeysAddress {
        /// The issuer whose keys they are.
        issuer: String,
        /// What is wrong with the address.
        reason: String,
    },
    /// A certificate is none, or not in PEM.
    #[error("a root certificate cannot be read: {0}")]
    RootCertificate(String),
    /// Pages of an origin were to use cookies, and it is none.
    #[error("{origin:?} cannot be the origin of pages with cookies: {reason}")]
    CookieOrigin {
        /// As it was given.
        origin: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No HTTP client could be made.
    #[error("no HTTP client to fetch keys with: {0}")]
    Client(#[source] reqwest::Error),
}

impl GuardBuilder {
    /// Whose tokens are accepted: the URL that `iss` has to equal to the letter.
    ///
    /// Its keys are found through its metadata, unless keys are given. It has to be `https`, or `http` on a loopback address.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer.name = issuer.into();
        self.is_named = true;
        self
    }

    /// Which API this is: a name that `aud` has to contain to the letter. Several calls accept several names.
    ///
    /// It holds for every issuer that is given no audience of its own.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// One issuer more. A token is held to the policy and the keys of the issuer that it names, and to no other's.
    pub fn trust(mut self, issuer: Issuer) -> Self {
        self.trusted.push(issuer);
        self
    }

    /// Which algorithms are accepted from the [`issuer`](Self::issuer): see [`Issuer::algorithms`].
    pub fn algorithms(self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.with(|issuer| issuer.algorithms(algorithms))
    }

    /// Which `typ` a token of the [`issuer`](Self::issuer) has to have: see [`Issuer::token_type`].
    pub fn token_type(self, token_type: impl Into<String>) -> Self {
        self.with(|issuer| issuer.token_type(token_type))
    }

    /// How far the clock of the [`issuer`](Self::issuer) may differ, in seconds; 30 by default, 300 at most.
    pub fn leeway(self, seconds: u32) -> Self {
        self.with(|issuer| issuer.leeway(seconds))
    }

    /// A fixed key of the [`issuer`](Self::issuer). With at least one of them nothing is fetched.
    pub fn key(self, key: VerifyingKey) -> Self {
        self.with(|issuer| issuer.key(key))
    }

    /// Fixed keys of the [`issuer`](Self::issuer). With at least one of them nothing is fetched.
    pub fn keys(self, keys: &KeySet) -> Self {
        self.with(|issuer| issuer.keys(keys))
    }

    /// Keys of the [`issuer`](Self::issuer) that may change in any way: see [`Issuer::key_source`].
    pub fn key_source(self, source: impl KeySource + Send + Sync + 'static) -> Self {
        self.with(|issuer| issuer.key_source(source))
    }

    /// Keys of the [`issuer`](Self::issuer) that change as whole sets: see [`Issuer::live_keys`].
    pub fn live_keys(self, current: impl Fn() -> Arc<KeySet> + Send + Sync + 'static) -> Self {
        self.with(|issuer| issuer.live_keys(current))
    }

    /// Lets the documents of the [`issuer`](Self::issuer) come from addresses inside: see [`Issuer::private_network`].
    pub fn private_network(self) -> Self {
        self.with(Issuer::private_network)
    }

    /// What of the [`issuer`](Self::issuer)'s has ended before it expired: see [`Issuer::revocations`].
    pub fn revocations(self, revocations: Arc<RevocationSet>) -> Self {
        self.with(|issuer| issuer.revocations(revocations))
    }

    /// Follows the revocation feed of the [`issuer`](Self::issuer) also when its keys are given: see [`Issuer::follow_revocations`].
    pub fn follow_revocations(self) -> Self {
        self.with(Issuer::follow_revocations)
    }

    /// Follows no revocation feed of the [`issuer`](Self::issuer): see [`Issuer::without_revocation_feed`].
    pub fn without_revocation_feed(self) -> Self {
        self.with(Issuer::without_revocation_feed)
    }

    /// Reads the status lists that tokens of the [`issuer`](Self::issuer) name in any case: see [`Issuer::status_lists`].
    pub fn status_lists(self, policy: Stale) -> Self {
        self.with(|issuer| issuer.status_lists(policy))
    }

    /// Reads no status lists of the [`issuer`](Self::issuer): see [`Issuer::without_status_lists`].
    pub fn without_status_lists(self) -> Self {
        self.with(Issuer::without_status_lists)
    }

    fn with(mut self, change: impl FnOnce(Issuer) -> Issuer) -> Self {
        self.issuer = change(self.issuer);
        self.needs_name = true;
        self
    }

    /// Takes tokens of a hand-written application that the issuers take over from, until a date. They speak for an issuer of their own
    /// ([`Predecessor::NAME`] unless it had a name), so that [`Auth::issuer`](crate::Auth::issuer) tells them apart.
    ///
    /// A token that names one of the issuers is held to that issuer's keys and never to the predecessor's secret. Nobody says which of the
    /// predecessor's tokens have ended but for what the issuers say of their subject; a route with [`Stale::Refuse`] takes none.
    pub fn predecessor(mut self, predecessor: Predecessor) -> Self {
        self.predecessor = Some(predecessor);
        self
    }

    /// Takes the token also from the cookie that a Jotgate server on this host sets for browsers (`__Host-jg_at`, or `jg_at` over
    /// plain http on a loopback address), and says whose pages may use it: an origin as a browser writes it, such as
    /// `https://shop.example.com`, that of this API included. Several calls accept several.
    ///
    /// A request that may change something (any method but the safe ones of RFC 9110 §9.2.1, or one that opens a WebSocket) counts by
    /// its cookie only if it comes from one of them; otherwise it is answered with 403 and `cross_site_request`. A token in the
    /// `Authorization` header wins, and is asked for no origin.
    pub fn cookie_origin(mut self, origin: impl Into<String>) -> Self {
        self.cookie_origins.push(origin.into());
        self
    }

    /// What is done with a good token while it is not known what has ended, where a route says nothing else
    /// ([`GuardLayer::stale`](crate::GuardLayer::stale)); [`Stale::Accept`] by default.
    pub fn stale(mut self, policy: Stale) -> Self {
        self.stale = policy;
        self
    }

    /// How long the last word of a revocation feed holds, in whole seconds; 10 seconds by default. A server says something at least
    /// every 2 seconds, or as its `revocations.heartbeat` says.
    pub fn stale_after(mut self, longest: Duration) -> Self {
        self.stale_after = Some(longest);
        self
    }

    /// What time it is; the system's clock by default.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How many verified tokens are remembered, so that their second sight costs no cryptography; 4096 by default, 0 for none.
    ///
    /// It never changes an answer: an entry ends with its token and its keys, and revocations are looked up after it.
    pub fn cached_tokens(mut self, most: usize) -> Self {
        self.cached_tokens = Some(most);
        self
    }

    /// How long a request may wait for keys of an issuer, or for the status list that its token names; 5 seconds by default.
    pub fn key_wait(mut self, longest: Duration) -> Self {
        self.limits.wait = longest;
        self
    }

    /// How long the keys of an issuer that cannot be reached are still used; 24 hours by default.
    ///
    /// An issuer's outage shall log nobody out, and a key that it removed meanwhile shall not be good for ever. After this time its
    /// tokens are answered with `keys_unavailable` until it can be reached again.
    pub fn longest_key_age(mut self, longest: Duration) -> Self {
        self.limits.key_age = longest;
        self
    }

    /// How long fetching one document of an issuer may take, to its last byte; 5 seconds by default.
    pub fn fetch_timeout(mut self, longest: Duration) -> Self {
        self.fetch_timeout = Some(longest);
        self
    }

    /// A root certificate in PEM that issuers are believed by, besides those of the platform: for a certificate authority of your own.
    pub fn root_certificate(mut self, pem: impl Into<String>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Builds the guard. Inside a tokio runtime it begins to fetch the keys at once, otherwise with the first request.
    ///
    /// # Errors
    /// When an issuer or its audience are missing or impossible, or its keys do not fit the algorithms.
    pub fn build(mut self) -> Result<Guard, BuildError> {
        let mut issuers = std::mem::take(&mut self.trusted);
        if self.is_named {
            issuers.insert(0, std::mem::take(&mut self.issuer));
        }
        if issuers.is_empty() || (self.needs_name && !self.is_named) {
            return Err(BuildError::NoIssuer);
        }
        let mut names: HashSet<&str> = self.predecessor.iter().map(Predecessor::as_issuer).collect();
        if let Some(twice) = issuers.iter().find(|issuer| !names.insert(issuer.name.as_str())) {
            return Err(BuildError::IssuerTwice(twice.name.clone()));
        }
        let predecessor = self.predecessor.take().map(Old::new);
        let cookies = Cookies::new(std::mem::take(&mut self.cookie_origins));
        let cookies = cookies.map_err(|(origin, reason)| BuildError::CookieOrigin { origin, reason })?;
        let (clock, stale) = (self.clock.clone(), self.stale);
        let cache = Cache::new(self.cached_tokens.unwrap_or(CACHED_TOKENS));
        let shared = self.shared()?;
        let issuers = issuers.into_iter().map(|issuer| issuer.build(&shared)).collect::<Result<_, _>>()?;
        let verifier = Verifier::new(VerifierId::next(), issuers, clock, cache, stale);
        Ok(Guard::new(verifier.with_cookies(cookies).with_predecessor(predecessor)))
    }

    fn shared(self) -> Result<Shared, BuildError> {
        let roots = self.roots.iter().map(|pem| certificates(pem)).collect::<Result<Vec<_>, _>>()?;
        Ok(Shared {
            audiences: self.audiences,
            limits: self.limits,
            fetch_timeout: self.fetch_timeout.unwrap_or(FETCH_TIMEOUT),
            roots: roots.into_iter().flatten().collect(),
            clock: self.clock,
            lookup: Lookup::default(),
            stale_after: self.stale_after.unwrap_or(STALE_AFTER),
        })
    }
}

fn certificates(pem: &str) -> Result<Vec<Certificate>, BuildError> {
    match Certificate::from_pem_bundle(pem.as_bytes()) {
        Ok(none) if none.is_empty() => {
            Err(BuildError::RootCertificate("there is no certificate in the PEM".to_owned()))
        }
        found => found.map_err(|error| BuildError::RootCertificate(error.to_string())),
    }
}
