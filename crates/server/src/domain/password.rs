//! Passwords, and which of them are too weak to be chosen.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::email::Email;

mod common;
mod weakness;

/// A password as a person typed it, brought into one form; hidden when printed and wiped when dropped.
///
/// The form is that of RFC 8265 §4.2 (`OpaqueString`): every kind of space is the plain one, and the whole is in NFC, as NIST
/// SP 800-63B-4 §3.1.1.2 asks. So the same keys give the same password whether a device composes accents or not, and nothing
/// else is changed: capitals, widths and ligatures are part of a password.
#[derive(Clone)]
pub struct Password {
    normal: SecretString,
    /// What was typed, where that is not the same: other systems hashed it as it came.
    typed: Option<SecretString>,
}

/// The text is longer than any password that is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password is longer than {} bytes", Password::MAX_BYTES)]
pub struct PasswordTooLong;

impl Password {
    /// The longest text, in bytes, that is looked at: 256 code points of four bytes each, taken apart as far as accents and
    /// syllables can be.
    pub const MAX_BYTES: usize = 4096;

    /// Takes a password from outside, whether it is a good one or not. One that is too long is refused before any
    /// work is done on it.
    pub fn parse(text: &str) -> Result<Self, PasswordTooLong> {
        if text.len() > Self::MAX_BYTES {
            return Err(PasswordTooLong);
        }
        if text.is_ascii() {
            return Ok(Self { normal: SecretString::from(text), typed: None });
        }
        // Large enough never to be moved while it is filled, so that no copy stays behind in memory:
        // NFC makes at most three bytes of one (UAX #15 §14, table 7).
        let mut normal = Zeroizing::new(String::with_capacity(text.len() * 3));
        normal.extend(text.chars().map(plain_space).nfc());
        let typed = (*normal != text).then(|| SecretString::from(text));
        Ok(Self { normal: SecretString::from(normal.as_str()), typed })
    }

    /// What is hashed in place of a text that can be nobody's password, so that refusing it takes the same work.
    pub(crate) fn stand_in() -> Self {
        Self { normal: SecretString::default(), typed: None }
    }

    /// The bytes to hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.expose().as_bytes()
    }

    /// The bytes as they were typed, where they are others.
    pub(crate) fn as_typed(&self) -> Option<&[u8]> {
        self.typed.as_ref().map(|typed| typed.expose_secret().as_bytes())
    }

    fn expose(&self) -> &str {
        self.normal.expose_secret()
    }
}

/// The space characters beyond ASCII (general category `Zs`) stand for the plain one (RFC 8265 §4.2.2).
const fn plain_space(c: char) -> char {
    match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        c => c,
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The hash of a password in the PHC string format, or in that of the system it was imported from; hidden when printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Box<str>);

impl PasswordHash {
    /// Wraps the text of a hash.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text, for verifying and storing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Which passwords may be chosen: by length and by how soon they would be guessed, never by kinds of characters
/// (NIST SP 800-63B-4 §3.1.1.2 forbids such rules).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The fewest code points.
    pub min_length: usize,
    /// The most code points.
    pub max_length: usize,
}

impl Default for PasswordPolicy {
    /// 15 code points, as NIST SP 800-63B-4 §3.1.1.2 requires of a password that is the only factor, to 256.
    fn default() -> Self {
        Self { min_length: 15, max_length: 256 }
    }
}

/// Why a password may not be chosen, said to the person who chose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// The password is shorter than the least characters.
    #[error(
        "the password is shorter than {min} characters; a few words that nobody would put together are long and easy to keep"
    )]
    TooShort {
        /// The fewest characters.
        min: usize,
    },
    /// The password is longer than the most characters.
    #[error("the password is longer than {max} characters")]
    TooLong {
        /// The most characters.
        max: usize,
    },
    /// The password contains a control character, which cannot be typed everywhere.
    #[error("the password contains a control character, which cannot be typed everywhere")]
    ControlCharacter,
    /// The password is made of your name, your address or the name of this service.
    #[error("the password is made of your name, your address or the name of this service, which are tried first")]
    OwnWords,
    /// The password repeats a few characters.
    #[error("the password repeats a few characters, and is as easy to guess as they are alone")]
    Repetition,
    /// The password is a sequence of neighbouring characters.
    #[error("the password is a sequence of neighbouring characters or keys")]
    Sequence,
    /// The password is known from breaches, or hardly more than such a one.
    #[error("the password, or nearly that, is known from breaches of other services, where many people had it")]
    Common,
}

impl PasswordPolicy {
    /// Refuses a new password that is too weak for this person.
    pub fn check(&self, password: &Password, email: &Email, name: Option<&str>) -> Result<(), WeakPassword> {
        let text = password.expose();
        let length = text.chars().count();
        if length < self.min_length {
            return Err(WeakPassword::TooShort { min: self.min_length });
        }
        if length > self.max_length {
            return Err(WeakPassword::TooLong { max: self.max_length });
        }
        if text.chars().any(char::is_control) {
            return Err(WeakPassword::ControlCharacter);
        }
        weakness::find(text, email, name).map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests;
