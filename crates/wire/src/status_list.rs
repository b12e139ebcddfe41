//! The Token Status List (draft-ietf-oauth-status-list-21): which tokens of an issuer have been taken back, a few bits each.
//!
//! A token names a list and its place in it (`status`, §6.2); the list is a signed token of its own
//! (`statuslist+jwt`, §5.1). Places are counted from the least significant bit of the first byte (§4.1).

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use serde::{Deserialize, Deserializer, Serialize};

/// The highest level of compression, which §4.1 recommends.
const LEVEL: u8 = 9;

/// The `status` claim of a token (§6.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusClaim {
    /// Where its status stands, if it is a list that says it. Other ways may stand beside it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub status_list: Option<StatusReference>,
}

/// A place that stands there has to be one: `null` says nothing that could be looked up.
fn present<'de, D: Deserializer<'de>>(place: D) -> Result<Option<StatusReference>, D::Error> {
    StatusReference::deserialize(place).map(Some)
}

/// A place in a list (§6.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReference {
    /// The place, from 0.
    pub idx: u64,
    /// The address of the list, which is also its `sub`.
    pub uri: String,
}

/// The claims of a list (§5.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusListClaims {
    /// Who issued it. The draft does not ask for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// The address of the list.
    pub sub: String,
    /// Seconds since 1970 at which it was made.
    pub iat: i64,
    /// Seconds since 1970 from which on it no longer counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// Seconds after which there should be a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
    /// The list itself.
    pub status_list: StatusListBody,
}

/// A list as JSON has it (§4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusListBody {
    /// Bits of each status: 1, 2, 4 or 8.
    pub bits: u8,
    /// The bytes, compressed (RFC 1950) and in base64url.
    pub lst: String,
}

/// A list in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct StatusList {
    bits: u8,
    bytes: Box<[u8]>,
}

/// A list cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidStatusList(&'static str);

impl StatusList {
    /// The media type of a list's token.
    pub const MEDIA_TYPE: &str = "application/statuslist+jwt";
    /// The `typ` of a list's token.
    pub const TYPE: &str = "statuslist+jwt";
    /// The status of a token that has not been taken back (§7.1).
    pub const VALID: u8 = 0;
    /// That of one that has been, for good.
    pub const INVALID: u8 = 1;
    /// That of one that has been for the time being.
    pub const SUSPENDED: u8 = 2;

    /// A list of one bit each: of so many places those that are named are [`INVALID`](Self::INVALID). The number of places
    /// is rounded up to whole bytes, and places beyond it are left out.
    pub fn of_invalid(places: usize, invalid: impl IntoIterator<Item = usize>) -> Self {
        let mut bytes = vec![0_u8; places.div_ceil(8)].into_boxed_slice();
        for place in invalid {
            if let Some(byte) = bytes.get_mut(place / 8) {
                *byte |= 1 << (place % 8);
            }
        }
        Self { bits: 1, bytes }
    }

    /// Reads a list, which must have so many bytes at most once it is unpacked.
    ///
    /// # Errors
    ///
    /// When `bits` is none of 1, 2, 4 and 8, or the rest is not base64url, not zlib's format, or larger.
    pub fn read(body: &StatusListBody, largest: usize) -> Result<Self, InvalidStatusList> {
        if ![1, 2, 4, 8].contains(&body.bits) {
            return Err(InvalidStatusList("`bits` is none of 1, 2, 4 and 8"));
        }
        let packed = URL_SAFE_NO_PAD.decode_to_vec(&body.lst);
        let packed = packed.map_err(|_| InvalidStatusList("`lst` is not base64url"))?;
        let bytes = decompress_to_vec_zlib_with_limit(&packed, largest);
        let bytes = bytes.map_err(|_| InvalidStatusList("`lst` does not unpack, or to more than is accepted"))?;
        Ok(Self { bits: body.bits, bytes: bytes.into() })
    }

    /// As JSON has it.
    #[must_use]
    pub fn write(&self) -> StatusListBody {
        let packed = compress_to_vec_zlib(&self.bytes, LEVEL);
        StatusListBody { bits: self.bits, lst: URL_SAFE_NO_PAD.encode_to_string(packed) }
    }

    /// The status at a place; nothing beyond the end of the list.
    #[must_use]
    pub fn status(&self, place: u64) -> Option<u8> {
        let bits = u64::from(self.bits);
        let first_bit = place.checked_mul(bits)?;
        let byte = *self.bytes.get(usize::try_from(first_bit / 8).ok()?)?;
        let mask = u8::MAX >> (8 - self.bits);
        Some((byte >> (first_bit % 8)) & mask)
    }
}

/// The bytes would fill a log.
impl fmt::Debug for StatusList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusList").field("bits", &self.bits).field("bytes", &self.bytes.len()).finish()
    }
}

impl fmt::Display for InvalidStatusList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidStatusList {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENOUGH: usize = 1 << 20;

    fn body(bits: u8, lst: &str) -> StatusListBody {
        StatusListBody { bits, lst: lst.to_owned() }
    }

    fn statuses(list: &StatusList, count: u64) -> Vec<u8> {
        (0..count).map(|place| list.status(place).unwrap()).collect()
    }

    /// The examples of §4.1 and of "Status List Token with 2-Bit Status Values".
    #[test]
    fn the_examples_of_the_draft_are_read() {
        let one = StatusList::read(&body(1, "eNrbuRgAAhcBXQ"), ENOUGH).unwrap();
        assert_eq!(statuses(&one, 16), [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
        assert_eq!(one.status(16), None);
        let two = StatusList::read(&body(2, "eNo76fITAAPfAgc"), ENOUGH).unwrap();
        assert_eq!(statuses(&two, 12), [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
        assert_eq!(two.status(12), None);
    }

    /// The test vector of one bit each: 2^20 places, of which these are set.
    #[test]
    fn the_one_bit_vector_of_the_draft_is_read() {
        let encoded = "eNrt3AENwCAMAEGogklACtKQPg9LugC9k_ACvreiogEAAKkeCQAAAAAAAAAAAAAAAAAAAIBylgQAAAAAAAAAAAAAAAAAAAAAAAAAA\
                   AAAAAAAAAAAAAAAAAAAAAAAAAAAXG9IAAAAAAAAAPwsJAAAAAAAAAAAAAAAvhsSAAAAAAAAAAAA7KpLAAAAAAAAAAAAAAAAAAAAAJ\
                   sLCQAAAAAAAAAAADjelAAAAAAAAAAAKjDMAQAAAACAZC8L2AEb";
        let set = [0, 1993, 25460, 159_495, 495_669, 554_353, 645_645, 723_232, 854_545, 934_534, 1_000_345];
        let list = StatusList::read(&body(1, encoded), ENOUGH).unwrap();
        let found: Vec<_> = (0..1_u64 << 20).filter(|place| list.status(*place) == Some(1)).collect();
        assert_eq!(found, set);
        let made = StatusList::of_invalid(1 << 20, set.map(|place| usize::try_from(place).unwrap()));
        assert_eq!(made, list);
    }

    #[test]
    fn of_four_and_eight_bits_each_is_read_whole() {
        let packed = |bytes: &[u8]| URL_SAFE_NO_PAD.encode_to_string(compress_to_vec_zlib(bytes, LEVEL));
        let four = StatusList::read(&body(4, &packed(&[0x21, 0xf0])), ENOUGH).unwrap();
        assert_eq!(statuses(&four, 4), [1, 2, 0, 15]);
        let eight = StatusList::read(&body(8, &packed(&[2, 255])), ENOUGH).unwrap();
        assert_eq!((statuses(&eight, 2), eight.status(2)), (vec![2, 255], None));
        assert_eq!(eight.status(u64::MAX), None);
        assert_eq!(four.status(u64::MAX), None);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for bits in [0, 3, 5, 16, 255] {
            assert!(StatusList::read(&body(bits, "eNrbuRgAAhcBXQ"), ENOUGH).is_err(), "{bits}");
        }
        for lst in ["", "*", "eNrbuRgAAhcBXQ==", "eNrbuRgAAhcBXR", "eNrbuRgAAhcB", "27kYAA", "H4sIAAAA"] {
            assert!(StatusList::read(&body(1, lst), ENOUGH).is_err(), "{lst}");
        }
    }

    #[test]
    fn a_place_that_stands_there_has_to_be_one() {
        let read = |text: &str| serde_json::from_str::<StatusClaim>(text);
        let place = StatusReference { idx: 7, uri: "https://e.com/1".to_owned() };
        assert_eq!(read(r#"{"status_list":{"idx":7,"uri":"https://e.com/1"}}"#).unwrap().status_list, Some(place));
        assert_eq!(read(r#"{"status_attestation":{}}"#).unwrap().status_list, None, "another way");
        for list in ["null", "{}", "[]", "7", r#"{"idx":7}"#, r#"{"idx":-1,"uri":"u"}"#, r#"{"idx":"7","uri":"u"}"#] {
            assert!(read(&format!(r#"{{"status_list":{list}}}"#)).is_err(), "{list}");
        }
    }

    /// A thousandth of the bytes is enough to say a billion zeros.
    #[test]
    fn a_bomb_does_not_go_off() {
        let bomb = URL_SAFE_NO_PAD.encode_to_string(compress_to_vec_zlib(&vec![0; 8 * ENOUGH], LEVEL));
        assert!(bomb.len() < ENOUGH / 50);
        assert!(StatusList::read(&body(1, &bomb), ENOUGH).is_err());
        assert!(StatusList::read(&body(1, &bomb), 8 * ENOUGH).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(places in 1_usize..5000, invalid in prop::collection::vec(0_usize..6000, 0..50)) {
            let list = StatusList::of_invalid(places, invalid.iter().copied());
            let read = StatusList::read(&list.write(), ENOUGH).unwrap();
            prop_assert_eq!(&read, &list);
            for place in 0..places {
                let expected = u8::from(invalid.contains(&place));
                prop_assert_eq!(read.status(place as u64), Some(expected));
            }
        }

        #[test]
        fn no_text_panics(bits: u8, lst in "\\PC*", place: u64) {
            if let Ok(list) = StatusList::read(&body(bits, &lst), 1000) {
                let _ = list.status(place);
            }
        }
    }
}
