//! An issuer whose tokens are accepted: what has to be said of it, and what has a default.

use std::fmt;
use std::sync::Arc;

use jotgate_jose::jwt::Policy;
use jotgate_jose::{Algorithm, KeySet, KeySource, VerifyingKey};
use jotgate_wire::RevocationSet;

use crate::Stale;
use crate::builder::{BuildError, Shared};
use crate::feed::{Feed, Remote, Trust};
use crate::fetch::OverHttp;
use crate::issuer_url::IssuerUrl;
use crate::keys::IssuerKeys;
use crate::metrics::Counters;
use crate::reach::Reach;
use crate::status::{Source, StatusLists};
use crate::trusted::{ClaimValue, Ended, Keys, TrustedIssuer};

/// An issuer whose tokens a guard accepts, and what they have to be: ours, or any that publishes its metadata and keys as
/// `OpenID` Connect Discovery or RFC 8414 say. Given to [`GuardBuilder::trust`](crate::GuardBuilder::trust).
///
/// ```
/// use jotgate_guard::{Algorithm, Guard, Issuer};
///
/// # fn main() -> Result<(), jotgate_guard::BuildError> {
/// let guard = Guard::builder()
///     .issuer("https://auth.example.com")
///     .audience("https://api.example.com")
///     .trust(
///         // Auth0 writes a slash at the end of its name, and `JWT` as the type of its tokens.
///         Issuer::new("https://tenant.eu.auth0.com/").token_type("JWT").algorithms([Algorithm::Rs256]),
///     )
///     .trust(
///         // The access tokens of Amazon Cognito have no `typ` and no `aud`.
///         Issuer::new("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_ExAmPle")
///             .untyped()
///             .type_claim("token_use", "access")
///             .audience_claim("client_id", "3n4b5urk1ft4fl3mg5e62d9ado"),
///     )
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "an issuer does nothing until a guard trusts it"]
#[derive(Default)]
pub struct Issuer {
    pub(crate) name: String,
    pub(crate) audiences: Vec<String>,
    audience_claim: Option<(String, Vec<String>)>,
    algorithms: Option<Vec<Algorithm>>,
    token_types: Vec<String>,
    untyped: bool,
    type_claim: Option<ClaimValue>,
    leeway: Option<u32>,
    keys: Vec<VerifyingKey>,
    changing_keys: Option<Keys>,
    jwks_uri: Option<String>,
    private_network: bool,
    revocations: Option<Arc<RevocationSet>>,
    feed: Following,
    lists: Lists,
}

/// Whether the issuer's revocation feed is followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Following {
    /// When the metadata that the keys are found through name one.
    #[default]
    IfFound,
    Always,
    Never,
}

/// Whether the issuer's status lists are read, and what is done with a token whose list cannot be had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Lists {
    /// When its keys are fetched and nothing else says what has ended; without its list a token is refused.
    #[default]
    IfNeeded,
    Always(Stale),
    Never,
}

impl Issuer {
    /// By its name: the URL that `iss` has to equal to the letter, with or without a slash at its end, as the issuer writes it.
    ///
    /// It has to be `https`, or `http` on a loopback address. Its keys are found through its metadata, unless they are given.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Which API this is: a name that `aud` has to contain to the letter. Several calls accept several names; without any, those
    /// of the guard hold.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// For an issuer whose tokens have no `aud`: the claim that says whom they are for instead, and a value that is accepted.
    ///
    /// `client_id` with the id of your app client for Amazon Cognito, `azp` with your front end's for others. Several calls with
    /// one claim accept several values. A token that does have an `aud` is held to the audiences that were given to this very
    /// issuer, and refused where none was.
    pub fn audience_claim(mut self, claim: impl Into<String>, accepted: impl Into<String>) -> Self {
        let claim = claim.into();
        match &mut self.audience_claim {
            Some((name, values)) if *name == claim => values.push(accepted.into()),
            other => *other = Some((claim, vec![accepted.into()])),
        }
        self
    }

    /// Which algorithms are accepted. By default those of the keys that are given, and every asymmetric one for fetched keys.
    ///
    /// A fetched key that does not name its algorithm is for the first of these that fits it.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Which `typ` a token has to have in place of `at+jwt` (RFC 9068 §2.1), which is the default so that no ID token passes for
    /// an access token. Several calls accept several.
    ///
    /// With `JWT`, which says nothing, let [`type_claim`](Self::type_claim) or the audience tell the kinds of tokens apart.
    pub fn token_type(mut self, token_type: impl Into<String>) -> Self {
        self.token_types.push(token_type.into());
        self
    }

    /// Accepts tokens without `typ`; those that have one only if [`token_type`](Self::token_type) names it.
    pub fn untyped(mut self) -> Self {
        self.untyped = true;
        self
    }

    /// The claim that tells the kinds of this issuer's tokens apart where `typ` does not, and the value that is accepted: a token
    /// without it is refused as `type_mismatch`. For example `token_use` and `access` (Amazon Cognito), `typ` and `Bearer`
    /// (Keycloak).
    pub fn type_claim(mut self, claim: impl Into<String>, value: impl Into<String>) -> Self {
        self.type_claim = Some(ClaimValue { claim: claim.into(), value: value.into() });
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

    /// Keys that may change under the guard in any way. Nothing is fetched, and no verified token is remembered, because nobody can
    /// tell whether its key is still there; where there are whole sets, [`live_keys`](Self::live_keys) is faster.
    pub fn key_source(mut self, source: impl KeySource + Send + Sync + 'static) -> Self {
        self.changing_keys = Some(Keys::Source(Box::new(source)));
        self
    }

    /// A key set that is asked for at each request and replaced as a whole when keys change, such as that of a server in the
    /// same process: `.live_keys(move || app.verifying_keys())`. Nothing is fetched.
    ///
    /// The same set has to be the same `Arc`: what was verified with one is not taken for verified with another.
    pub fn live_keys(mut self, current: impl Fn() -> Arc<KeySet> + Send + Sync + 'static) -> Self {
        self.changing_keys = Some(Keys::Live(Box::new(current)));
        self
    }

    /// Where the key set is, for an issuer that publishes no metadata.
    pub fn jwks_uri(mut self, address: impl Into<String>) -> Self {
        self.jwks_uri = Some(address.into());
        self
    }

    /// Lets the issuer's documents be fetched from addresses inside: private (RFC 1918, RFC 4193), shared (RFC 6598) and loopback
    /// ones. Without this they are refused, so that neither a name in the DNS nor a document leads a guard into its own network.
    pub fn private_network(mut self) -> Self {
        self.private_network = true;
        self
    }

    /// What has ended before it expired. A server in the same process shares its set, and its ends hold at once. No feed is followed
    /// then.
    pub fn revocations(mut self, revocations: Arc<RevocationSet>) -> Self {
        self.revocations = Some(revocations);
        self
    }

    /// Follows the issuer's revocation feed also when its keys are given, with which nothing is fetched otherwise. The metadata say
    /// where it is; an issuer that names none is followed no further.
    ///
    /// An issuer whose keys are found through its metadata is followed without this, if it has a feed.
    pub fn follow_revocations(mut self) -> Self {
        self.feed = Following::Always;
        self
    }

    /// Follows no revocation feed: tokens are taken until they expire, whatever has ended, unless they name a status list.
    pub fn without_revocation_feed(mut self) -> Self {
        self.feed = Following::Never;
        self
    }

    /// Reads the status lists (draft-ietf-oauth-status-list) that the issuer's tokens name in any case: also when its keys are given,
    /// with which nothing is fetched otherwise, and when something else says what has ended. `policy` is what is done with a token
    /// whose list cannot be had or does not reach to it: [`Stale::Refuse`] answers it with 503 and `revocations_stale`, and
    /// [`Stale::Accept`] takes it on routes that have no stricter policy.
    ///
    /// Without this they are read of an issuer whose keys are fetched and who has no revocation feed, with [`Stale::Refuse`].
    pub fn status_lists(mut self, policy: Stale) -> Self {
        self.lists = Lists::Always(policy);
        self
    }

    /// Reads no status lists: whatever a token says of one does not count.
    pub fn without_status_lists(mut self) -> Self {
        self.lists = Lists::Never;
        self
    }

    pub(crate) fn build(mut self, shared: &Shared) -> Result<TrustedIssuer, BuildError> {
        let url =
            IssuerUrl::parse(&self.name).map_err(|reason| BuildError::Issuer { issuer: self.name.clone(), reason })?;
        if self.audiences.is_empty() && self.audience_claim.is_none() {
            self.audiences.clone_from(&shared.audiences);
        }
        if self.audiences.is_empty() && self.audience_claim.is_none() {
            return Err(BuildError::NoAudience { issuer: self.name });
        }
        let algorithms = self.accepted_algorithms()?;
        let (name, policy) = (Arc::from(url.name()), self.policy(&algorithms));
        let http = self.over_http(url, &algorithms, shared)?;
        let keys = Arc::new(self.keys_of(&name, http.as_ref(), shared)?);
        let lists = self.lists(&name, &keys, http.as_ref(), &algorithms, shared);
        let ended = self.ended(&name, &keys, http, &algorithms, shared);
        let (counters, longest_wait) = (Counters::new(Arc::clone(&name)), shared.limits.wait);
        let type_claim = self.type_claim.take();
        Ok(TrustedIssuer { name, policy, type_claim, keys, ended, lists, longest_wait, counters })
    }

    /// The issuer as it answers over HTTP, where anything is fetched from it.
    fn over_http(
        &self,
        url: IssuerUrl,
        algorithms: &[Algorithm],
        shared: &Shared,
    ) -> Result<Option<OverHttp>, BuildError> {
        if self.has_keys() && self.feed != Following::Always && !matches!(self.lists, Lists::Always(_)) {
            return Ok(None);
        }
        let reach = Reach::of(&url, self.private_network);
        let address = self.jwks_uri.as_ref().map(|address| url.document_address("jwks_uri", address)).transpose();
        let address = address.map_err(|reason| BuildError::KeysAddress { issuer: self.name.clone(), reason })?;
        OverHttp::new(url, address, algorithms.to_vec(), reach, shared).map(Some).map_err(BuildError::Client)
    }

    fn has_keys(&self) -> bool {
        !self.keys.is_empty() || self.changing_keys.is_some()
    }

    fn keys_of(&mut self, name: &Arc<str>, http: Option<&OverHttp>, shared: &Shared) -> Result<Keys, BuildError> {
        if let Some(keys) = self.changing_keys.take() {
            return Ok(keys);
        }
        match http.filter(|_| self.keys.is_empty()) {
            Some(http) => {
                let source = Box::new(http.clone());
                Ok(Keys::Issuer(IssuerKeys::new(Arc::clone(name), source, shared.limits, shared.clock.clone())))
            }
            None => Ok(Keys::Fixed(Arc::new(KeySet::new(self.keys.drain(..)).map_err(BuildError::Keys)?))),
        }
    }

    fn ended(
        &mut self,
        name: &Arc<str>,
        keys: &Arc<Keys>,
        http: Option<OverHttp>,
        algorithms: &[Algorithm],
        shared: &Shared,
    ) -> Ended {
        if let Some(set) = self.revocations.take() {
            return Ended::Shared(set);
        }
        let is_found = matches!(**keys, Keys::Issuer(_)) && self.jwks_uri.is_none();
        let follows = self.feed == Following::Always || (self.feed == Following::IfFound && is_found);
        let Some(http) = http.filter(|_| follows) else { return Ended::Unknown };
        let trust = Trust::new(name, Arc::clone(keys), algorithms, self.leeway);
        let remote = Remote::new(http, Arc::clone(keys));
        Ended::Feed(Feed::new(Arc::clone(name), remote, trust, shared.clock.clone(), shared.stale_after))
    }

    fn lists(
        &self,
        name: &Arc<str>,
        keys: &Arc<Keys>,
        http: Option<&OverHttp>,
        algorithms: &[Algorithm],
        shared: &Shared,
    ) -> Option<StatusLists> {
        let (policy, always) = match self.lists {
            Lists::Always(policy) => (policy, true),
            Lists::IfNeeded if matches!(**keys, Keys::Issuer(_)) => (Stale::Refuse, false),
            Lists::IfNeeded | Lists::Never => return None,
        };
        let times = (shared.clock.clone(), shared.limits.key_age);
        let (name, http, keys) = (Arc::clone(name), http?.clone(), Arc::clone(keys));
        Some(StatusLists::new(Source::new(name, http, keys, algorithms, self.leeway, times), policy, always))
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
        match algorithms.iter().find(|algorithm| !self.has_keys() && algorithm.is_symmetric()) {
            Some(symmetric) => Err(BuildError::SymmetricWithoutKey(*symmetric)),
            None => Ok(algorithms),
        }
    }

    fn policy(&self, algorithms: &[Algorithm]) -> Policy {
        let mut policy = Policy::builder()
            .issuer(&self.name)
            .audiences(self.audiences.iter().cloned())
            .algorithms(algorithms.iter().copied())
            .require(["sub"]);
        if self.token_types.is_empty() && !self.untyped {
            policy = policy.token_type("at+jwt");
        }
        for token_type in &self.token_types {
            policy = policy.token_type(token_type);
        }
        if self.untyped {
            policy = policy.untyped();
        }
        if let Some((claim, accepted)) = &self.audience_claim {
            policy = policy.audience_claim(claim, accepted.iter().cloned());
        }
        if let Some(seconds) = self.leeway {
            policy = policy.leeway(seconds);
        }
        policy.build()
    }
}

fn asymmetric() -> impl Iterator<Item = Algorithm> {
    Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_symmetric())
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("name", &self.name)
            .field("audiences", &self.audiences)
            .field("audience_claim", &self.audience_claim)
            .finish_non_exhaustive()
    }
}
