//! The token of a link: `jgm_` + base64url(HMAC-SHA256(key, id of the message)), 256 bits.
//!
//! It is computed and never stored, so that it is the same however often a message is tried, and a copy of the database opens
//! nothing: that has the ids of messages that wait and SHA-256 of tokens, and not the key, which comes from the master key.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use jotgate_wire::SecretText;

use crate::domain::mail::MessageId;

const PREFIX: &str = "jgm_";
const BYTES: usize = 32;

/// The key of the tokens.
#[derive(Clone)]
pub(crate) struct LinkKey(hmac::Key);

/// A token, hidden when printed.
#[derive(Clone)]
pub(crate) struct LinkToken(SecretText);

impl LinkKey {
    /// Under a secret that is for nothing else.
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The token of a message.
    pub(crate) fn token(&self, message: MessageId) -> LinkToken {
        let mac = hmac::sign(&self.0, message.as_bytes());
        LinkToken(format!("{PREFIX}{}", base64_simd::URL_SAFE_NO_PAD.encode_to_string(mac.as_ref())).into())
    }
}

impl LinkToken {
    /// A text that may be a token, from outside.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text.strip_prefix(PREFIX)?).ok()?;
        (bytes.len() == BYTES).then(|| Self(text.into()))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is stored of it. It has 256 bits that nobody can guess, so a fast hash without salt is enough.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, self.0.expose().as_bytes()).as_ref());
        hash
    }
}

impl std::fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkKey(…)")
    }
}

impl std::fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> MessageId {
        MessageId::new(Uuid::from_u128(number))
    }

    #[test]
    fn a_message_has_one_token_under_one_key() {
        let (one, other) = (LinkKey::new(&[1; 32]), LinkKey::new(&[2; 32]));
        let token = one.token(id(1));
        assert_eq!(token.expose(), one.token(id(1)).expose());
        assert_ne!(token.expose(), one.token(id(2)).expose());
        assert_ne!(token.expose(), other.token(id(1)).expose());
        assert_eq!(token.hash(), LinkToken::parse(token.expose()).unwrap().hash());
        assert!(!format!("{token:?} {one:?}").contains(&token.expose()[4..]));
    }

    #[test]
    fn only_what_has_the_form_of_a_token_is_looked_for() {
        let good = LinkKey::new(&[1; 32]).token(id(1)).expose().to_owned();
        assert_eq!(good.len(), 47);
        for bad in ["", "jgm_", &good[4..], &good[..46], &format!("{good}A"), &good.replace("jgm_", "jgr_"), "jgm_é"] {
            assert!(LinkToken::parse(bad).is_none(), "{bad}");
        }
    }
}
