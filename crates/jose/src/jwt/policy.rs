//! What a token must be to be accepted. A policy without issuer, audience or algorithms does not compile.

use core::fmt;
use core::marker::PhantomData;
use std::sync::Arc;

use crate::algorithm::{Algorithm, AlgorithmSet};
use crate::jws::{Demands, TokenTypes};

/// What a token must be to be accepted: by whom, for whom, how signed, of what type, and with which claims.
///
/// `iss`, `aud` and `exp` are always required.
///
/// ```compile_fail
/// use jotgate_jose::{Algorithm, jwt::Policy};
/// // No audience: `build` does not exist.
/// let policy = Policy::builder().issuer("https://auth.example.com").algorithms([Algorithm::EdDsa]).build();
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) issuers: Accepted,
    pub(super) audiences: Accepted,
    pub(super) algorithms: AlgorithmSet,
    pub(super) typ: Option<TokenTypes>,
    pub(super) audience_claim: Option<AudienceClaim>,
    pub(super) required: Vec<Box<str>>,
    pub(super) leeway: i64,
    pub(super) max_age: Option<i64>,
    pub(super) max_len: usize,
}

/// The values that a claim may have, and the same in words for a refusal.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    values: Box<[Box<str>]>,
    pub(super) shown: Arc<str>,
}

/// The claim that says whom a token is for, where it has no `aud`.
#[derive(Clone, Debug)]
pub(super) struct AudienceClaim {
    pub(super) name: Box<str>,
    pub(super) accepted: Accepted,
}

impl Accepted {
    fn new(values: Vec<Box<str>>) -> Self {
        let shown = match values.as_slice() {
            [] => "one that is accepted, of which there are none".to_owned(),
            [only] => format!("{only:?}"),
            several => format!("one of {several:?}"),
        };
        Self { values: values.into(), shown: shown.into() }
    }

    /// Compares exactly: case, trailing slashes and all (RFC 7519 §2, `StringOrURI`).
    pub(super) fn contains(&self, value: &str) -> bool {
        self.values.iter().any(|accepted| **accepted == *value)
    }
}

impl Policy {
    /// The leeway unless another is set, in seconds.
    pub const DEFAULT_LEEWAY: u32 = 30;
    /// The largest leeway, in seconds.
    pub const MAX_LEEWAY: u32 = 300;
    /// The longest token unless another limit is set, in bytes.
    pub const DEFAULT_MAX_TOKEN_BYTES: usize = 16 * 1024;

    /// Starts a policy. Issuer, audience and algorithms must be given, in any order.
    #[must_use]
    pub fn builder() -> PolicyBuilder<Missing, Missing, Missing> {
        PolicyBuilder { draft: Draft::default(), given: PhantomData }
    }

    pub(super) const fn demands(&self) -> Demands<'_> {
        Demands { max_len: self.max_len, algorithms: self.algorithms, typ: self.typ.as_ref() }
    }
}

/// This part of a policy has been given.
#[derive(Clone, Copy, Debug)]
pub enum Given {}

/// This part of a policy is missing, so that it cannot be built yet.
#[derive(Clone, Copy, Debug)]
pub enum Missing {}

/// A policy that is being put together. The three parameters say whether issuer, audience and algorithms have been given.
pub struct PolicyBuilder<Issuer, Audience, Algorithms> {
    draft: Draft,
    given: PhantomData<(Issuer, Audience, Algorithms)>,
}

struct Draft {
    issuers: Vec<Box<str>>,
    audiences: Vec<Box<str>>,
    algorithms: AlgorithmSet,
    types: Vec<Box<str>>,
    untyped: bool,
    audience_claim: Option<(Box<str>, Vec<Box<str>>)>,
    required: Vec<Box<str>>,
    leeway: u32,
    max_age: Option<u32>,
    max_len: usize,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            audiences: Vec::new(),
            algorithms: AlgorithmSet::default(),
            types: Vec::new(),
            untyped: false,
            audience_claim: None,
            required: Vec::new(),
            leeway: Policy::DEFAULT_LEEWAY,
            max_age: None,
            max_len: Policy::DEFAULT_MAX_TOKEN_BYTES,
        }
    }
}

impl<I, A, G> PolicyBuilder<I, A, G> {
    /// The issuer that is accepted (`iss`), compared exactly.
    #[must_use]
    pub fn issuer(self, issuer: impl Into<String>) -> PolicyBuilder<Given, A, G> {
        self.issuers([issuer])
    }

    /// The issuers that are accepted (`iss`), compared exactly. An empty list accepts none.
    #[must_use]
    pub fn issuers<S: Into<String>>(mut self, issuers: impl IntoIterator<Item = S>) -> PolicyBuilder<Given, A, G> {
        self.draft.issuers.extend(boxed(issuers));
        PolicyBuilder { draft: self.draft, given: PhantomData }
    }

    /// The audience that this verifier is (`aud`), compared exactly.
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> PolicyBuilder<I, Given, G> {
        self.audiences([audience])
    }

    /// The audiences that this verifier is; a token for one of them is accepted. An empty list accepts none.
    #[must_use]
    pub fn audiences<S: Into<String>>(mut self, audiences: impl IntoIterator<Item = S>) -> PolicyBuilder<I, Given, G> {
        self.draft.audiences.extend(boxed(audiences));
        PolicyBuilder { draft: self.draft, given: PhantomData }
    }

    /// For issuers whose tokens have no `aud`: the claim that says whom such a token is for, and the values that are accepted, compared
    /// exactly. A token that has an `aud` is held to the audiences all the same, and refused where there are none.
    #[must_use]
    pub fn audience_claim<S: Into<String>>(
        mut self,
        claim: impl Into<String>,
        accepted: impl IntoIterator<Item = S>,
    ) -> PolicyBuilder<I, Given, G> {
        self.draft.audience_claim = Some((claim.into().into(), boxed(accepted).collect()));
        PolicyBuilder { draft: self.draft, given: PhantomData }
    }

    /// The algorithms that are accepted. An empty list accepts none.
    #[must_use]
    pub fn algorithms(self, algorithms: impl IntoIterator<Item = Algorithm>) -> PolicyBuilder<I, A, Given> {
        let draft = Draft { algorithms: algorithms.into_iter().collect(), ..self.draft };
        PolicyBuilder { draft, given: PhantomData }
    }

    /// The type that a token must have (`typ`), for example `at+jwt` (RFC 8725 §3.11). Without this, any type is accepted; several
    /// calls accept several.
    #[must_use]
    pub fn token_type(mut self, typ: impl Into<String>) -> Self {
        self.draft.types.push(typ.into().into());
        self
    }

    /// Accepts a token without `typ`, besides those of the types that are given.
    #[must_use]
    pub fn untyped(mut self) -> Self {
        self.draft.untyped = true;
        self
    }

    /// Claims that a token must have besides `iss`, `aud` and `exp`. A claim that is `null` counts as missing.
    #[must_use]
    pub fn require<S: Into<String>>(mut self, claims: impl IntoIterator<Item = S>) -> Self {
        self.draft.required.extend(boxed(claims));
        self
    }

    /// How far clocks may differ, in seconds, for `exp`, `nbf` and the age. The default is
    /// [`Policy::DEFAULT_LEEWAY`]; more than [`Policy::MAX_LEEWAY`] is taken as that.
    #[must_use]
    pub fn leeway(mut self, seconds: u32) -> Self {
        self.draft.leeway = seconds.min(Policy::MAX_LEEWAY);
        self
    }

    /// How old a token may be, in seconds since its `iat`, which is then required and must not lie in the future.
    #[must_use]
    pub fn max_age(mut self, seconds: u32) -> Self {
        self.draft.max_age = Some(seconds);
        self
    }

    /// How long a token may be, in bytes. The default is [`Policy::DEFAULT_MAX_TOKEN_BYTES`].
    #[must_use]
    pub fn max_token_bytes(mut self, bytes: usize) -> Self {
        self.draft.max_len = bytes;
        self
    }
}

impl PolicyBuilder<Given, Given, Given> {
    /// The policy.
    #[must_use]
    pub fn build(self) -> Policy {
        let draft = self.draft;
        Policy {
            issuers: Accepted::new(draft.issuers),
            audiences: Accepted::new(draft.audiences),
            algorithms: draft.algorithms,
            typ: (draft.untyped || !draft.types.is_empty()).then(|| TokenTypes::new(&draft.types, draft.untyped)),
            audience_claim: draft
                .audience_claim
                .map(|(name, accepted)| AudienceClaim { name, accepted: Accepted::new(accepted) }),
            required: draft.required,
            leeway: i64::from(draft.leeway),
            max_age: draft.max_age.map(i64::from),
            max_len: draft.max_len,
        }
    }
}

fn boxed<S: Into<String>>(values: impl IntoIterator<Item = S>) -> impl Iterator<Item = Box<str>> {
    values.into_iter().map(|value| value.into().into_boxed_str())
}

impl<I, A, G> fmt::Debug for PolicyBuilder<I, A, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyBuilder").finish_non_exhaustive()
    }
}
