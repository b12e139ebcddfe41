//! Argon2id in a pool of its own: so many hashes at once, each in memory that is used again; so many waiting, so long.
//!
//! A permit belongs to the computation and not to the request, so a client that hangs up does not make room for one more
//! hash while its own is still running. OWASP ASVS 5.0 §11.4.2 asks for the algorithm, *Invariants* for the bounds.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time;
use tokio::sync::Semaphore;

use crate::config::Passwords;
use crate::domain::password::{Password, PasswordHash};
use crate::random::Random;

const SALT_BYTES: usize = 16;
const OUTPUT_BYTES: usize = 32;

/// Why a hash was not computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HashError {
    /// Too many are waiting, or this one waited too long.
    #[error("too many passwords are being checked")]
    Overloaded,
    /// The parameters, or a stored hash, cannot be computed with.
    #[error("the password hash cannot be computed: {0}")]
    Unusable(&'static str),
}

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The wrong password, or no such user.
    Wrong,
    /// The right password, hashed with today's parameters.
    Right,
    /// The right password under parameters that are no longer ours: hash it again.
    RightButOutdated,
}

/// The pool.
#[derive(Debug)]
pub(crate) struct Hasher {
    params: Params,
    permits: Arc<Semaphore>,
    memory: Arc<Memory>,
    waiting: AtomicUsize,
    max_waiting: usize,
    max_wait: Duration,
    decoy: PasswordHash,
}

impl Hasher {
    pub(crate) fn new(config: &Passwords, random: &dyn Random) -> Result<Self, HashError> {
        let params = Params::new(config.memory_kib, config.iterations, 1, Some(OUTPUT_BYTES))
            .map_err(|_| HashError::Unusable("passwords.memory_kib or passwords.iterations is out of range"))?;
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let workers = if config.workers == 0 { cores } else { usize::try_from(config.workers).unwrap_or(cores) };
        Ok(Self {
            decoy: decoy(&params, random),
            params,
            permits: Arc::new(Semaphore::new(workers)),
            memory: Arc::default(),
            waiting: AtomicUsize::new(0),
            max_waiting: usize::try_from(config.max_waiting).unwrap_or(usize::MAX),
            max_wait: config.max_wait.duration(),
        })
    }

    /// Hashes a new password under a fresh salt.
    pub(crate) async fn hash(&self, password: Password, random: &dyn Random) -> Result<PasswordHash, HashError> {
        let mut salt = [0; SALT_BYTES];
        random.fill(&mut salt);
        let params = self.params.clone();
        let output = self.compute(params.clone(), password, salt.to_vec(), OUTPUT_BYTES).await?;
        Ok(phc_string(&params, &salt, &output))
    }

    /// Checks a password. For an unknown user, or one without a password, the same work is done on a decoy.
    pub(crate) async fn verify(&self, password: Password, stored: Option<&PasswordHash>) -> Result<Verdict, HashError> {
        let known = stored.is_some();
        let Parsed { params, salt, output } = parse(stored.unwrap_or(&self.decoy))?;
        let outdated = params.m_cost() != self.params.m_cost() || params.t_cost() != self.params.t_cost();
        let computed = self.compute(params, password, salt, output.len()).await?;
        let equal = constant_time::verify_slices_are_equal(&computed, &output).is_ok();
        Ok(match (known && equal, outdated) {
            (false, _) => Verdict::Wrong,
            (true, false) => Verdict::Right,
            (true, true) => Verdict::RightButOutdated,
        })
    }

    /// Gives the memory of idle workers back to the system.
    pub(crate) fn release_idle_memory(&self) {
        self.memory.release();
    }

    async fn compute(
        &self,
        params: Params,
        password: Password,
        salt: Vec<u8>,
        len: usize,
    ) -> Result<Vec<u8>, HashError> {
        let permit = self.permit().await?;
        let memory = Arc::clone(&self.memory);
        let hashing = tokio::task::spawn_blocking(move || {
            let mut blocks = memory.take(params.block_count());
            let mut output = vec![0; len];
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let done = argon2.hash_password_into_with_memory(password.as_bytes(), &salt, &mut output, &mut blocks[..]);
            memory.give_back(blocks);
            drop(permit);
            done.map(|()| output).map_err(|_| HashError::Unusable("the stored parameters are out of range"))
        });
        hashing.await.unwrap_or(Err(HashError::Unusable("the computation was ended")))
    }

    async fn permit(&self) -> Result<tokio::sync::OwnedSemaphorePermit, HashError> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = Place::take(&self.waiting, self.max_waiting)?;
        let waited = tokio::time::timeout(self.max_wait, Arc::clone(&self.permits).acquire_owned()).await;
        waited.ok().and_then(Result::ok).ok_or(HashError::Overloaded)
    }
}

/// A place in the queue, given back also when the request is cancelled.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, max: usize) -> Result<Self, HashError> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < max { Ok(place) } else { Err(HashError::Overloaded) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Argon2's working memory: allocating it afresh for each hash halves the rate. There are never more buffers than permits.
#[derive(Debug, Default)]
struct Memory(Mutex<Vec<Vec<Block>>>);

impl Memory {
    fn take(&self, blocks: usize) -> Vec<Block> {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        buffer.resize(blocks, Block::new());
        buffer
    }

    fn give_back(&self, buffer: Vec<Block>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }

    fn release(&self) {
        let idle = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        drop(idle);
    }
}

/// A hash that no password has: its output was never computed, so it costs nothing to make and all to check.
fn decoy(params: &Params, random: &dyn Random) -> PasswordHash {
    let mut bytes = [0; SALT_BYTES + OUTPUT_BYTES];
    random.fill(&mut bytes);
    let (salt, output) = bytes.split_at(SALT_BYTES);
    phc_string(params, salt, output)
}

fn phc_string(params: &Params, salt: &[u8], output: &[u8]) -> PasswordHash {
    let base64 = |bytes: &[u8]| base64_simd::STANDARD_NO_PAD.encode_to_string(bytes);
    let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    PasswordHash::new(format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${}${}", base64(salt), base64(output)))
}

struct Parsed {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

fn parse(stored: &PasswordHash) -> Result<Parsed, HashError> {
    let unusable = |_| HashError::Unusable("the stored hash is not an Argon2id PHC string");
    let hash = phc::PasswordHash::new(stored.as_str()).map_err(unusable)?;
    if hash.algorithm != argon2::ARGON2ID_IDENT || hash.version != Some(Version::V0x13.into()) {
        return Err(HashError::Unusable("the stored hash is not Argon2id version 19"));
    }
    let params = Params::try_from(&hash).map_err(|_| HashError::Unusable("the stored parameters are out of range"))?;
    let (Some(salt), Some(output)) = (hash.salt, hash.hash) else {
        return Err(HashError::Unusable("the stored hash has no salt or no output"));
    };
    Ok(Parsed { params, salt: salt.as_ref().to_vec(), output: output.as_bytes().to_vec() })
}

#[cfg(test)]
mod tests {
    use argon2::PasswordVerifier;

    use super::*;
    use crate::config::Seconds;
    use crate::random::SystemRandom;

    fn cheap() -> Passwords {
        Passwords { memory_kib: 64, iterations: 1, workers: 1, ..Passwords::default() }
    }

    fn hasher(config: &Passwords) -> Hasher {
        Hasher::new(config, &SystemRandom).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[tokio::test]
    async fn right_wrong_and_unknown() {
        let hasher = hasher(&cheap());
        let hash = hasher.hash(password("correct horse battery"), &SystemRandom).await.unwrap();
        assert_eq!(hasher.verify(password("correct horse battery"), Some(&hash)).await, Ok(Verdict::Right));
        assert_eq!(hasher.verify(password("correct horse batterz"), Some(&hash)).await, Ok(Verdict::Wrong));
        assert_eq!(hasher.verify(password("correct horse battery"), None).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn other_parameters_still_verify_and_ask_for_a_new_hash() {
        let old = hasher(&cheap()).hash(password("correct horse battery"), &SystemRandom).await.unwrap();
        let today = hasher(&Passwords { memory_kib: 128, ..cheap() });
        assert_eq!(today.verify(password("correct horse battery"), Some(&old)).await, Ok(Verdict::RightButOutdated));
        assert_eq!(today.verify(password("something else"), Some(&old)).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn a_corrupt_row_is_an_error_and_no_panic() {
        let hasher = hasher(&cheap());
        for text in [
            "",
            "$",
            "$argon2id$",
            "$2b$10$abcdefghijklmnopqrstuv",
            "$argon2id$v=19$m=8,t=1,p=1$AAAA",
            "$argon2d$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
            "é",
        ] {
            let stored = PasswordHash::new(text.to_owned());
            let verdict = hasher.verify(password("x"), Some(&stored)).await;
            assert!(matches!(verdict, Err(HashError::Unusable(_))), "{text}: {verdict:?}");
        }
    }

    /// The string carries all that another implementation needs to verify it.
    #[tokio::test]
    async fn the_string_is_that_of_other_implementations() {
        let hasher = hasher(&cheap());
        let hash = hasher.hash(password("correct horse battery"), &SystemRandom).await.unwrap();
        let parsed = phc::PasswordHash::new(hash.as_str()).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse battery", &parsed).is_ok());
    }

    /// With one worker held and one place, the third is refused at once and the second after its time.
    #[tokio::test(start_paused = true)]
    async fn waiting_is_bounded_in_number_and_time() {
        let config = Passwords { max_waiting: 1, max_wait: Seconds(2), ..cheap() };
        let hasher = Arc::new(hasher(&config));
        let held = Arc::clone(&hasher.permits).acquire_owned().await.unwrap();
        let second = {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move { hasher.permit().await.map(drop) })
        };
        tokio::task::yield_now().await;
        assert_eq!(hasher.permit().await.map(drop), Err(HashError::Overloaded));
        assert_eq!(second.await.unwrap(), Err(HashError::Overloaded));
        assert_eq!(hasher.waiting.load(Ordering::Relaxed), 0);
        drop(held);
        assert!(hasher.permit().await.is_ok());
    }

    #[test]
    fn a_cancelled_waiter_gives_its_place_back() {
        let waiting = AtomicUsize::new(0);
        let place = Place::take(&waiting, 1);
        assert!(Place::take(&waiting, 1).is_err());
        drop(place);
        assert_eq!(waiting.load(Ordering::Relaxed), 0);
    }
}
