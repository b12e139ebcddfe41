//! What someone can do: one verb a file. A flow knows no HTTP and no SQL; it parses nothing, and decides in the order
//! that its function reads.

mod administer;
mod audit;
mod authenticate;
mod change_email;
mod change_password;
mod deliver;
mod forgot_password;
mod grant;
mod import;
mod keys;
mod login;
mod logout;
mod me;
mod refresh;
mod register;
mod rekey;
mod resend;
mod reset_password;
mod revoke_token;
mod sessions;
mod update_user;
mod users;
mod verify_email;

pub use audit::{Lines, audit};
pub use authenticate::authenticate;
pub(crate) use authenticate::authenticate_for_others;
pub use change_email::{ChangeEmail, change_email};
pub use change_password::{ChangePassword, change_password};
pub(crate) use deliver::deliver;
pub use forgot_password::forgot_password;
pub use grant::{Grant, Opened};
pub use import::{ImportMode, ImportOutcome, ImportRefusal, Imported, import};
pub use keys::{KeyInfo, KeysFailure, NextKeyInfo, Revoked, generate_key, keys, public_keys, revoke_keys, rotate_key};
pub use login::{LogIn, login};
pub use logout::{Credential, Scope, logout};
pub use me::{UpdateMe, me, update_me};
pub use refresh::refresh;
pub use register::{Register, register, register_unproven};
pub use rekey::{Rekeyed, rekey};
pub use resend::resend;
pub use reset_password::{ResetPassword, reset_password};
pub use revoke_token::{revoke_token, revoke_token_by_id};
pub use sessions::{end_session, end_sessions_of, end_sessions_of_everyone, sessions};
pub use update_user::{UpdateUser, update_user};
pub use users::{
    NewUser, check_role, create_user, delete_user, disable_user, enable_user, find_user, user, users, users_by_email,
};
pub use verify_email::{Verified, verify_email};

pub use crate::domain::audit::{By, Origin};
use crate::domain::email::InvalidEmail;
use crate::domain::metadata::InvalidMetadata;
use crate::domain::password::WeakPassword;
use crate::hasher::HashError;
use crate::store::StoreError;
use crate::tokens::check::Refused;
use crate::tokens::keyring::NoKey;

/// What is known of the device that is logging in or refreshing, for people to recognise it by.
#[derive(Debug, Clone, Default)]
pub struct Device {
    /// A name that the client gave.
    pub name: Option<String>,
    /// The client itself, by its `client_id`; `tokens.client_id` when it does not say.
    pub client: Option<String>,
    /// From where it asks.
    pub origin: Origin,
}

/// Why a flow did not do what it was asked. `http/error.rs` has the status and the code of each.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The e-mail address cannot be one.
    #[error(transparent)]
    InvalidEmail(#[from] InvalidEmail),
    /// The new password is too weak.
    #[error(transparent)]
    WeakPassword(#[from] WeakPassword),
    /// No client of that name is configured.
    #[error("there is no client of this name")]
    UnknownClient,
    /// The name is empty, too long, or has control characters.
    #[error("{0}")]
    InvalidName(String),
    /// The metadata would be too much; of the two the one that is named.
    #[error("{0} {1}")]
    InvalidMetadata(&'static str, InvalidMetadata),
    /// A role is not one word of at most 64 characters.
    #[error("a role is one word of at most 64 characters")]
    InvalidRole,
    /// Administrators cannot take themselves out.
    #[error("administrators cannot close or delete their own account, nor take from it what makes them administrators")]
    OwnAccount,
    /// Whoever asks was an administrator when the token was issued, and is none any more.
    #[error("the account of the access token is no administrator any more")]
    NoAdministrator,
    /// There is an account with that address.
    #[error("there is an account with this e-mail address")]
    EmailTaken,
    /// Wrong password, or no such user: nobody is told which.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// The right password of a disabled account.
    #[error("this account is disabled")]
    AccountDisabled,
    /// The right password, but the address has to be proven first.
    #[error("the e-mail address has not been verified yet; follow the link in the mail, or ask for another")]
    EmailNotVerified,
    /// The token of a link is not one of ours, was used, has expired, or something has changed since.
    #[error("the link is not valid any more; ask for another")]
    LinkInvalid,
    /// What was asked for needs mail, and none is configured.
    #[error("this server sends no mail")]
    MailNotConfigured,
    /// Too many tries; wait that many seconds.
    #[error("too many tries for this account; try again in {0} seconds")]
    TooManyAttempts(u32),
    /// The access token is refused.
    #[error("the access token is refused: {}", .0.code)]
    AccessToken(Refused),
    /// No token has such an id.
    #[error("that is no id of a token: at most 256 bytes, and no control characters")]
    InvalidTokenId,
    /// The refresh token is not one of ours.
    #[error("the refresh token is not valid")]
    RefreshTokenInvalid,
    /// The session was idle too long or has reached its absolute end.
    #[error("the session has expired; log in again")]
    RefreshTokenExpired,
    /// The refresh token was used before, so it may be stolen: the session is over.
    #[error("the refresh token was used before, so the session has been ended; log in again")]
    RefreshTokenReused,
    /// The refresh token was replaced, by another request, while this one waited.
    #[error("the refresh token was replaced while this request waited; try again with the newest one")]
    Overtaken,
    /// The session has been ended.
    #[error("the session has been ended; log in again")]
    SessionEnded,
    /// The caller has no such session.
    #[error("there is no such session")]
    SessionNotFound,
    /// There is no such user.
    #[error("there is no such user")]
    UserNotFound,
    /// Too much work is waiting.
    #[error("the server is busy; try again soon")]
    Overloaded,
    /// The store failed.
    #[error("the store cannot be used: {0}")]
    Store(StoreError),
    /// The key for new tokens was revoked, and the one in its place does not open here.
    #[error("the server has no key for new tokens just now; nothing was changed")]
    NoKey,
    /// A fault of ours; the text is for the log.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded => Self::Overloaded,
            error => Self::Store(error),
        }
    }
}

impl From<NoKey> for Failure {
    fn from(NoKey: NoKey) -> Self {
        Self::NoKey
    }
}

impl From<HashError> for Failure {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Overloaded => Self::Overloaded,
            error => Self::Internal(error.to_string()),
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::AccessToken(refused)
    }
}
