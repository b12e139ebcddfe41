//! The refresh token: `jgr_` + base64url(version ‖ key id ‖ session id ‖ generation ‖ MAC).
//!
//! It is opaque to clients and never stored. The MAC (HMAC-SHA256) is checked before any query, so forged and truncated
//! tokens cost the store nothing; and since a token is computed from its session and generation, the same successor can be
//! given to everyone who asks for it.

use aws_lc_rs::hmac;
use jotgate_wire::REFRESH_TOKEN_PREFIX as PREFIX;
use uuid::Uuid;

use crate::domain::session::SessionId;
use crate::domain::time::Timestamp;

const VERSION: u8 = 1;
/// Version, key id, session id and generation.
const BODY_BYTES: usize = 1 + KEY_ID_BYTES + 16 + 8;
const MAC_BYTES: usize = 32;
const TOKEN_BYTES: usize = BODY_BYTES + MAC_BYTES;
/// Length of every refresh token, in characters.
pub(crate) const TOKEN_CHARS: usize = PREFIX.len() + (TOKEN_BYTES * 4).div_ceil(3);
pub(crate) const KEY_ID_BYTES: usize = 4;

/// A key for the MAC of refresh tokens, with the id that tokens name it by.
#[derive(Clone)]
pub(crate) struct RefreshKey {
    pub(crate) id: [u8; KEY_ID_BYTES],
    key: hmac::Key,
}

impl RefreshKey {
    pub(crate) fn new(id: [u8; KEY_ID_BYTES], secret: &[u8]) -> Self {
        Self { id, key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// Its id as the store has it.
    pub(crate) fn kid(&self) -> String {
        kid(self.id)
    }
}

/// The id of a key as the store has it.
pub(crate) fn kid(id: [u8; KEY_ID_BYTES]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(id)
}

impl std::fmt::Debug for RefreshKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshKey(…)")
    }
}

/// The keys of refresh tokens, by the time from which on each is for new tokens.
///
/// Which key a token is made with depends on when its session was rotated and on nothing else, so whoever asks for a token again
/// within the retry window gets the same text, on every server and across a change of keys.
#[derive(Debug)]
pub(crate) struct RefreshKeys(Vec<(Timestamp, Option<RefreshKey>)>);

impl RefreshKeys {
    /// The time of a key that is not for new tokens yet.
    pub(crate) const UNPLANNED: Timestamp = Timestamp::from_millis(i64::MAX);

    /// A key without a time is not for new tokens yet. A time without a key is that of one that does not open: from then on there
    /// is none for new tokens.
    pub(crate) fn new(keys: impl IntoIterator<Item = (Option<RefreshKey>, Option<Timestamp>)>) -> Self {
        let mut keys: Vec<_> = keys.into_iter().map(|(key, since)| (since.unwrap_or(Self::UNPLANNED), key)).collect();
        keys.sort_by_key(|(since, key)| (*since, key.as_ref().map(|key| key.id)));
        Self(keys)
    }

    /// The key for the token of a session that was rotated then: the newest that was for new tokens, or else the oldest.
    pub(crate) fn at(&self, rotated_at: Timestamp) -> Option<&RefreshKey> {
        let newest = self.0.iter().rfind(|(since, _)| *since <= rotated_at);
        newest.or(self.0.first())?.1.as_ref()
    }

    /// The key of this id.
    pub(crate) fn get(&self, id: [u8; KEY_ID_BYTES]) -> Option<&RefreshKey> {
        self.0.iter().filter_map(|(_, key)| key.as_ref()).find(|key| key.id == id)
    }
}

/// What a genuine refresh token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) session: SessionId,
    pub(crate) generation: u64,
}

/// Why a text is not taken for a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotOpened {
    /// It is none of ours.
    NotGenuine,
    /// It names a key that is not here. Another server may have made it with one that this one has yet to notice.
    UnknownKey([u8; KEY_ID_BYTES]),
}

impl RefreshToken {
    /// The token's text under that key.
    pub(crate) fn seal(self, key: &RefreshKey) -> String {
        let body = self.body(key.id);
        let mac = hmac::sign(&key.key, &body);
        let bytes = [body.as_slice(), mac.as_ref()].concat();
        format!("{PREFIX}{}", base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes))
    }

    /// Reads a token whose MAC holds under one of the keys. Exactly one text stands for each token.
    pub(crate) fn open(text: &str, keys: &RefreshKeys) -> Result<Self, NotOpened> {
        use NotOpened::{NotGenuine, UnknownKey};
        if text.len() != TOKEN_CHARS {
            return Err(NotGenuine);
        }
        let encoded = text.strip_prefix(PREFIX).ok_or(NotGenuine)?;
        let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(encoded).map_err(|_| NotGenuine)?;
        let (body, mac) = bytes.split_at_checked(BODY_BYTES).ok_or(NotGenuine)?;
        let body: &[u8; BODY_BYTES] = body.try_into().map_err(|_| NotGenuine)?;
        let (version, id, token) = Self::fields(body);
        let key = keys.get(id).ok_or(UnknownKey(id))?;
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

    const OLD: [u8; 4] = *b"old!";
    const NOW: [u8; 4] = *b"now!";

    fn time(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn keys() -> RefreshKeys {
        let (old, now) = (RefreshKey::new(OLD, &[7; 32]), RefreshKey::new(NOW, &[9; 32]));
        RefreshKeys::new([(Some(now), Some(time(2000))), (Some(old), Some(time(1000)))])
    }

    fn sealed(token: RefreshToken, id: [u8; 4]) -> String {
        token.seal(keys().get(id).unwrap())
    }

    #[test]
    fn the_key_follows_from_when_the_session_was_rotated() {
        let next = RefreshKey::new(*b"next", &[1; 32]);
        let unplanned = RefreshKey::new(*b"late", &[2; 32]);
        let RefreshKeys(both) = keys();
        let both = both.into_iter().map(|(since, key)| (key, Some(since)));
        let keys = RefreshKeys::new(both.chain([(Some(next), Some(time(3000))), (Some(unplanned), None)]));
        for (rotated_at, id) in
            [(0, OLD), (1000, OLD), (1999, OLD), (2000, NOW), (2999, NOW), (3000, *b"next"), (i64::MAX - 1, *b"next")]
        {
            let chosen = keys.at(Timestamp::from_millis(rotated_at)).unwrap();
            assert_eq!(chosen.id, id, "{rotated_at}");
        }
        assert!(RefreshKeys::new([]).at(Timestamp::from_millis(1)).is_none());
        let old = RefreshKey::new(OLD, &[7; 32]);
        let unopened = RefreshKeys::new([(Some(old), Some(time(1000))), (None, Some(time(2000)))]);
        assert_eq!(unopened.at(time(1999)).map(|key| key.id), Some(OLD));
        assert!(unopened.at(time(2000)).is_none(), "an older key never stands in by itself");
    }

    fn token(generation: u64) -> RefreshToken {
        RefreshToken { session: SessionId::new(Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001)), generation }
    }

    #[test]
    fn opens_what_it_sealed_under_any_of_the_keys() {
        let keys = keys();
        for key in keys.0.iter().filter_map(|(_, key)| key.as_ref()) {
            let text = token(3).seal(key);
            assert_eq!(text.len(), TOKEN_CHARS);
            assert!(text.starts_with("jgr_"));
            assert_eq!(RefreshToken::open(&text, &keys), Ok(token(3)));
            assert_eq!(token(3).seal(key), text, "computed, so the same again");
        }
        assert_ne!(sealed(token(3), OLD), sealed(token(4), OLD));
    }

    #[test]
    fn a_key_that_is_gone_opens_nothing() {
        let text = sealed(token(1), OLD);
        let left = RefreshKeys::new(
            keys()
                .0
                .into_iter()
                .filter(|(_, key)| key.as_ref().unwrap().id != OLD)
                .map(|(_, key)| (key, Some(time(1)))),
        );
        assert_eq!(RefreshToken::open(&text, &left), Err(NotOpened::UnknownKey(OLD)));
        let stranger = RefreshKey::new(*b"old!", &[8; 32]);
        assert_eq!(RefreshToken::open(&token(1).seal(&stranger), &keys()), Err(NotOpened::NotGenuine));
    }

    #[test]
    fn every_changed_character_is_refused() {
        let keys = keys();
        let text = sealed(token(5), NOW);
        for at in 0..text.len() {
            for other in ["A", "B", "_", "-", "=", " ", "+"] {
                let mut changed = text.clone();
                changed.replace_range(at..=at, other);
                let expected = (changed == text).then(|| token(5));
                assert_eq!(RefreshToken::open(&changed, &keys).ok(), expected, "{at} {other}");
            }
        }
        assert_eq!(RefreshToken::open(&text[..text.len() - 1], &keys), Err(NotOpened::NotGenuine));
        assert_eq!(RefreshToken::open(&format!("{text}A"), &keys), Err(NotOpened::NotGenuine));
    }

    proptest! {
        #[test]
        fn no_text_panics_or_is_taken(text in "\\PC*") {
            prop_assert_eq!(RefreshToken::open(&text, &keys()), Err(NotOpened::NotGenuine));
        }

        #[test]
        fn round_trip(session: u128, generation: u64) {
            let token = RefreshToken { session: SessionId::new(Uuid::from_u128(session)), generation };
            prop_assert_eq!(RefreshToken::open(&sealed(token, OLD), &keys()), Ok(token));
        }
    }
}
