//! A stored hash taken apart: the one table of the formats that verify.
//!
//! A hash may come from a file that somebody else made, so its parameters are bounded when it is read, and what is beyond
//! the bounds is never computed.

use argon2::Block;
use aws_lc_rs::constant_time;

use super::unusable::Unusable;
use super::{argon2 as argon, bcrypt, django, firebase, pbkdf2, scrypt};

/// Longer than any hash with its parameters, in bytes.
const MAX_TEXT: usize = 1024;
/// The most memory that one hash may need, in KiB: libsodium's `MODERATE`.
pub(super) const MAX_MEMORY_KIB: u32 = 256 * 1024;
/// The least output, in bytes. bcrypt has 23.
const MIN_OUTPUT: usize = 16;
/// The most output, in bytes.
const MAX_OUTPUT: usize = 128;

/// A stored hash taken apart.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) recipe: Recipe,
    /// What has to come out of it.
    output: Vec<u8>,
}

/// How a hash is computed from a password.
#[derive(Debug)]
pub(super) enum Recipe {
    Argon2(argon::Recipe),
    Bcrypt(bcrypt::Recipe),
    Firebase(firebase::Recipe),
    Pbkdf2(pbkdf2::Recipe),
    Scrypt(scrypt::Recipe),
}

/// How a kind of hash begins, and who reads the rest.
struct Format {
    prefix: &'static str,
    /// Reads the text after the prefix.
    read: fn(&str) -> Result<Stored, Unusable>,
}

const fn format(prefix: &'static str, read: fn(&str) -> Result<Stored, Unusable>) -> Format {
    Format { prefix, read }
}

/// The formats that verify. No prefix begins another.
const FORMATS: &[Format] = &[
    // The PHC string format, and passlib's form of it.
    format("$argon2id$", argon::read_id),
    format("$argon2i$", argon::read_i),
    format("$scrypt$", scrypt::read_phc),
    format("$pbkdf2$", pbkdf2::read_sha1),
    format("$pbkdf2-sha1$", pbkdf2::read_sha1),
    format("$pbkdf2-sha256$", pbkdf2::read_sha256),
    format("$pbkdf2-sha512$", pbkdf2::read_sha512),
    // The modular crypt format.
    format("$2a$", bcrypt::read),
    format("$2b$", bcrypt::read),
    format("$2y$", bcrypt::read),
    // Firebase's scrypt as Supabase writes it.
    format("$fbscrypt$", firebase::read),
    // Django's `algorithm$…`.
    format("argon2$argon2id$", argon::read_id),
    format("argon2$argon2i$", argon::read_i),
    format("bcrypt$$2a$", bcrypt::read),
    format("bcrypt$$2b$", bcrypt::read),
    format("bcrypt$$2y$", bcrypt::read),
    format("bcrypt_sha256$$2a$", bcrypt::read_sha256),
    format("bcrypt_sha256$$2b$", bcrypt::read_sha256),
    format("bcrypt_sha256$$2y$", bcrypt::read_sha256),
    format("pbkdf2_sha1$", django::read_pbkdf2_sha1),
    format("pbkdf2_sha256$", django::read_pbkdf2_sha256),
    format("scrypt$", django::read_scrypt),
];

/// Kinds that are known and refused, with their names.
const REFUSED: &[(&str, &str)] = &[
    ("$argon2d$", "Argon2d"),
    ("$2x$", "bcrypt of a faulty implementation"),
    ("$1$", "MD5"),
    ("$apr1$", "MD5"),
    ("$5$", "SHA-256 crypt"),
    ("$6$", "SHA-512 crypt"),
    ("md5$", "MD5"),
    ("sha1$", "SHA-1"),
    ("unsalted_", "an unsalted hash"),
    ("crypt$", "Unix crypt"),
    ("{SHA}", "SHA-1"),
    ("{SSHA}", "SHA-1"),
];

impl Stored {
    /// Takes a stored hash apart.
    pub(super) fn read(text: &str) -> Result<Self, Unusable> {
        if text.len() > MAX_TEXT || !text.is_ascii() {
            return Err(Unusable::Unknown);
        }
        let known = FORMATS.iter().find_map(|format| Some((format, text.strip_prefix(format.prefix)?)));
        let refused = REFUSED.iter().find(|(prefix, _)| text.starts_with(prefix));
        match (known, refused) {
            (Some((format, rest)), _) => (format.read)(rest),
            (None, Some((_, name))) => Err(Unusable::Weak(name)),
            (None, None) => Err(Unusable::Unknown),
        }
    }

    /// Puts a recipe and what has to come out of it together.
    pub(super) fn new(recipe: Recipe, output: Vec<u8>) -> Result<Self, Unusable> {
        if output.len() < MIN_OUTPUT {
            return Err(Unusable::Short);
        }
        if output.len() > MAX_OUTPUT {
            return Err(Unusable::Costly("its output is longer than 128 bytes"));
        }
        if recipe.memory_kib() > MAX_MEMORY_KIB {
            return Err(Unusable::Costly("it needs more than 256 MiB of memory"));
        }
        Ok(Self { recipe, output })
    }

    /// The length of the output, in bytes.
    pub(super) fn output_len(&self) -> usize {
        self.output.len()
    }

    /// Computes the hash of a password and compares in constant time. `blocks` is memory to use again.
    pub(super) fn matches(&self, password: &[u8], blocks: &mut Vec<Block>) -> bool {
        let mut computed = vec![0; self.output.len()];
        let done = match &self.recipe {
            Recipe::Argon2(recipe) => recipe.compute(password, &mut computed, blocks),
            Recipe::Bcrypt(recipe) => recipe.compute(password, &mut computed),
            Recipe::Firebase(recipe) => recipe.compute(password, &mut computed),
            Recipe::Pbkdf2(recipe) => recipe.compute(password, &mut computed),
            Recipe::Scrypt(recipe) => recipe.compute(password, &mut computed),
        };
        let equal = constant_time::verify_slices_are_equal(&computed, &self.output).is_ok();
        done.is_some() && equal
    }
}

impl Recipe {
    /// The memory that computing it takes, in KiB; nothing to speak of for those that need little.
    pub(super) fn memory_kib(&self) -> u32 {
        match self {
            Self::Argon2(recipe) => recipe.memory_kib(),
            Self::Firebase(recipe) => recipe.memory_kib(),
            Self::Scrypt(recipe) => recipe.memory_kib(),
            Self::Bcrypt(_) | Self::Pbkdf2(_) => 0,
        }
    }

    /// Whether every byte of this password has a part in its hash.
    pub(super) fn covers(&self, password: &[u8]) -> bool {
        match self {
            Self::Bcrypt(recipe) => recipe.covers(password),
            _ => true,
        }
    }
}

/// Base64 in any of the dresses that password hashes come in: with or without padding, with `-_` of RFC 4648 §5 or the `.`
/// of passlib.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let standard: String = text.chars().map(standard_character).collect();
    base64_simd::forgiving_decode_to_vec(standard.as_bytes()).ok()
}

const fn standard_character(c: char) -> char {
    match c {
        '-' | '.' => '+',
        '_' => '/',
        c => c,
    }
}

/// The value of `name=` in a list such as `ln=16,r=8,p=1`.
pub(super) fn parameter<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    list.split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests;
