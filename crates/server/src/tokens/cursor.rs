//! Cursors: where a list goes on, sealed so that nobody can make one up. The MAC covers what the list is of, so that a cursor of
//! one list or filter is none of another.

use aws_lc_rs::hmac;

/// Bytes of the MAC (HMAC-SHA256).
const MAC_BYTES: usize = 32;
/// The longest text that is looked at: the longest position is an address of 254 bytes.
const MAX_CHARS: usize = 512;

/// The key of all cursors of a server, and of the others on its store.
pub(crate) struct CursorKey(hmac::Key);

/// The text is no cursor of this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotOurs;

impl CursorKey {
    /// A key of these bytes, which are used for nothing else.
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// The cursor of a position in the list that `list` names, with its filters.
    pub(crate) fn seal(&self, list: &[&str], position: &[u8]) -> String {
        let mac = hmac::sign(&self.0, &bound(list, position));
        base64_simd::URL_SAFE_NO_PAD.encode_to_string([mac.as_ref(), position].concat())
    }

    /// The position that a cursor of this list has.
    pub(crate) fn open(&self, list: &[&str], cursor: &str) -> Result<Vec<u8>, NotOurs> {
        if cursor.len() > MAX_CHARS {
            return Err(NotOurs);
        }
        let bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(cursor).map_err(|_| NotOurs)?;
        let (mac, position) = bytes.split_at_checked(MAC_BYTES).ok_or(NotOurs)?;
        hmac::verify(&self.0, &bound(list, position), mac).map_err(|_| NotOurs)?;
        Ok(position.to_vec())
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(…)")
    }
}

/// Each part with its length before it, so that no two lists read alike.
fn bound(list: &[&str], position: &[u8]) -> Vec<u8> {
    let parts = list.iter().map(|part| part.as_bytes()).chain([position]);
    parts.flat_map(|part| (part.len() as u64).to_be_bytes().into_iter().chain(part.iter().copied())).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> CursorKey {
        CursorKey::new(b"a secret")
    }

    #[test]
    fn a_cursor_belongs_to_its_list_and_key() {
        let cursor = key().seal(&["users", "ada"], b"position");
        assert_eq!(key().open(&["users", "ada"], &cursor).unwrap(), b"position");
        for other in [
            &["users", "adam"][..],
            &["users"],
            &["usersada"],
            &["users", "ada", ""],
            &["audit", "ada"],
            &["usersa", "da"],
        ] {
            assert_eq!(key().open(other, &cursor), Err(NotOurs), "{other:?}");
        }
        assert_eq!(CursorKey::new(b"another").open(&["users", "ada"], &cursor), Err(NotOurs));
    }

    proptest! {
        #[test]
        fn every_position_comes_back_and_no_changed_cursor_is_taken(
            position in proptest::collection::vec(any::<u8>(), 0..64),
            at in any::<prop::sample::Index>(),
            flip in 1_u8..=255,
        ) {
            let cursor = key().seal(&["users"], &position);
            prop_assert_eq!(key().open(&["users"], &cursor), Ok(position));
            let mut bytes = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&cursor).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let changed = base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
            prop_assert_eq!(key().open(&["users"], &changed), Err(NotOurs));
        }

        #[test]
        fn no_text_is_a_cursor(text in ".{0,600}") {
            prop_assert_eq!(key().open(&["users"], &text), Err(NotOurs));
        }
    }
}
