//! Whether a password is known from breaches: a filter of fingerprints that works without asking anyone.
//!
//! `common.bin` is made by `cargo xtask common-passwords`, which names its sources and their licences: 340,000 passwords of 15
//! characters and more that were found in breaches, and the 40,000 most common shorter ones from 6 on. A fingerprint is the
//! first four bytes of the SHA-256 of the password in lower case; the first two choose a bucket. The file begins with the size
//! of each of the 65,536 buckets in a byte, and then has the other two bytes of each fingerprint, bucket by bucket, sorted.
//! A password that is not in the list is taken for one that is in about one of 10,000 cases.

use std::sync::LazyLock;

use aws_lc_rs::digest;

const FILTER: &[u8] = include_bytes!("common.bin");
const BUCKETS: usize = 65_536;
/// Buckets that are counted together, so that finding one does not take counting all before it.
const ROW: usize = 256;

/// Whether a password in lower case is on the list.
pub(super) fn is_listed(password: &str) -> bool {
    let fingerprint = digest::digest(&digest::SHA256, password.as_bytes());
    let [b0, b1, b2, b3, ..] = *fingerprint.as_ref() else { return false };
    bucket(usize::from(u16::from_be_bytes([b0, b1]))).is_some_and(|bucket| bucket.contains(&[b2, b3]))
}

/// How many fingerprints stand before each row of buckets.
static BEFORE: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let rows = FILTER.get(..BUCKETS).unwrap_or_default().chunks(ROW);
    let before = rows.scan(0, |before, row| Some(std::mem::replace(before, *before + sum(row))));
    before.collect()
});

/// What stands in a bucket; nothing in a file that is not whole.
fn bucket(index: usize) -> Option<&'static [[u8; 2]]> {
    let (sizes, rest) = FILTER.split_at_checked(BUCKETS)?;
    let (row, column) = (sizes.chunks(ROW).nth(index / ROW)?, index % ROW);
    let start = BEFORE.get(index / ROW)? + sum(row.get(..column)?);
    rest.as_chunks().0.get(start..start + usize::from(*row.get(column)?))
}

fn sum(sizes: &[u8]) -> usize {
    sizes.iter().map(|size| usize::from(*size)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_whole_and_its_buckets_are_sorted() {
        let total: usize = FILTER[..BUCKETS].iter().map(|size| usize::from(*size)).sum();
        assert_eq!(FILTER.len(), BUCKETS + 2 * total);
        assert!(total > 350_000, "{total}");
        assert!((0..BUCKETS).all(|index| bucket(index).unwrap().is_sorted()));
    }

    #[test]
    fn what_was_found_in_breaches_is_listed() {
        for password in ["123456", "password", "qwertyuiop", "iloveyou", "1q2w3e4r5t6y7u8i9o0p", "123qwe123qwe123qwe"] {
            assert!(is_listed(password), "{password}");
        }
    }

    /// The rate that the head of this file promises.
    #[test]
    fn of_a_hundred_thousand_others_few_are_taken_for_listed() {
        let taken =
            (0..100_000).filter(|number| is_listed(&format!("{number} ravens over the {number}th hill"))).count();
        assert!(taken <= 25, "{taken}");
    }
}
