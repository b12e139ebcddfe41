//! Argon2id and Argon2i (RFC 9106) in the PHC string format, of version 19 and of 16, which has no `v=`.

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::stored::{Recipe as AnyRecipe, Stored};
use super::unusable::Unusable;

const MALFORMED: Unusable = Unusable::Malformed("Argon2");
/// The most memory times passes, in KiB: beyond it one hash takes a second and more.
const MAX_WORK: u64 = 1024 * 1024;
/// The most lanes; they are computed one after another, so that they cost nothing beside their number.
const MAX_LANES: u32 = 64;

/// How a hash is computed.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) algorithm: Algorithm,
    pub(super) version: Version,
    pub(super) params: Params,
    pub(super) salt: Vec<u8>,
}

pub(super) fn read_id(rest: &str) -> Result<Stored, Unusable> {
    read("argon2id", rest)
}

pub(super) fn read_i(rest: &str) -> Result<Stored, Unusable> {
    read("argon2i", rest)
}

/// Reads what stands after the name of the algorithm.
fn read(name: &str, rest: &str) -> Result<Stored, Unusable> {
    let text = format!("${name}${rest}");
    let hash = phc::PasswordHash::new(&text).map_err(|_| MALFORMED)?;
    let algorithm = Algorithm::try_from(name).map_err(|_| MALFORMED)?;
    let version = Version::try_from(hash.version.unwrap_or(Version::V0x10.into())).map_err(|_| MALFORMED)?;
    let params = Params::try_from(&hash).map_err(|_| MALFORMED)?;
    let (Some(salt), Some(output)) = (hash.salt, hash.hash) else { return Err(MALFORMED) };
    if u64::from(params.m_cost()) * u64::from(params.t_cost()) > MAX_WORK {
        return Err(Unusable::Costly("memory times passes is more than 1 GiB"));
    }
    if params.p_cost() > MAX_LANES {
        return Err(Unusable::Costly("it has more than 64 lanes"));
    }
    let recipe = Recipe { algorithm, version, params, salt: salt.as_ref().to_vec() };
    Stored::new(AnyRecipe::Argon2(recipe), output.as_bytes().to_vec())
}

impl Recipe {
    pub(super) fn memory_kib(&self) -> u32 {
        self.params.m_cost()
    }

    /// Computes into `output`; nothing when the parameters do not go together.
    pub(super) fn compute(&self, password: &[u8], output: &mut [u8], blocks: &mut Vec<Block>) -> Option<()> {
        blocks.resize(self.params.block_count(), Block::new());
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        argon2.hash_password_into_with_memory(password, &self.salt, output, &mut blocks[..]).ok()
    }
}
