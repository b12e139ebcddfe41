//! Hashes of passwords: Argon2id for our own (OWASP ASVS 5.0 §11.4.2), and those of other systems as they came.
//!
//! The work for an unknown user, one without a password, one whose row is damaged, and a known one with a hash of ours is
//! the same. A wrong password against a hash that is not of today's parameters costs that hash and then one of ours, so that
//! no known user is refused sooner than an unknown one; it takes longer, and so tells that there is such an account, until
//! its owner has logged in once and the hash is ours.

use std::num::NonZeroUsize;
use std::sync::Arc;

use ::argon2::{Algorithm, Block, Params, Version};

use crate::config::Passwords;
use crate::domain::password::{Password, PasswordHash};
use crate::random::Random;

mod argon2;
mod bcrypt;
mod django;
mod firebase;
mod pbkdf2;
mod pool;
mod scrypt;
mod stored;
mod unusable;
mod workers;

use pool::{Bounds, Pool};
use stored::{Recipe, Stored};
pub(crate) use unusable::Unusable;

const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// Why a hash was not computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HashError {
    /// Too many are waiting, or this one waited too long.
    #[error("too many passwords are being checked")]
    Overloaded,
    /// The computation was ended before its time.
    #[error("a password hash was interrupted")]
    Interrupted,
    /// The configured parameters cannot be computed with.
    #[error("{0}")]
    Parameters(&'static str),
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The wrong password, or no such user.
    Wrong,
    /// The right password, and its hash may stay.
    Right,
    /// The right password under a hash that is not ours of today: hash it again.
    RightButOutdated,
}

/// Makes and checks hashes.
#[derive(Debug)]
pub(crate) struct Hasher {
    params: Params,
    decoy: Arc<Stored>,
    pool: Pool,
}

impl Hasher {
    pub(crate) fn new(config: &Passwords, random: &dyn Random) -> Result<Self, HashError> {
        let params = Params::new(config.memory_kib, config.iterations, 1, Some(OUTPUT_BYTES))
            .map_err(|_| HashError::Parameters("passwords.memory_kib or passwords.iterations is out of range"))?;
        let decoy = Arc::new(decoy(&params, random)?);
        Ok(Self { pool: Pool::new(bounds(config, &params)), params, decoy })
    }

    /// Hashes a new password under a fresh salt.
    pub(crate) async fn hash(&self, password: Password, random: &dyn Random) -> Result<PasswordHash, HashError> {
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt);
        let recipe = recipe(&self.params, &salt);
        let hashing = move |blocks: &mut Vec<Block>| {
            let mut output = [0; OUTPUT_BYTES];
            recipe.compute(password.as_bytes(), &mut output, blocks).map(|()| output)
        };
        let output = self.pool.run(0, hashing).await?.ok_or(HashError::Interrupted)?;
        Ok(phc_string(&self.params, &salt, &output))
    }

    /// Another request is there, which needs no hash and has a core kept for it.
    pub(crate) fn others_ask(&self) {
        self.pool.others_ask();
    }

    /// Refuses at once while a hash would be refused, so that whoever asks can do so before anything else is done.
    pub(crate) fn admit(&self) -> Result<(), HashError> {
        if self.pool.has_room() { Ok(()) } else { Err(HashError::Overloaded) }
    }

    /// Checks a password. Where there is none to check it against, the same work is done on a decoy.
    pub(crate) async fn verify(&self, password: Password, stored: Option<&PasswordHash>) -> Result<Verdict, HashError> {
        let Some(stored) = stored.and_then(|stored| self.read_or_report(stored)) else {
            let decoy = Arc::clone(&self.decoy);
            self.pool.run(0, move |blocks| find(&password, &decoy, blocks).is_some()).await?;
            return Ok(Verdict::Wrong);
        };
        let is_ours = self.is_ours(&stored);
        let spare_kib = self.spare_kib(&stored);
        let decoy = Arc::clone(&self.decoy);
        let check = move |blocks: &mut Vec<Block>| match find(&password, &stored, blocks) {
            Some(found) if is_ours && found == password.as_bytes() => Verdict::Right,
            Some(found) if !stored.recipe.covers(found) => Verdict::Right,
            Some(_) => Verdict::RightButOutdated,
            None if is_ours => Verdict::Wrong,
            None => {
                find(&password, &decoy, blocks);
                Verdict::Wrong
            }
        };
        self.pool.run(spare_kib, check).await
    }

    /// Whether a hash can be verified here, whoever made it.
    pub(crate) fn check(&self, hash: &PasswordHash) -> Result<(), Unusable> {
        let stored = Stored::read(hash.as_str())?;
        let (needed_kib, free_kib) = (self.spare_kib(&stored), self.pool.spare_kib());
        if needed_kib > free_kib {
            return Err(Unusable::Memory { needed_kib, free_kib });
        }
        Ok(())
    }

    /// How many hashes wait for their turn now.
    pub(crate) fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    /// How many hashes are computed now.
    pub(crate) fn running(&self) -> usize {
        self.pool.running()
    }

    /// Gives the memory of idle workers back to the system.
    pub(crate) fn release_idle_memory(&self) {
        self.pool.release_idle_memory();
    }

    /// A damaged hash is nobody's password; the operator has to know, and nobody else.
    fn read_or_report(&self, hash: &PasswordHash) -> Option<Stored> {
        match self.check(hash) {
            Ok(()) => Stored::read(hash.as_str()).ok(),
            Err(error) => {
                tracing::error!(%error, "a stored password hash cannot be used: it");
                None
            }
        }
    }

    fn is_ours(&self, stored: &Stored) -> bool {
        let Recipe::Argon2(recipe) = &stored.recipe else { return false };
        let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        recipe.algorithm == Algorithm::Argon2id
            && recipe.version == Version::V0x13
            && costs(&recipe.params) == costs(&self.params)
            && recipe.salt.len() >= SALT_BYTES
            && stored.output_len() >= OUTPUT_BYTES
    }

    /// What computing it takes beside the buffer of a worker, in KiB.
    fn spare_kib(&self, stored: &Stored) -> u32 {
        let needed = stored.recipe.memory_kib();
        if matches!(stored.recipe, Recipe::Argon2(_)) && needed <= self.params.m_cost() { 0 } else { needed }
    }
}

/// The form of the password that the hash was made of. Another system may have hashed it as it was typed.
fn find<'a>(password: &'a Password, stored: &Stored, blocks: &mut Vec<Block>) -> Option<&'a [u8]> {
    let forms = [Some(password.as_bytes()), password.as_typed()];
    forms.into_iter().flatten().find(|form| stored.matches(form, blocks))
}

/// A worker for each core, one of which is kept for other requests, or as many as are configured; but no more than there is memory for. All
/// other memory is spare.
fn bounds(config: &Passwords, params: &Params) -> Bounds {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let wanted = if config.workers == 0 { cores } else { usize::try_from(config.workers).unwrap_or(cores) };
    let memory_kib = config.max_memory_mib.saturating_mul(1024);
    let most = memory_kib.checked_div(params.m_cost()).unwrap_or(1).max(1);
    let workers = u32::try_from(wanted).unwrap_or(most).min(most);
    Bounds {
        workers: usize::try_from(workers).unwrap_or(1),
        keeps_a_core: config.workers == 0 && usize::try_from(workers).is_ok_and(|workers| workers == cores),
        buffer_blocks: params.block_count(),
        spare_kib: memory_kib.saturating_sub(params.m_cost().saturating_mul(workers)),
        max_waiting: usize::try_from(config.max_waiting).unwrap_or(usize::MAX),
        max_wait: config.max_wait.duration(),
    }
}

fn recipe(params: &Params, salt: &[u8]) -> argon2::Recipe {
    argon2::Recipe {
        algorithm: Algorithm::Argon2id,
        version: Version::V0x13,
        params: params.clone(),
        salt: salt.to_vec(),
    }
}

/// A hash that no password has: its output was never computed, so it costs nothing to make and all to check.
fn decoy(params: &Params, random: &dyn Random) -> Result<Stored, HashError> {
    let mut bytes = [0; SALT_BYTES + OUTPUT_BYTES];
    random.fill(&mut bytes);
    let (salt, output) = bytes.split_at(SALT_BYTES);
    let stored = Stored::new(Recipe::Argon2(recipe(params, salt)), output.to_vec());
    stored.map_err(|_| HashError::Parameters("passwords.memory_kib is larger than 262144"))
}

fn phc_string(params: &Params, salt: &[u8], output: &[u8]) -> PasswordHash {
    let base64 = |bytes: &[u8]| base64_simd::STANDARD_NO_PAD.encode_to_string(bytes);
    let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    PasswordHash::new(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}", base64(salt), base64(output)))
}

#[cfg(test)]
mod tests;
