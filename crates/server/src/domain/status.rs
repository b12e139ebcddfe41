//! The place of a session in the status lists (draft-ietf-oauth-status-list). It stands in the session's own id, so it costs
//! no room anywhere, and every entry of the revocations says it.
//!
//! Such an id is of version 8 (RFC 9562 §5.8): like version 7 it begins with the time, and its last five bytes are the number
//! of the session. Numbers are given once, in the order of log-ins; at a thousand log-ins a second they last for 34 years.

use uuid::Uuid;

use super::session::SessionId;

/// The number of a session: a list, and a place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StatusIndex(u64);

/// Bytes of an id that hold the number.
const BYTES: usize = 5;
const VERSION: u8 = 8;

impl StatusIndex {
    /// Places of one list: so many that a list says little of whom it is asked for, and that it has 16 KiB.
    pub(crate) const PLACES: u64 = 1 << 17;

    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The index of a session; nothing for one that was opened without.
    pub(crate) fn of(session: SessionId) -> Option<Self> {
        let bytes = session.as_bytes();
        let index = bytes[11..].iter().fold(0, |index, byte| index << 8 | u64::from(*byte));
        (bytes[6] >> 4 == VERSION).then_some(Self(index))
    }

    /// The id of the session with this index, of one that is unique without.
    pub(crate) fn put_into(self, id: Uuid) -> SessionId {
        let mut bytes = id.into_bytes();
        bytes[6] = (VERSION << 4) | (bytes[6] & 0x0f);
        let number = self.0.to_be_bytes();
        let (id_end, number_end) = (bytes.len() - BYTES, number.len() - BYTES);
        bytes[id_end..].copy_from_slice(&number[number_end..]);
        SessionId::new(Uuid::from_bytes(bytes))
    }

    pub(crate) const fn list(self) -> u64 {
        self.0 / Self::PLACES
    }

    pub(crate) const fn place(self) -> u64 {
        self.0 % Self::PLACES
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Variant;

    use super::*;

    proptest! {
        #[test]
        fn an_id_keeps_its_time_and_says_its_index(millis in 0_u64..1 << 48, random: [u8; 10], number in 0_u64..1 << 40) {
            let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
            prop_assert_eq!(StatusIndex::of(SessionId::new(id)), None);
            let session = StatusIndex::new(number).put_into(id);
            prop_assert_eq!(StatusIndex::of(session), Some(StatusIndex::new(number)));
            prop_assert_eq!(&session.as_bytes()[..6], &id.as_bytes()[..6]);
            prop_assert_eq!((session.uuid().get_version_num(), session.uuid().get_variant()), (8, Variant::RFC4122));
        }
    }

    #[test]
    fn a_number_is_a_list_and_a_place() {
        for (number, list, place) in [(0, 0, 0), (131_071, 0, 131_071), (131_072, 1, 0), (262_150, 2, 6)] {
            let index = StatusIndex::new(number);
            assert_eq!((index.list(), index.place()), (list, place), "{number}");
        }
    }
}
