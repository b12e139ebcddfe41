//! What an outsider is told: RFC 6750 §3 challenges and RFC 9457 problem details.

use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use jotgate_wire::{BearerError, ErrorCode, PROBLEM_JSON, Problem, VerificationCode};

use crate::rejection::Why;
use crate::{Rejection, pace};

/// Seconds after which a verifier without keys is worth another try.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

impl Rejection {
    /// The answer: status, `WWW-Authenticate` where there is something to authenticate with, and a problem in JSON.
    ///
    /// Missing keys are the verifier's trouble and not the client's: 503 with `Retry-After`, so that nobody is logged out by it.
    #[must_use]
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        self.log();
        // A problem has nothing that JSON could not hold; an empty body would still carry status and challenge.
        let body = serde_json::to_string(&self.problem()).unwrap_or_default();
        let mut response = Response::new(B::from(body));
        *response.status_mut() = StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if self.bearer_error() == Some(BearerError::Unavailable) {
            headers.insert(RETRY_AFTER, RETRY_SECONDS);
        }
        response
    }

    /// The value of `WWW-Authenticate` (RFC 6750 §3); nothing when another try with another token would not help.
    #[must_use]
    pub fn challenge(&self) -> Option<HeaderValue> {
        let bearer = self.bearer_error()?;
        let Some(error) = bearer.as_str() else {
            return (bearer == BearerError::NoToken).then(|| HeaderValue::from_static("Bearer"));
        };
        let description = match self.why() {
            Why::Request(what) => what,
            _ => self.code(),
        };
        let scope = match self.why() {
            Why::Scope(scope) => format!(", scope=\"{scope}\""),
            _ => String::new(),
        };
        let challenge = format!("Bearer error=\"{error}\", error_description=\"{description}\"{scope}");
        HeaderValue::from_str(&challenge).ok()
    }

    fn problem(&self) -> Problem {
        match self.why() {
            Why::Token { code, .. } => Problem::verification(*code),
            Why::Scope(_) => Problem::verification(VerificationCode::ScopeInsufficient),
            Why::Request(what) => Problem::new(ErrorCode::InvalidRequest).with_detail(*what),
            Why::CrossSite(what) => Problem::new(ErrorCode::CrossSiteRequest).with_detail(what.detail()),
            Why::Unguarded => Problem::new(ErrorCode::InternalError),
        }
    }

    /// The one place where a refusal is logged. Outsiders can cause as many as they like, so it is for those who look for it, and
    /// no more of it than a disk can take.
    fn log(&self) {
        let code = self.code();
        if let Why::Unguarded = self.why() {
            tracing::error!(code, "a route is not protected: add the guard's layer to it");
        } else if tracing::enabled!(tracing::Level::DEBUG)
            && let Some(held_back) = pace::may_log(code)
        {
            let (issuer, expected, found) = (self.issuer(), self.expected(), self.found());
            tracing::debug!(code, issuer, expected, found, held_back, "request refused");
        }
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for Rejection {
    fn into_response(self) -> axum::response::Response {
        Rejection::into_response(self)
    }
}
