//! Why a request is refused: the code for everybody, and for the log what was expected and found.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jotgate_jose::Refusal;
use jotgate_wire::{BearerError, CrossSite, ErrorCode, VerificationCode};

/// A request is refused. An outsider is told the [`code`](Self::code) and no more; [`Display`](fmt::Display) is for the log.
#[derive(Debug, Clone)]
pub struct Rejection(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    why: Why,
    /// The configured issuer whose token it is.
    issuer: Option<Arc<str>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Why {
    /// The token, or that there is none.
    Token { code: VerificationCode, refusal: Option<Refusal>, found: Cow<'static, str> },
    /// The token is good but lacks this scope.
    Scope(Box<str>),
    /// The request carries its token in a way that RFC 6750 forbids.
    Request(&'static str),
    /// The request has a cookie, and another site may have caused it.
    CrossSite(CrossSite),
    /// An extractor stands on a route that no guard protects.
    Unguarded,
}

impl Rejection {
    fn new(why: Why) -> Self {
        Self(Box::new(Inner { why, issuer: None }))
    }

    /// Says whose token it is.
    pub(crate) fn of(mut self, issuer: &Arc<str>) -> Self {
        self.0.issuer = Some(Arc::clone(issuer));
        self
    }

    pub(crate) fn token(code: VerificationCode, found: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Why::Token { code, refusal: None, found: found.into() })
    }

    pub(crate) fn refused(refusal: Refusal) -> Self {
        // Both tables have the same words, held together by a test; a word that were missing here is a token refused all the same.
        let code = refusal.code().as_str().parse().unwrap_or(VerificationCode::TokenMalformed);
        Self::new(Why::Token { code, refusal: Some(refusal), found: "".into() })
    }

    /// By the name that the token claims; it is shown cut, and with nothing in it that moves a cursor.
    pub(crate) fn other_issuer(name: &str) -> Self {
        let start: String = name.chars().take(80).collect();
        Self::token(
            VerificationCode::IssuerMismatch,
            format!("{start:?}, which is not among the issuers that are accepted"),
        )
    }

    pub(crate) fn no_token() -> Self {
        Self::token(
            VerificationCode::TokenMissing,
            "no Authorization header with the scheme Bearer, and no cookie that counts",
        )
    }

    pub(crate) fn malformed_claims() -> Self {
        Self::token(
            VerificationCode::ClaimMalformed,
            "`sid` that is not a string, or `scope` that is neither one nor a list",
        )
    }

    pub(crate) fn malformed_status() -> Self {
        let found = "`status` that is no object, or `status_list` in it without `idx` and `uri`";
        Self::token(VerificationCode::ClaimMalformed, found)
    }

    pub(crate) fn scope(needed: &str) -> Self {
        Self::new(Why::Scope(needed.into()))
    }

    pub(crate) fn request(what: &'static str) -> Self {
        Self::new(Why::Request(what))
    }

    pub(crate) fn cross_site(why: CrossSite) -> Self {
        Self::new(Why::CrossSite(why))
    }

    pub(crate) fn unguarded() -> Self {
        Self::new(Why::Unguarded)
    }

    pub(crate) fn why(&self) -> &Why {
        &self.0.why
    }

    /// The configured issuer that the token was held to; nothing where there is no token, or one of somebody else.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer.as_deref()
    }

    /// The stable code, as it stands in the answer.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.why() {
            Why::Token { code, .. } => code.as_str(),
            Why::Scope(_) => VerificationCode::ScopeInsufficient.as_str(),
            Why::Request(_) => ErrorCode::InvalidRequest.as_str(),
            Why::CrossSite(_) => ErrorCode::CrossSiteRequest.as_str(),
            Why::Unguarded => ErrorCode::InternalError.as_str(),
        }
    }

    /// The code, where the token is what is refused; nothing for a malformed or a cross-site request.
    #[must_use]
    pub fn verification_code(&self) -> Option<VerificationCode> {
        match self.why() {
            Why::Token { code, .. } => Some(*code),
            Why::Scope(_) => Some(VerificationCode::ScopeInsufficient),
            Why::Request(_) | Why::CrossSite(_) | Why::Unguarded => None,
        }
    }

    /// How RFC 6750 §3.1 has it answered; nothing when it is the program's fault, or that another site may have caused the request.
    #[must_use]
    pub fn bearer_error(&self) -> Option<BearerError> {
        match self.why() {
            Why::Request(_) => Some(BearerError::InvalidRequest),
            _ => self.verification_code().map(VerificationCode::bearer_error),
        }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self.why() {
            Why::CrossSite(_) => ErrorCode::CrossSiteRequest.status(),
            _ => self.bearer_error().map_or(500, BearerError::status),
        }
    }

    /// What would have been accepted, for the log; empty where the code says it all.
    #[must_use]
    pub fn expected(&self) -> String {
        match self.why() {
            Why::Token { refusal: Some(refusal), .. } => refusal.expected(),
            Why::Scope(scope) => format!("scope {scope}"),
            Why::Token { .. } | Why::Request(_) | Why::CrossSite(_) | Why::Unguarded => String::new(),
        }
    }

    /// What was there instead, for the log; never the token.
    #[must_use]
    pub fn found(&self) -> String {
        match self.why() {
            Why::Token { refusal: Some(refusal), .. } => refusal.found(),
            Why::Token { found, .. } => found.clone().into_owned(),
            Why::Request(found) => (*found).to_owned(),
            Why::CrossSite(found) => found.detail().to_owned(),
            Why::Scope(_) => "a token without it".to_owned(),
            Why::Unguarded => "an extractor on a route without a guard's layer".to_owned(),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why() {
            Why::Token { refusal: Some(refusal), .. } => write!(f, "{}: {refusal}", self.code()),
            Why::Scope(scope) => write!(f, "{}: the token does not grant `{scope}`", self.code()),
            _ => write!(f, "{}: {}", self.code(), self.found()),
        }
    }
}

impl std::error::Error for Rejection {}

/// The claims of a verified token do not have the shape that was asked for.
#[derive(Debug)]
pub struct ClaimsError(serde_json::Error);

impl ClaimsError {
    pub(crate) fn new(error: serde_json::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the claims of the token do not have the shape that was asked for: {}", self.0)
    }
}

impl std::error::Error for ClaimsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
