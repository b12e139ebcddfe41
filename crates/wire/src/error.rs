//! The one table of error codes: what can be wrong with a call to the server.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::UnknownCode;

macro_rules! error_codes {
    ($($variant:ident $code:literal $status:literal $title:literal)*) => {
        /// Why a call was refused. Codes for access tokens at the server's own routes are those of
        /// [`VerificationCode`](crate::VerificationCode).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = concat!("`", $code, "` (", $status, "): ", $title, ".")] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as it is written everywhere; stable for ever.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The HTTP status it is answered with.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// A short text for people; it may change.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }
        }
    };
}

error_codes! {
    InvalidRequest       "invalid_request"        400 "the request is malformed"
    InvalidJson          "invalid_json"           400 "the body is not well-formed JSON"
    UnknownField         "unknown_field"          400 "the body has a member that is not known here"
    MissingField         "missing_field"          400 "the body lacks a member that is required"
    InvalidField         "invalid_field"          400 "a member of the body has a value that cannot be accepted"
    InvalidEmail         "invalid_email"          400 "that is not an e-mail address"
    TokenInvalid         "token_invalid"          400 "the link is not valid, was used, or has expired"
    InvalidCursor        "invalid_cursor"         400 "the cursor is not one that this list has given"
    InvalidCredentials   "invalid_credentials"    401 "e-mail address or password is wrong"
    RefreshTokenInvalid  "refresh_token_invalid"  401 "the refresh token is not one of ours"
    RefreshTokenExpired  "refresh_token_expired"  401 "the refresh token has expired"
    RefreshTokenReused   "refresh_token_reused"   401 "the refresh token had been used before, so the session was ended"
    SessionEnded         "session_ended"          401 "the session has ended"
    EmailNotVerified     "email_not_verified"     403 "the e-mail address has not been verified yet"
    AccountDisabled      "account_disabled"       403 "the account is disabled"
    CrossSiteRequest     "cross_site_request"     403 "the request comes from another site"
    ProxyNotTrusted      "proxy_not_trusted"      403 "the request does not come from a configured proxy"
    InsufficientScope    "insufficient_scope"     403 "the access token does not grant the scope that is needed"
    NotFound             "not_found"              404 "there is nothing at this address"
    UserNotFound         "user_not_found"         404 "there is no such user"
    SessionNotFound      "session_not_found"      404 "there is no such session"
    MethodNotAllowed     "method_not_allowed"     405 "this address does not take that method"
    RequestTimeout       "request_timeout"        408 "the request did not arrive in time"
    OwnAccount           "own_account"            409 "administrators cannot do this to their own account"
    EmailTaken           "email_taken"            409 "there is an account with this e-mail address"
    RequestTooLarge      "request_too_large"      413 "the body is larger than is accepted"
    UnsupportedMediaType "unsupported_media_type" 415 "the body has to be application/json"
    WeakPassword         "weak_password"          422 "the password is too weak"
    TooManyAttempts      "too_many_attempts"      429 "too many attempts; try again later"
    HeadersTooLarge      "headers_too_large"      431 "the headers are larger than is accepted"
    InternalError        "internal_error"         500 "something went wrong here"
    MailNotConfigured    "mail_not_configured"    501 "this server sends no mail"
    Overloaded           "overloaded"             503 "there is too much to do at the moment; try again soon"
    StoreUnavailable     "store_unavailable"      503 "the store does not answer at the moment; try again soon"
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ErrorCode {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownCode)
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VerificationCode;

    #[test]
    fn codes_are_unique_and_read_back() {
        for (index, code) in ErrorCode::ALL.iter().enumerate() {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert!(ErrorCode::ALL[..index].iter().all(|earlier| earlier.as_str() != code.as_str()), "{code} twice");
            assert!((400..=599).contains(&code.status()), "{code}");
        }
    }

    #[test]
    fn a_word_of_both_tables_has_one_status() {
        for code in ErrorCode::ALL {
            if let Ok(verification) = code.as_str().parse::<VerificationCode>() {
                assert_eq!(code.status(), verification.status(), "{code}");
            }
        }
    }
}
