//! PBKDF2 (RFC 8018 §5.2) in the PHC string format, `$pbkdf2-sha256$i=600000,l=32$salt$output`, and in passlib's, which has
//! the number of rounds alone.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{self, Algorithm, PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA512};

use super::stored::{Recipe as AnyRecipe, Stored, base64, parameter};
use super::unusable::Unusable;

const MALFORMED: Unusable = Unusable::Malformed("PBKDF2");
/// The most iterations for all blocks of the output together: beyond it one hash takes seconds.
const MAX_WORK: u64 = 4_000_000;

/// The hash functions that it is built on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Prf {
    Sha1,
    Sha256,
    Sha512,
}

impl Prf {
    fn algorithm(self) -> Algorithm {
        match self {
            Self::Sha1 => PBKDF2_HMAC_SHA1,
            Self::Sha256 => PBKDF2_HMAC_SHA256,
            Self::Sha512 => PBKDF2_HMAC_SHA512,
        }
    }

    /// Bytes of output that one series of iterations gives.
    const fn block(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// How a hash is computed.
#[derive(Debug)]
pub(super) struct Recipe {
    prf: Prf,
    iterations: NonZeroU32,
    salt: Vec<u8>,
}

pub(super) fn read_sha1(rest: &str) -> Result<Stored, Unusable> {
    read(Prf::Sha1, rest)
}

pub(super) fn read_sha256(rest: &str) -> Result<Stored, Unusable> {
    read(Prf::Sha256, rest)
}

pub(super) fn read_sha512(rest: &str) -> Result<Stored, Unusable> {
    read(Prf::Sha512, rest)
}

/// Reads what stands after the name of the algorithm.
fn read(prf: Prf, rest: &str) -> Result<Stored, Unusable> {
    let [costs, salt, output] = rest.split('$').collect::<Vec<_>>()[..] else { return Err(MALFORMED) };
    let (Some(salt), Some(output)) = (base64(salt), base64(output)) else { return Err(MALFORMED) };
    let stated = parameter(costs, "l").map(str::parse::<usize>);
    if stated.is_some_and(|length| length != Ok(output.len())) {
        return Err(MALFORMED);
    }
    stored(prf, parameter(costs, "i").unwrap_or(costs), salt, output)
}

/// Puts the parts of such a hash together.
pub(super) fn stored(prf: Prf, iterations: &str, salt: Vec<u8>, output: Vec<u8>) -> Result<Stored, Unusable> {
    let iterations: NonZeroU32 = iterations.parse().map_err(|_| MALFORMED)?;
    let blocks = u64::try_from(output.len().div_ceil(prf.block())).unwrap_or(u64::MAX);
    if u64::from(iterations.get()).saturating_mul(blocks) > MAX_WORK {
        return Err(Unusable::Costly("it has more than 4000000 iterations"));
    }
    Stored::new(AnyRecipe::Pbkdf2(Recipe { prf, iterations, salt }), output)
}

impl Recipe {
    #[expect(clippy::unnecessary_wraps, reason = "its siblings can fail")]
    pub(super) fn compute(&self, password: &[u8], output: &mut [u8]) -> Option<()> {
        pbkdf2::derive(self.prf.algorithm(), self.iterations, &self.salt, password, output);
        Some(())
    }
}
