//! The one table of verification codes: what can be wrong with a token.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a protected API answers, in the words of RFC 6750 §3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BearerError {
    /// No token was sent: 401 with a challenge that names no error (RFC 6750 §3).
    NoToken,
    /// The request is malformed: 400 `invalid_request`.
    InvalidRequest,
    /// The token is expired, revoked, malformed or otherwise refused: 401 `invalid_token`.
    InvalidToken,
    /// The token is good but does not reach this far: 403 `insufficient_scope`.
    InsufficientScope,
    /// The verifier cannot judge the token now, and it is not the client's fault: 503, no challenge.
    Unavailable,
}

impl BearerError {
    /// The `error` parameter of the challenge, where there is one.
    #[must_use]
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::NoToken | Self::Unavailable => None,
            Self::InvalidRequest => Some("invalid_request"),
            Self::InvalidToken => Some("invalid_token"),
            Self::InsufficientScope => Some("insufficient_scope"),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::NoToken | Self::InvalidToken => 401,
            Self::InsufficientScope => 403,
            Self::Unavailable => 503,
        }
    }
}

macro_rules! verification_codes {
    ($($variant:ident $code:literal $bearer:ident $title:literal)*) => {
        /// Why a token was refused. The same words in every crate, client library, log and answer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum VerificationCode {
            $(#[doc = concat!("`", $code, "`: ", $title, ".")] $variant,)*
        }

        impl VerificationCode {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as it is written everywhere; stable for ever.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// A short text for people; it may change.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// How RFC 6750 has it answered.
            #[must_use]
            pub fn bearer_error(self) -> BearerError {
                match self { $(Self::$variant => BearerError::$bearer),* }
            }
        }
    };
}

verification_codes! {
    TokenMissing        "token_missing"         NoToken           "no access token was sent"
    TokenMalformed      "token_malformed"       InvalidToken      "the token is not a well-formed signed JWT"
    TokenTooLarge       "token_too_large"       InvalidToken      "the token is larger than is accepted"
    AlgorithmNotAllowed "algorithm_not_allowed" InvalidToken      "the token is signed with an algorithm that is not accepted"
    KeyUnknown          "key_unknown"           InvalidToken      "the token is signed with a key that the issuer does not publish"
    KeysUnavailable     "keys_unavailable"      Unavailable       "the issuer's keys cannot be had at the moment"
    SignatureInvalid    "signature_invalid"     InvalidToken      "the signature does not fit the token"
    HeaderUnsupported   "header_unsupported"    InvalidToken      "the token's header asks for something that is not supported"
    TypeMismatch        "type_mismatch"         InvalidToken      "the token is of another type than is accepted here"
    ClaimMissing        "claim_missing"         InvalidToken      "the token lacks a claim that is required"
    ClaimMalformed      "claim_malformed"       InvalidToken      "a claim of the token is malformed"
    TokenExpired        "token_expired"         InvalidToken      "the token has expired"
    TokenNotYetValid    "token_not_yet_valid"   InvalidToken      "the token is not valid yet"
    IssuerMismatch      "issuer_mismatch"       InvalidToken      "the token is from another issuer"
    AudienceMismatch    "audience_mismatch"     InvalidToken      "the token is meant for another audience"
    SessionEnded        "session_ended"         InvalidToken      "the session has ended"
    TokenRevoked        "token_revoked"         InvalidToken      "the token has been revoked"
    KeyRevoked          "key_revoked"           InvalidToken      "the key that signed the token has been revoked"
    RevocationsStale    "revocations_stale"     Unavailable       "it is not known at the moment which sessions have ended"
    ScopeInsufficient   "scope_insufficient"    InsufficientScope "the token does not grant the scope that is needed"
}

impl VerificationCode {
    /// The HTTP status of a protected API's answer.
    #[must_use]
    pub fn status(self) -> u16 {
        self.bearer_error().status()
    }
}

impl fmt::Display for VerificationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text is not the code of any row of the table it was looked up in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no such code")
    }
}

impl std::error::Error for UnknownCode {}

impl FromStr for VerificationCode {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownCode)
    }
}

impl Serialize for VerificationCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for VerificationCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_the_snake_case_of_its_name_and_reads_back() {
        for code in VerificationCode::ALL {
            let name = format!("{code:?}");
            let mut snake = String::new();
            for c in name.chars() {
                if c.is_uppercase() && !snake.is_empty() {
                    snake.push('_');
                }
                snake.extend(c.to_lowercase());
            }
            assert_eq!(code.as_str(), snake);
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert_eq!(serde_json::to_value(code).unwrap(), snake);
        }
        assert_eq!("expired".parse::<VerificationCode>(), Err(UnknownCode));
    }

    #[test]
    fn the_contract_names_twenty_codes() {
        assert_eq!(VerificationCode::ALL.len(), 20);
    }

    #[test]
    fn answers_are_those_of_rfc_6750() {
        let cases = [
            (VerificationCode::TokenMissing, 401, None),
            (VerificationCode::TokenExpired, 401, Some("invalid_token")),
            (VerificationCode::ScopeInsufficient, 403, Some("insufficient_scope")),
            (VerificationCode::KeysUnavailable, 503, None),
        ];
        for (code, status, error) in cases {
            assert_eq!((code.status(), code.bearer_error().as_str()), (status, error), "{code}");
        }
    }
}
