//! What crosses HTTP between Jotgate and its clients: requests, answers, codes, claims, revocations. Types only.
//!
//! Codes are stable for ever, texts are not. Every code has its row in one of two tables: [`VerificationCode`] for what can be
//! wrong with a token, and [`ErrorCode`] for what can be wrong with a call.
//!
//! ```
//! use jotgate_wire::{BearerError, VerificationCode};
//!
//! let code: VerificationCode = "token_expired".parse()?;
//! assert_eq!(code.bearer_error(), BearerError::InvalidToken);
//! assert_eq!(code.status(), 401);
//! # Ok::<(), jotgate_wire::UnknownCode>(())
//! ```

mod account;
mod admin;
mod claims;
mod code;
mod cookie;
mod cross_site;
mod error;
mod metadata;
mod problem;
mod revocation;
mod secret;
mod session;
mod status_list;

pub use account::{
    AcceptedBody, EmailChangeRequest, EmailRequest, EmailVerifyRequest, PasswordChangeRequest, PasswordResetRequest,
    RegisterRequest, UpdateMeRequest, UserBody,
};
pub use admin::{
    AccountBody, AccountPage, AccountsQuery, AuditLine, AuditPage, AuditQuery, CreateAccountRequest, EndedBody,
    RoleBody, RoleList, UpdateAccountRequest,
};
pub use claims::{AccessClaims, Audience};
pub use code::{BearerError, UnknownCode, VerificationCode};
pub use cookie::{TokenCookie, TwoCookies, read_cookie};
pub use cross_site::{CrossSite, check_cross_site};
pub use error::ErrorCode;
pub use metadata::{IssuerMetadata, OAUTH_METADATA_PATH, OPENID_METADATA_PATH};
pub use problem::{PROBLEM_JSON, Problem};
pub use revocation::{Entry, FeedDocument, MAX_NAME_BYTES, RevocationSet, Subject, TokenFacts};
pub use secret::SecretText;
pub use session::{
    CookieResponse, LoginRequest, LogoutQuery, LogoutRequest, LogoutScope, REFRESH_TOKEN_PREFIX, RefreshRequest,
    SessionBody, SessionList, TokenResponse, Transport,
};
pub use status_list::{InvalidStatusList, StatusClaim, StatusList, StatusListBody, StatusListClaims, StatusReference};
