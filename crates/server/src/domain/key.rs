//! A key of the key ring as it is stored, and where it is in its life.

use super::time::Timestamp;

/// A key of the key ring with what is secret of it encrypted.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoredKey {
    /// The key id, unique among all keys.
    pub(crate) kid: String,
    pub(crate) purpose: KeyPurpose,
    /// The algorithm, by its JOSE name.
    pub(crate) algorithm: String,
    pub(crate) state: KeyState,
    /// The secret under the master key, as AES-256-GCM ciphertext made by the key ring. It goes when the key no longer
    /// signs; a secret from the configuration is never here.
    pub(crate) sealed: Option<Vec<u8>>,
    /// The public half of a key pair, sealed as well: whoever can write to the database cannot add a key of their own.
    pub(crate) public: Option<Vec<u8>>,
    /// When it was made, and published.
    pub(crate) created_at: Timestamp,
    /// From when on it is to sign, or has been signing. A next key without it waits to be asked for.
    pub(crate) activate_at: Option<Timestamp>,
    pub(crate) activated_at: Option<Timestamp>,
    pub(crate) retired_at: Option<Timestamp>,
}

impl StoredKey {
    /// A secret that the configuration holds. Its verifiers have it by other means than the key set.
    pub(crate) fn is_configured_secret(&self) -> bool {
        self.purpose == KeyPurpose::Signing && self.public.is_none()
    }
}

impl std::fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKey")
            .field("kid", &self.kid)
            .field("purpose", &self.purpose)
            .field("algorithm", &self.algorithm)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// What a key is for. The names are stored: they are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Signs access tokens.
    Signing,
    /// Authenticates refresh tokens.
    Refresh,
}

impl KeyPurpose {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signing => "signing",
            Self::Refresh => "refresh",
        }
    }

    /// The purpose of this name, if there is one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Signing, Self::Refresh].into_iter().find(|purpose| purpose.name() == name)
    }
}

/// Where a key is in its life. The names are stored: they are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Known to everyone who verifies, not signing yet.
    Next,
    /// Signing.
    Active,
    /// Still known, until the last token it signed has expired.
    Retired,
}

impl KeyState {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    /// The state of this name, if there is one.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Next, Self::Active, Self::Retired].into_iter().find(|state| state.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyPurpose, KeyState, StoredKey};
    use crate::domain::time::Timestamp;

    #[test]
    fn names_lead_back() {
        for purpose in [KeyPurpose::Signing, KeyPurpose::Refresh] {
            assert_eq!(KeyPurpose::from_name(purpose.name()), Some(purpose));
        }
        for state in [KeyState::Next, KeyState::Active, KeyState::Retired] {
            assert_eq!(KeyState::from_name(state.name()), Some(state));
        }
    }

    #[test]
    fn debug_output_hides_the_sealed_secret() {
        let key = StoredKey {
            kid: "k1".to_owned(),
            purpose: KeyPurpose::Signing,
            algorithm: "EdDSA".to_owned(),
            state: KeyState::Active,
            sealed: Some(vec![251, 252, 253]),
            public: Some(vec![254, 250]),
            created_at: Timestamp::from_seconds(1),
            activate_at: None,
            activated_at: None,
            retired_at: None,
        };
        let shown = format!("{key:?}");
        assert!(shown.contains("k1") && !shown.contains("251") && !shown.contains("254"), "{shown}");
    }
}
