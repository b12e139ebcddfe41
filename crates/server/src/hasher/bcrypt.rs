//! bcrypt as `$2a$`, `$2b$` and `$2y$`: three names of one computation, for faults that never were in this one.
//!
//! bcrypt looks at 72 bytes of a password and at nothing after a NUL. Hashes that were made so are verified so; a password
//! that it does not see wholly stays hashed with it, since nobody knows whether the rest was typed right.

use std::str::FromStr;

use aws_lc_rs::digest;
use bcrypt::HashParts;
use zeroize::Zeroizing;

use super::stored::{Recipe as AnyRecipe, Stored};
use super::unusable::Unusable;

const MALFORMED: Unusable = Unusable::Malformed("bcrypt");
/// The lowest cost that bcrypt has, and the highest that is computed: each step doubles the work, and 15 takes seconds.
const COSTS: std::ops::RangeInclusive<u32> = 4..=15;
/// Cost, salt and output without `$2b$`, in bytes.
const LENGTH: usize = 56;
/// Bytes of a password that bcrypt looks at.
const SEEN: usize = 72;
/// The output at the end, in bytes of text.
const OUTPUT_LENGTH: usize = 31;
/// Where the output begins in a whole hash.
const OUTPUT_AT: usize = 29;

/// How a hash is computed.
#[derive(Debug)]
pub(super) struct Recipe {
    cost: u32,
    salt: [u8; 16],
    /// Django's way around the 72 bytes: the password's SHA-256 in hexadecimal takes its place.
    digested: bool,
}

pub(super) fn read(rest: &str) -> Result<Stored, Unusable> {
    read_as(rest, false)
}

/// Django's `bcrypt_sha256`.
pub(super) fn read_sha256(rest: &str) -> Result<Stored, Unusable> {
    read_as(rest, true)
}

/// Reads what stands after `$2b$`. The library is given nothing but ASCII of the right length (RUSTSEC-2026-0199).
fn read_as(rest: &str, digested: bool) -> Result<Stored, Unusable> {
    let plain = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./$".contains(&byte));
    if rest.len() != LENGTH || !plain {
        return Err(MALFORMED);
    }
    let whole = canonical(rest).ok_or(MALFORMED)?;
    let parts = HashParts::from_str(&whole).map_err(|_| MALFORMED)?;
    if !COSTS.contains(&parts.get_cost()) {
        return Err(Unusable::Costly("its cost is not from 4 to 15"));
    }
    let recipe = Recipe { cost: parts.get_cost(), salt: parts.get_salt_raw(), digested };
    let output = whole.get(OUTPUT_AT..).ok_or(MALFORMED)?;
    Stored::new(AnyRecipe::Bcrypt(recipe), output.as_bytes().to_vec())
}

/// The whole hash as the library reads it: the salt ends in four bits that mean nothing and that some programs left set.
fn canonical(rest: &str) -> Option<String> {
    const ALPHABET: &str = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let (salt, output) = rest.split_at_checked(LENGTH - OUTPUT_LENGTH)?;
    let last = salt.chars().next_back()?;
    let meant = ALPHABET.chars().nth(ALPHABET.find(last)? & 0b11_0000)?;
    Some(format!("$2b${}{meant}{output}", salt.strip_suffix(last)?))
}

impl Recipe {
    /// Computes the text of the output; nothing for a password that bcrypt cannot tell from another.
    pub(super) fn compute(&self, password: &[u8], output: &mut [u8]) -> Option<()> {
        let digest =
            self.digested.then(|| Zeroizing::new(hexadecimal(digest::digest(&digest::SHA256, password).as_ref())));
        let seen = digest.as_ref().map_or(password, |text| text.as_bytes());
        let computed = bcrypt::hash_with_salt_bytes(seen, self.cost, self.salt).ok()?;
        output.copy_from_slice(computed.get(OUTPUT_AT..)?);
        // The key is repeated with its NUL, so that `a` and `a\0a` are one.
        (!seen.contains(&0)).then_some(())
    }

    pub(super) fn covers(&self, password: &[u8]) -> bool {
        self.digested || password.len() <= SEEN
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
