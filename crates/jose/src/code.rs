//! The stable words for why a token is refused. They are the same in every part of Jotgate, for ever.

use core::fmt;
use core::str::FromStr;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident => $word:literal,)*) => {
        /// Why a token was refused, as a word that never changes. The text of a [`crate::Refusal`] may.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code, in the order in which the checks run.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word, for example `token_expired`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

codes! {
    /// It is longer than the policy allows.
    TokenTooLarge => "token_too_large",
    /// It is not a compact JWS, or not canonical base64url, or not strict JSON.
    TokenMalformed => "token_malformed",
    /// Its header needs something that is not understood (`crit`, `b64`; RFC 7515 §4.1.11, RFC 7797).
    HeaderUnsupported => "header_unsupported",
    /// Its algorithm is not one that the policy, or the key, is for.
    AlgorithmNotAllowed => "algorithm_not_allowed",
    /// Its `typ` is not the one expected (RFC 8725 §3.11).
    TypeMismatch => "type_mismatch",
    /// No key is known under its `kid`, or none fits.
    KeyUnknown => "key_unknown",
    /// The signature is not by the key that the token names.
    SignatureInvalid => "signature_invalid",
    /// A claim has the wrong JSON type, or a value out of range.
    ClaimMalformed => "claim_malformed",
    /// A claim that the policy requires is absent.
    ClaimMissing => "claim_missing",
    /// Another issuer than expected (`iss`).
    IssuerMismatch => "issuer_mismatch",
    /// For somebody else (`aud`).
    AudienceMismatch => "audience_mismatch",
    /// Its time is over (`exp`), or it is older than the policy allows (`iat`).
    TokenExpired => "token_expired",
    /// Its time has not come (`nbf`).
    TokenNotYetValid => "token_not_yet_valid",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The word is no code of this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a verification code")
    }
}

impl core::error::Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(word: &str) -> Result<Self, UnknownCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == word).ok_or(UnknownCode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_finds_its_code() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
        assert_eq!("Token_Expired".parse::<Code>(), Err(UnknownCode));
    }
}
