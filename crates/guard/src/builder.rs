//! Building a guard: what has to be said, and what has a default.

use std::sync::Arc;
use std::time::Duration;

use jotgate_jose::jwt::Policy;
use jotgate_jose::{Algorithm, KeyError, KeySet, KeySource, VerifyingKey};
use jotgate_wire::RevocationSet;

use crate::cache::Cache;
use crate::fetch::OverHttp;
use crate::issuer::Issuer;
use crate::keys::IssuerKeys;
use crate::verifier::{Keys, LiveKeys, Verifier, VerifierId};
use crate::{Clock, Guard};

const KEY_WAIT: Duration = Duration::from_secs(5);
/// Places for verified tokens; about a kilobyte and a half each once they are taken.
const CACHED_TOKENS: usize = 4096;
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Says what a [`Guard`] accepts. Issuer and audience are required; everything else has a default.
#[must_use = "a builder does nothing until it is built"]
#[derive(Default)]
pub struct GuardBuilder {
    issuer: Option<String>,
    audiences: Vec<String>,
    algorithms: Option<Vec<Algorithm>>,
    token_type: Option<String>,
    leeway: Option<u32>,
    keys: Vec<VerifyingKey>,
    key_source: Option<Box<dyn KeySource + Send + Sync>>,
    live_keys: Option<LiveKeys>,
    revocations: Option<Arc<RevocationSet>>,
    clock: Clock,
    cached_tokens: Option<usize>,
    key_wait: Option<Duration>,
    fetch_timeout: Option<Duration>,
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
    /// No audience was given.
    #[error("no audience: say which API this is with .audience(\"https://…\"), so that tokens for others are refused")]
    NoAudience,
    /// A key could never be used, because its algorithm is not among the accepted ones.
    #[error("a key was given for {0}, which is not among the accepted algorithms: add it to .algorithms(…)")]
    KeyNotAccepted(Algorithm),
    /// An issuer's key set is public; whoever reads it could sign with a symmetric key.
    #[error("{0} needs a secret key, which no issuer can publish: give it with .key(…)")]
    SymmetricWithoutKey(Algorithm),
    /// The keys cannot stand in one set.
    #[error("the keys cannot be used together: {0}")]
    Keys(KeyError),
    /// No HTTP client could be made.
    #[error("no HTTP client to fetch keys with: {0}")]
    Client(#[source] reqwest::Error),
}

impl GuardBuilder {
    /// Whose tokens are accepted: the URL that `iss` has to equal to the letter. Required.
    ///
    /// Its keys are found through its metadata, unless keys are given. It has to be `https`, or `http` on a loopback address.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Which API this is: a name that `aud` has to contain to the letter. Required; several calls accept several names.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Which algorithms are accepted. By default those of the keys that are given, and every asymmetric one for fetched keys.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Which `typ` a token has to have; `at+jwt` (RFC 9068 §2.1) by default, so that no ID token passes for an access token.
    pub fn token_type(mut self, token_type: impl Into<String>) -> Self {
        self.token_type = Some(token_type.into());
        self
    }

    /// How far clocks may differ, in seconds; 30 by default, 300 at most.
    pub fn leeway(mut self, seconds: u32) -> Self {
        self.leeway = Some(seconds);
        self
    }

    /// A fixed key. With at least one of them nothing is fetched.
    pub fn key(mut self, key: VerifyingKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Fixed keys. With at least one of them nothing is fetched.
    pub fn keys(mut self, keys: &KeySet) -> Self {
        self.keys.extend(keys.keys().iter().cloned());
        self
    }

    /// Keys that may change under the guard, such as the key ring of a server in the same process. Nothing is fetched.
    pub fn key_source(mut self, source: impl KeySource + Send + Sync + 'static) -> Self {
        self.key_source = Some(Box::new(source));
        self
    }

    /// A key set that is asked for at each request and replaced as a whole when keys change, such as that of a server in the
    /// same process: `.live_keys(move || app.verifying_keys())`. Nothing is fetched.
    ///
    /// The same set has to be the same `Arc`: what was verified with one is not taken for verified with another.
    pub fn live_keys(mut self, keys: impl Fn() -> Arc<KeySet> + Send + Sync + 'static) -> Self {
        self.live_keys = Some(Box::new(keys));
        self
    }

    /// What has ended before it expired. A server in the same process shares its set, and its ends hold at once.
    pub fn revocations(mut self, revocations: Arc<RevocationSet>) -> Self {
        self.revocations = Some(revocations);
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
    /// Keys of a [`key_source`](Self::key_source) may change at any time, so with one of those nothing is remembered.
    pub fn cached_tokens(mut self, most: usize) -> Self {
        self.cached_tokens = Some(most);
        self
    }

    /// How long a request may wait for keys of the issuer; 5 seconds by default.
    pub fn key_wait(mut self, longest: Duration) -> Self {
        self.key_wait = Some(longest);
        self
    }

    /// How long fetching one document of the issuer may take, to its last byte; 5 seconds by default.
    pub fn fetch_timeout(mut self, longest: Duration) -> Self {
        self.fetch_timeout = Some(longest);
        self
    }

    /// Builds the guard. Inside a tokio runtime it begins to fetch the keys at once, otherwise with the first request.
    ///
    /// # Errors
    /// When issuer or audience are missing or impossible, or the keys do not fit the algorithms.
    pub fn build(self) -> Result<Guard, BuildError> {
        let name = self.issuer.clone().ok_or(BuildError::NoIssuer)?;
        let issuer = Issuer::parse(&name).map_err(|reason| BuildError::Issuer { issuer: name.clone(), reason })?;
        if self.audiences.is_empty() {
            return Err(BuildError::NoAudience);
        }
        let algorithms = self.accepted_algorithms()?;
        let policy = self.policy(name, &algorithms);
        Ok(Guard::new(Verifier {
            id: VerifierId::next(),
            policy,
            revocations: self.revocations.clone(),
            clock: self.clock.clone(),
            cache: Cache::new(self.cached_tokens.unwrap_or(CACHED_TOKENS)),
            keys: self.into_keys(issuer, algorithms)?,
        }))
    }

    fn accepted_algorithms(&self) -> Result<Vec<Algorithm>, BuildError> {
        let of_keys = || self.keys.iter().map(VerifyingKey::algorithm).collect::<Vec<_>>();
        let algorithms = match &self.algorithms {
            Some(algorithms) => algorithms.clone(),
            None if self.keys.is_empty() => asymmetric().collect(),
            None => of_keys(),
        };
        if let Some(left_out) = of_keys().into_iter().find(|algorithm| !algorithms.contains(algorithm)) {
            return Err(BuildError::KeyNotAccepted(left_out));
        }
        let fetched = self.keys.is_empty() && self.key_source.is_none() && self.live_keys.is_none();
        match algorithms.iter().find(|algorithm| fetched && algorithm.is_symmetric()) {
            Some(symmetric) => Err(BuildError::SymmetricWithoutKey(*symmetric)),
            None => Ok(algorithms),
        }
    }

    fn policy(&self, issuer: String, algorithms: &[Algorithm]) -> Policy {
        let token_type = self.token_type.as_deref().unwrap_or("at+jwt");
        let mut policy = Policy::builder()
            .issuer(issuer)
            .audiences(self.audiences.iter().cloned())
            .algorithms(algorithms.iter().copied())
            .token_type(token_type)
            .require(["sub"]);
        if let Some(seconds) = self.leeway {
            policy = policy.leeway(seconds);
        }
        policy.build()
    }

    fn into_keys(self, issuer: Issuer, algorithms: Vec<Algorithm>) -> Result<Keys, BuildError> {
        if let Some(source) = self.key_source {
            return Ok(Keys::Source(source));
        }
        if let Some(live) = self.live_keys {
            return Ok(Keys::Live(live));
        }
        if !self.keys.is_empty() {
            return Ok(Keys::Fixed(Arc::new(KeySet::new(self.keys).map_err(BuildError::Keys)?)));
        }
        let limit = self.fetch_timeout.unwrap_or(FETCH_TIMEOUT);
        let source = OverHttp::new(issuer, algorithms, limit).map_err(BuildError::Client)?;
        Ok(Keys::Issuer(IssuerKeys::new(Box::new(source), self.key_wait.unwrap_or(KEY_WAIT))))
    }
}

fn asymmetric() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_symmetric())
}

impl std::fmt::Debug for GuardBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut builder = f.debug_struct("GuardBuilder");
        builder.field("issuer", &self.issuer).field("audiences", &self.audiences).finish_non_exhaustive()
    }
}
