//! Base64url without padding, in its one canonical spelling (RFC 7515 §2, RFC 4648 §3.5).
//!
//! Padding, white space, the other alphabet, and non-zero bits after the last byte are refused, so that no token
//! has a second spelling.

use base64_simd::{Out, URL_SAFE_NO_PAD};

/// The text was not canonical base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotBase64Url;

/// The number of characters that `len` bytes take.
pub(crate) const fn encoded_len(len: usize) -> usize {
    len.saturating_mul(4).div_ceil(3)
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

pub(crate) fn encode_append(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, text);
}

pub(crate) fn decode(text: &str) -> Result<Vec<u8>, NotBase64Url> {
    URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| NotBase64Url)
}

pub(crate) fn decode_append(text: &str, bytes: &mut Vec<u8>) -> Result<(), NotBase64Url> {
    URL_SAFE_NO_PAD.decode_append(text, bytes).map_err(|_| NotBase64Url)
}

/// Whether the text would decode.
pub(crate) fn is_canonical(text: &str) -> bool {
    URL_SAFE_NO_PAD.check(text.as_bytes()).is_ok()
}

/// Decodes into the front of `buffer`, without allocating. A text too long for it is refused.
pub(crate) fn decode_into<'b>(text: &str, buffer: &'b mut [u8]) -> Result<&'b [u8], NotBase64Url> {
    let len = URL_SAFE_NO_PAD.decoded_length(text.as_bytes()).map_err(|_| NotBase64Url)?;
    let target = buffer.get_mut(..len).ok_or(NotBase64Url)?;
    let decoded = URL_SAFE_NO_PAD.decode(text.as_bytes(), Out::from_slice(target)).map_err(|_| NotBase64Url)?;
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_spelling_decodes() {
        assert_eq!(decode("AA"), Ok(vec![0]));
        assert_eq!(decode(""), Ok(vec![]));
        for other in ["AB", "AA==", "A", "A A", "AA\n", "+/", "AAB", "ÄA", "AA.", "AAAAA"] {
            assert_eq!(decode(other), Err(NotBase64Url), "{other:?}");
            assert_eq!(decode_into(other, &mut [0; 16]), Err(NotBase64Url), "{other:?}");
        }
    }

    #[test]
    fn every_length_of_text_round_trips() {
        for len in 0..200_u8 {
            let bytes: Vec<u8> = (0..len).map(|byte| byte.wrapping_mul(37)).collect();
            let text = encode(&bytes);
            assert_eq!(text.len(), encoded_len(bytes.len()));
            assert_eq!(decode(&text).as_deref(), Ok(bytes.as_slice()));
        }
    }

    #[test]
    fn a_text_too_long_for_the_buffer_is_refused() {
        assert_eq!(decode_into("AAAA", &mut [0; 2]), Err(NotBase64Url));
    }
}
