//! A person with an account.

use super::{email::Email, id::id, metadata::Metadata, password::PasswordHash, time::Timestamp};

id!(
    /// Identifies a user; the `sub` of access tokens.
    UserId
);

/// A person with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The id, which is the `sub` of the tokens.
    pub id: UserId,
    /// The address, which is also the name at log-in.
    pub email: Email,
    /// When the person proved that the address is theirs.
    pub email_verified_at: Option<Timestamp>,
    /// The name for display.
    pub name: Option<String>,
    /// Roles that an administrator gave.
    pub roles: Vec<String>,
    /// Nothing for a person who cannot log in with a password.
    pub password_hash: Option<PasswordHash>,
    /// What administrators keep with the account.
    pub app_metadata: Metadata,
    /// What the person keeps with it.
    pub user_metadata: Metadata,
    /// Since when the account is closed; nothing while it is open.
    pub disabled_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl User {
    /// Whether the account is open.
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }
}

/// A name for display: 1 to 200 code points, without white space at its ends and without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

/// Why a text is not a name for display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing is left without the white space.
    #[error("the name is empty")]
    Empty,
    /// More than [`DisplayName::MAX_LENGTH`] code points.
    #[error("the name is longer than {} characters", DisplayName::MAX_LENGTH)]
    TooLong,
    /// Control characters, and marks that turn the direction of the text around them.
    #[error("the name contains a control character or an invisible direction mark")]
    ControlCharacter,
}

impl DisplayName {
    /// The longest name, in code points.
    pub const MAX_LENGTH: usize = 200;

    /// Takes the text without the white space at its ends.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let name = text.trim();
        if name.is_empty() {
            return Err(InvalidName::Empty);
        }
        if name.chars().count() > Self::MAX_LENGTH {
            return Err(InvalidName::TooLong);
        }
        if name.chars().any(|c| c.is_control() || is_direction_mark(c)) {
            return Err(InvalidName::ControlCharacter);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Characters that turn the direction of the text around them, with which a name could rewrite the sentence of a
/// mail or a page it stands in (Unicode Technical Report 36 §2.6).
pub(crate) const fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
pub(crate) mod sample {
    use uuid::Uuid;

    use super::{Metadata, User, UserId};
    use crate::domain::{email::Email, time::Timestamp};

    /// A user without anything that can be left out.
    pub(crate) fn user() -> User {
        let now = Timestamp::from_seconds(1_800_000_000);
        User {
            id: UserId::new(Uuid::from_u128(1)),
            email: Email::parse("ada@example.com").unwrap(),
            email_verified_at: None,
            name: None,
            roles: Vec::new(),
            password_hash: None,
            app_metadata: Metadata::default(),
            user_metadata: Metadata::default(),
            disabled_at: None,
            created_at: now,
            updated_at: now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DisplayName, InvalidName};

    fn check(text: &str, expected: Result<&str, InvalidName>) {
        assert_eq!(DisplayName::parse(text).as_ref().map(DisplayName::as_str), expected.as_ref().copied(), "{text:?}");
    }

    #[test]
    fn a_name_is_trimmed_and_not_empty() {
        check("  Ada Lovelace ", Ok("Ada Lovelace"));
        check(" \t ", Err(InvalidName::Empty));
        check("", Err(InvalidName::Empty));
    }

    #[test]
    fn a_name_has_at_most_200_code_points() {
        check(&"é".repeat(200), Ok(&"é".repeat(200)));
        check(&"é".repeat(201), Err(InvalidName::TooLong));
    }

    #[test]
    fn a_name_has_no_control_characters() {
        check("a\0b", Err(InvalidName::ControlCharacter));
        check("a\nb", Err(InvalidName::ControlCharacter));
        check("a\u{202e}b", Err(InvalidName::ControlCharacter));
        check("محمد", Ok("محمد"));
    }
}
