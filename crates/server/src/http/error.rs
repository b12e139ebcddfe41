//! Every error to its status, code and words: the one place where a failure becomes an answer.
//!
//! An answer to an outsider says what they can mend. What only helps the operator goes to the log.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jotgate_wire::{ErrorCode, PROBLEM_JSON, Problem, VerificationCode};

use crate::domain::scope;
use crate::flows::Failure;
use crate::store::StoreError;

/// An error on its way to becoming `application/problem+json` (RFC 9457).
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    code: Code,
    detail: String,
    fields: BTreeMap<String, String>,
    retry_after: Option<u32>,
    /// Where 400 cannot be understood, it is a challenge.
    challenged: bool,
    /// The scope that the access token does not grant.
    lacking: Option<&'static str>,
}

/// After how many seconds a shed request may come back.
const RETRY_AFTER_OVERLOAD: u32 = 2;

/// The same while the store fails.
const RETRY_AFTER_STORE: u32 = 1;

#[derive(Debug, Clone, Copy)]
enum Code {
    Api(ErrorCode),
    Verification(VerificationCode),
}

impl ApiError {
    pub(crate) fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self::of(Code::Api(code), detail.into())
    }

    /// An access token that is missing or refused: the code and no more.
    pub(crate) fn verification(code: VerificationCode) -> Self {
        let retry_after = (code.status() == 503).then_some(RETRY_AFTER_OVERLOAD);
        Self { retry_after, ..Self::of(Code::Verification(code), code.title().into()) }
    }

    /// An access token that does not grant this scope (RFC 6750 §3.1).
    pub(crate) fn lacking(scope: &'static str) -> Self {
        let detail = format!("this needs an access token with the scope `{scope}`");
        Self { lacking: Some(scope), ..Self::new(ErrorCode::InsufficientScope, detail) }
    }

    fn of(code: Code, detail: String) -> Self {
        Self { code, detail, fields: BTreeMap::new(), retry_after: None, challenged: false, lacking: None }
    }

    /// For those who know 401 and 403 and nothing else of that kind: a malformed request becomes 401.
    pub(crate) fn challenged(mut self) -> Self {
        self.challenged = matches!(self.code, Code::Api(ErrorCode::InvalidRequest));
        self
    }

    /// Too much is going on; try again soon.
    pub(crate) fn overloaded(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Overloaded, detail).retry_after(RETRY_AFTER_OVERLOAD)
    }

    /// The store fails; try again soon.
    pub(crate) fn store_unavailable(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::StoreUnavailable, detail).retry_after(RETRY_AFTER_STORE)
    }

    /// Names an input field and what is wrong with it.
    pub(crate) fn field(mut self, name: &str, wrong: impl Into<String>) -> Self {
        self.fields.insert(name.to_owned(), wrong.into());
        self
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        let status = match self.code {
            Code::Api(_) if self.challenged => StatusCode::UNAUTHORIZED.as_u16(),
            Code::Api(code) => code.status(),
            Code::Verification(code) => code.status(),
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn code(&self) -> &'static str {
        match self.code {
            Code::Api(code) => code.as_str(),
            Code::Verification(code) => code.as_str(),
        }
    }

    /// What is wrong, for a person.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// When to come back, if that is known.
    pub(crate) fn retry_after_header(&self) -> Option<HeaderValue> {
        self.retry_after.map(HeaderValue::from)
    }

    /// RFC 6750 §3: a bare challenge without a token, `error="invalid_token"` for a bad one.
    fn challenge(&self) -> Option<HeaderValue> {
        if let Some(scope) = self.lacking {
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
            return HeaderValue::from_str(&challenge).ok();
        }
        let code = match self.code {
            Code::Verification(code) => code,
            Code::Api(code) => {
                let challenge = format!("Bearer error=\"{code}\"");
                return self.challenged.then(|| HeaderValue::from_str(&challenge).ok()).flatten();
            }
        };
        let challenge = match code.bearer_error().as_str() {
            Some(error) => format!("Bearer error=\"{error}\", error_description=\"{code}\""),
            None if code.status() == 401 => "Bearer".to_owned(),
            None => return None,
        };
        HeaderValue::from_str(&challenge).ok()
    }

    /// The whole answer, once the request's id is known.
    pub(crate) fn answer(&self, request_id: &str) -> Response {
        let mut problem = match self.code {
            Code::Api(code) => Problem::new(code),
            Code::Verification(code) => Problem::verification(code),
        };
        problem.fields = self.fields.clone();
        problem.status = self.status().as_u16();
        let problem = problem.with_detail(self.detail.clone()).with_request_id(request_id);
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge() {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(value) = self.retry_after_header() {
            headers.insert(header::RETRY_AFTER, value);
        }
        response
    }
}

/// The body needs the request's id, which a layer knows: the error travels in the extensions until then.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        let detail = failure.to_string();
        let plain = |code| Self::new(code, detail.clone());
        match failure {
            Failure::InvalidEmail(_) => plain(ErrorCode::InvalidEmail).field("email", detail),
            Failure::WeakPassword(_) => plain(ErrorCode::WeakPassword).field("password", detail),
            Failure::InvalidName(_) => plain(ErrorCode::InvalidField).field("name", detail),
            Failure::InvalidMetadata(field, error) => {
                plain(ErrorCode::InvalidField).field(field, format!("the object {error}"))
            }
            Failure::InvalidRole => plain(ErrorCode::InvalidField).field("roles", detail),
            Failure::OwnAccount => plain(ErrorCode::OwnAccount),
            Failure::NoAdministrator => Self::lacking(scope::ADMIN),
            Failure::InvalidTokenId => plain(ErrorCode::InvalidField).field("jti", detail),
            Failure::UnknownClient => {
                plain(ErrorCode::InvalidField).field("client_id", "must be a client of the server's configuration")
            }
            Failure::EmailTaken => plain(ErrorCode::EmailTaken).field("email", detail),
            Failure::InvalidCredentials => plain(ErrorCode::InvalidCredentials),
            Failure::AccountDisabled => plain(ErrorCode::AccountDisabled),
            Failure::TooManyAttempts(seconds) => plain(ErrorCode::TooManyAttempts).retry_after(seconds),
            Failure::EmailNotVerified => plain(ErrorCode::EmailNotVerified),
            Failure::LinkInvalid => plain(ErrorCode::TokenInvalid),
            Failure::MailNotConfigured => plain(ErrorCode::MailNotConfigured),
            Failure::AccessToken(refused) => Self::verification(refused.code),
            Failure::RefreshTokenInvalid => plain(ErrorCode::RefreshTokenInvalid),
            Failure::RefreshTokenExpired => plain(ErrorCode::RefreshTokenExpired),
            Failure::RefreshTokenReused => plain(ErrorCode::RefreshTokenReused),
            Failure::SessionEnded => plain(ErrorCode::SessionEnded),
            Failure::SessionNotFound => plain(ErrorCode::SessionNotFound),
            // The caller's own account is gone: so is the session, and the token with it.
            Failure::UserNotFound => Self::verification(VerificationCode::SessionEnded),
            Failure::Overloaded | Failure::Overtaken => Self::overloaded(detail),
            Failure::Store(error) => store(&error),
            Failure::NoKey => Self::store_unavailable(detail),
            Failure::Internal(reason) => internal(&reason),
        }
    }
}

fn store(error: &StoreError) -> ApiError {
    tracing::error!(%error, "the store failed");
    let detail = if error.is_undecided() {
        "the server cannot reach its data just now; what was asked for may or may not have been done"
    } else {
        "the server cannot reach its data just now; nothing was changed"
    };
    ApiError::store_unavailable(detail)
}

fn internal(reason: &str) -> ApiError {
    tracing::error!(reason, "internal error");
    ApiError::new(ErrorCode::InternalError, "something went wrong in the server; the log has it under this request id")
}
