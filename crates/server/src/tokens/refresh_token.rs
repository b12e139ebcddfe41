//! The refresh token: `jgr_` + base64url(version ‖ key id ‖ session id ‖ generation ‖ MAC).
//!
//! It is opaque to clients and never stored. The MAC (HMAC-SHA256) is checked before any query, so forged and truncated
//! tokens cost the store nothing; and since a token is computed from its session and generation, the same successor can be
//! given to everyone who asks for it.

use aws_lc_rs::hmac;
use uuid::Uuid;

use crate::domain::session::SessionId;

const PREFIX: &str = "jgr_";
const VERSION: u8 = 1;
/// Version, key id, session id and generation.
const BODY_BYTES: usize = 1 + KEY_ID_BYTES + 16 + 8;
const MAC_BYTES: usize = 32;
const TOKEN_BYTES: usize = BODY_BYTES + MAC_BYTES;
/// Length of every refresh token, in characters.
pub(crate) const TOKEN_CHARS: usize = PREFIX.len() + (TOKEN_BYTES * 4).div_ceil(3);
pub(crate) const KEY_ID_BYTES: usize = 4;

/// A key for the MAC of refresh tokens, with the id that tokens name it by.
pub(crate) struct RefreshKey {
    pub(crate) id: [u8; KEY_ID_BYTES],
    key: hmac::Key,
}

impl RefreshKey {
    pub(crate) fn new(id: [u8; KEY_ID_BYTES], secret: &[u8]) -> Self {
        Self { id, key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }
}

impl std::fmt::Debug for RefreshKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshKey(…)")
    }
}

/// What a genuine refresh token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) session: SessionId,
    pub(crate) generation: u64,
}

/// The text is no refresh token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotGenuine;

impl RefreshToken {
    /// The token's text under that key.
    pub(crate) fn seal(self, key: &RefreshKey) -> String {
        let body = self.body(key.id);
        let mac = hmac::sign(&key.key, &body);
        let bytes = [body.as_slice(), mac.as_ref()].concat();
        format!("{PREFIX}{}", base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes))
    }

    /// Reads a token whose MAC holds under one of the keys. Exactly one text stands for each token.
    pub(crate) fn open(text: &str, keys: &[RefreshKey]) -> Result<Self, NotGenuine> {
        if text.len() != TOKEN_CHARS {
            return Err(NotGenuine);
        }
        let encoded = text.strip_prefix(PREFIX).ok_or(NotGenuine)?;
        let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(encoded).map_err(|_| NotGenuine)?;
        let (body, mac) = bytes.split_at_checked(BODY_BYTES).ok_or(NotGenuine)?;
        let body: &[u8; BODY_BYTES] = body.try_into().map_err(|_| NotGenuine)?;
        let (version, id, token) = Self::fields(body);
        let key = keys.iter().find(|key| key.id == id).ok_or(NotGenuine)?;
        hmac::verify(&key.key, body, mac).map_err(|_| NotGenuine)?;
        if version == VERSION { Ok(token) } else { Err(NotGenuine) }
    }

    fn body(self, key_id: [u8; KEY_ID_BYTES]) -> [u8; BODY_BYTES] {
        let mut body = [0; BODY_BYTES];
        body[0] = VERSION;
        body[1..5].copy_from_slice(&key_id);
        body[5..21].copy_from_slice(self.session.as_bytes());
        body[21..29].copy_from_slice(&self.generation.to_be_bytes());
        body
    }

    fn fields(body: &[u8; BODY_BYTES]) -> (u8, [u8; KEY_ID_BYTES], Self) {
        let mut key_id = [0; KEY_ID_BYTES];
        let mut session = [0; 16];
        let mut generation = [0; 8];
        key_id.copy_from_slice(&body[1..5]);
        session.copy_from_slice(&body[5..21]);
        generation.copy_from_slice(&body[21..29]);
        let token =
            Self { session: SessionId::new(Uuid::from_bytes(session)), generation: u64::from_be_bytes(generation) };
        (body[0], key_id, token)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> Vec<RefreshKey> {
        vec![RefreshKey::new(*b"old!", &[7; 32]), RefreshKey::new(*b"now!", &[9; 32])]
    }

    fn token(generation: u64) -> RefreshToken {
        RefreshToken { session: SessionId::new(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001)), generation }
    }

    #[test]
    fn opens_what_it_sealed_under_any_of_the_keys() {
        let keys = keys();
        for key in &keys {
            let text = token(3).seal(key);
            assert_eq!(text.len(), TOKEN_CHARS);
            assert!(text.starts_with("jgr_"));
            assert_eq!(RefreshToken::open(&text, &keys), Ok(token(3)));
            assert_eq!(token(3).seal(key), text, "computed, so the same again");
        }
        assert_ne!(token(3).seal(&keys[0]), token(4).seal(&keys[0]));
    }

    #[test]
    fn a_key_that_is_gone_opens_nothing() {
        let text = token(1).seal(&keys()[0]);
        assert_eq!(RefreshToken::open(&text, &keys()[1..]), Err(NotGenuine));
        let stranger = RefreshKey::new(*b"old!", &[8; 32]);
        assert_eq!(RefreshToken::open(&token(1).seal(&stranger), &keys()), Err(NotGenuine));
    }

    #[test]
    fn every_changed_character_is_refused() {
        let keys = keys();
        let text = token(5).seal(&keys[1]);
        for at in 0..text.len() {
            for other in ["A", "B", "_", "-", "=", " ", "+"] {
                let mut changed = text.clone();
                changed.replace_range(at..=at, other);
                let expected = if changed == text { Ok(token(5)) } else { Err(NotGenuine) };
                assert_eq!(RefreshToken::open(&changed, &keys), expected, "{at} {other}");
            }
        }
        assert_eq!(RefreshToken::open(&text[..text.len() - 1], &keys), Err(NotGenuine));
        assert_eq!(RefreshToken::open(&format!("{text}A"), &keys), Err(NotGenuine));
    }

    proptest! {
        #[test]
        fn no_text_panics_or_is_taken(text in "\\PC*") {
            prop_assert_eq!(RefreshToken::open(&text, &keys()), Err(NotGenuine));
        }

        #[test]
        fn round_trip(session: u128, generation: u64) {
            let token = RefreshToken { session: SessionId::new(Uuid::from_u128(session)), generation };
            prop_assert_eq!(RefreshToken::open(&token.seal(&keys()[0]), &keys()), Ok(token));
        }
    }
}
