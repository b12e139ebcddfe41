//! One document of the feed: what a signed JWT of the type `revocations+jwt` says.

use serde::{Deserialize, Serialize};

use super::Entry;

/// What has ended after one number and up to another, as an issuer states it at a time.
///
/// It is signed as a JWT whose type and audience no access token has, and which no API accepts: neither can be taken for
/// the other (RFC 8725 §3.9, §3.11). One without entries says that nothing has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedDocument {
    /// Whose ends these are.
    pub iss: String,
    /// Always [`Self::AUDIENCE`].
    pub aud: String,
    /// Seconds since 1970 at which the issuer looked: whatever ended before is in this document or in an earlier one.
    pub iat: i64,
    /// Seconds since 1970 from which on nobody should look at it any more.
    pub exp: i64,
    /// Which numbering this is. It changes when the issuer's data are put back to an older state, and whoever follows has
    /// to start over.
    pub epoch: i64,
    /// The document has every live entry above this number …
    pub after: u64,
    /// … up to this one, which is [`head`](Self::head) unless there are too many for one document.
    pub upto: u64,
    /// The number of the newest entry of all.
    pub head: u64,
    /// The entries, by number. Numbers that are missing belonged to entries that can be forgotten.
    pub entries: Vec<Entry>,
}

impl FeedDocument {
    /// The `typ` of its header.
    pub const TYPE: &'static str = "revocations+jwt";
    /// Its `aud`.
    pub const AUDIENCE: &'static str = "urn:jotgate:revocations";
    /// The media type it is sent as.
    pub const MEDIA_TYPE: &'static str = "application/jwt";
    /// How long it may be looked at after its `iat`, in seconds.
    pub const LIFE_SECONDS: i64 = 120;
    /// Most entries in one.
    pub const MOST_ENTRIES: u32 = 512;
    /// The longest signed document, in bytes: so many entries with the longest names, in base64url.
    pub const MAX_BYTES: usize = 512 * 1024;

    /// Whether it is the last for now.
    #[must_use]
    pub fn reaches_the_head(&self) -> bool {
        self.upto >= self.head
    }

    /// Whether its numbers fit together: a range, and entries within it in their order, not more than fit in one document.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let mut last = self.after;
        let in_order = self.entries.iter().all(|entry| {
            let follows = entry.seq > last && entry.seq <= self.upto;
            last = entry.seq;
            follows
        });
        let is_range = self.after <= self.upto && self.upto <= self.head;
        is_range && in_order && u32::try_from(self.entries.len()).is_ok_and(|count| count <= Self::MOST_ENTRIES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::revocation::Subject;

    fn document((after, upto, head): (u64, u64, u64), numbers: &[u64]) -> FeedDocument {
        let entry = |seq: &u64| Entry { seq: *seq, subject: Subject::Sid("s1".into()), forget_at: 1 };
        let entries = numbers.iter().map(entry).collect();
        let (iss, aud) = ("https://i.example".to_owned(), FeedDocument::AUDIENCE.to_owned());
        FeedDocument { iss, aud, iat: 1, exp: 121, epoch: 0, after, upto, head, entries }
    }

    #[test]
    fn numbers_have_to_fit_together() {
        let many: Vec<u64> = (1..=600).collect();
        for (range, numbers, fits) in [
            ((0, 0, 0), &[][..], true),
            ((4, 9, 9), &[5, 9], true),
            ((4, 9, 12), &[7], true),
            ((4, 3, 9), &[], false),
            ((4, 9, 8), &[], false),
            ((4, 9, 9), &[4], false),
            ((4, 9, 9), &[10], false),
            ((4, 9, 9), &[6, 5], false),
            ((4, 9, 9), &[6, 6], false),
            ((0, 600, 600), &many, false),
            ((0, 600, 600), &many[..512], true),
        ] {
            assert_eq!(document(range, numbers).is_consistent(), fits, "{range:?}");
        }
    }

    #[test]
    fn the_largest_document_fits_its_limit() {
        let name = "x".repeat(crate::revocation::MAX_NAME_BYTES);
        let subject = Subject::Sub { sub: name, issued_before: i64::MAX };
        let entry = |seq| Entry { seq: u64::MAX - seq, subject: subject.clone(), forget_at: i64::MAX };
        let mut largest = document((0, u64::MAX, u64::MAX), &[]);
        largest.entries = (0..512).map(entry).collect();
        let bytes = serde_json::to_string(&largest).unwrap().len();
        assert!(bytes * 4 / 3 + 1024 < FeedDocument::MAX_BYTES, "{bytes}");
    }
}
