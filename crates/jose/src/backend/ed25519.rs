//! Verifying Ed25519 with the group of `curve25519-dalek`, which with a key that stays is much faster than AWS-LC: see [`super::comb`].
//!
//! The behaviour at the edges is RFC 8032 §5.1.7 without the cofactor, and stricter where it leaves a choice: the key and
//! R must be canonical, S must be below the group order, and a key of small order is refused when it is read. The tests hold it to
//! `ed25519-dalek`, answer for answer.

use core::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::{EdwardsPoint, Scalar};

use super::comb::{self, Comb};
use crate::key::KeyError;

/// A key gets its multiples with so many signatures that held. Only sound signatures count, so that nobody can have multiples
/// made for the keys of a long set, and a key that is read for one token pays nothing.
const WORTH_MULTIPLES: u8 = 4;

static BASE: LazyLock<Comb> = LazyLock::new(|| Comb::new(&ED25519_BASEPOINT_POINT));

#[derive(Clone)]
pub(crate) struct Ed25519Verifier(Arc<Key>);

struct Key {
    encoded: [u8; 32],
    /// The public point with its sign changed, as the equation wants it.
    negated: EdwardsPoint,
    held: AtomicU8,
    multiples: OnceLock<Comb>,
}

impl Ed25519Verifier {
    pub(crate) fn new(point: &[u8]) -> Result<Self, KeyError> {
        let encoded = point.try_into().map_err(|_| KeyError::new("an Ed25519 public key has 32 bytes"))?;
        let point = CompressedEdwardsY(encoded).decompress();
        let point = point.ok_or(KeyError::new("the Ed25519 public key is not a point on the curve"))?;
        if point.compress().to_bytes() != encoded {
            return Err(KeyError::new("the Ed25519 public key is not in its canonical form"));
        }
        if point.is_small_order() {
            return Err(KeyError::new("the Ed25519 public key has small order: anyone could sign for it"));
        }
        #[expect(clippy::arithmetic_side_effects, reason = "group operations cannot overflow")]
        let negated = -point;
        let (held, multiples) = (AtomicU8::new(0), OnceLock::new());
        Ok(Self(Arc::new(Key { encoded, negated, held, multiples })))
    }

    /// The same key after many signatures.
    #[cfg(test)]
    pub(crate) fn with_multiples(self) -> Self {
        self.0.make_multiples();
        self
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let holds = self.0.verify(message, signature).is_some();
        if holds && self.0.multiples.get().is_none() {
            self.0.count();
        }
        holds
    }
}

impl Key {
    /// The equation `R = [S]B - [k]A`, compared as encoded (RFC 8032 §5.1.7). `None` if it does not hold.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Option<()> {
        let (r, s) = signature.split_first_chunk::<32>()?;
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s.try_into().ok()?))?;
        let k = Scalar::from_bytes_mod_order_wide(&super::sha512([r, &self.encoded, message]));
        let expected = match self.multiples.get() {
            Some(multiples) => comb::double_mul((&k, multiples), (&s, &BASE)),
            None => EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &self.negated, &s),
        };
        (expected.compress().as_bytes() == r).then_some(())
    }

    /// Counts a signature that held. Whoever counts the last one makes the multiples; nobody waits for them.
    fn count(&self) {
        if self.held.fetch_add(1, Ordering::Relaxed) == WORTH_MULTIPLES.wrapping_sub(1) {
            self.make_multiples();
        }
    }

    fn make_multiples(&self) {
        LazyLock::force(&BASE);
        // It fails if another thread has made them, which is just as good.
        drop(self.multiples.set(Comb::new(&self.negated)));
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
    use proptest::prelude::*;

    use super::*;

    /// Asks both ways to multiply, and `ed25519-dalek`; all three must agree.
    #[track_caller]
    fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let ours = Ed25519Verifier::new(key).expect("a key");
        let first = ours.verify(message, signature);
        assert_eq!(ours.with_multiples().verify(message, signature), first, "with multiples");
        let theirs = VerifyingKey::from_bytes(key).expect("a key");
        assert_eq!(theirs.verify(message, &Signature::from_bytes(signature)).is_ok(), first, "ed25519-dalek");
        first
    }

    fn joined(r: [u8; 32], s: [u8; 32]) -> [u8; 64] {
        core::array::from_fn(|at| if at < 32 { r[at] } else { s[at - 32] })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn any_changed_bit_is_refused(
            seed: [u8; 32],
            message in prop::collection::vec(any::<u8>(), 0..300),
            bit in any::<prop::sample::Index>(),
        ) {
            let key = SigningKey::from_bytes(&seed);
            let (public, mut signature) = (key.verifying_key().to_bytes(), key.sign(&message).to_bytes());
            prop_assert!(verify(&public, &message, &signature));
            let bit = bit.index(512);
            signature[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!verify(&public, &message, &signature));
        }

        #[test]
        fn any_bytes_are_answered_as_the_library_does(seed: [u8; 32], r: [u8; 32], mut s: [u8; 32]) {
            s[31] &= 0x1F;
            let key = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
            verify(&key, b"message", &joined(r, s));
        }
    }

    /// Keys and R with a part of small order: what an honest signer never makes, and where libraries differ. The equation without
    /// the cofactor holds exactly when the parts of small order cancel out by themselves.
    #[test]
    fn parts_of_small_order_are_not_multiplied_away() {
        let (secret, nonce) = (Scalar::from_bytes_mod_order([3; 32]), Scalar::from_bytes_mod_order([5; 32]));
        let mut held = 0;
        for of_key in EIGHT_TORSION {
            let public = (EdwardsPoint::mul_base(&secret) + of_key).compress().to_bytes();
            for of_r in EIGHT_TORSION {
                let r = (EdwardsPoint::mul_base(&nonce) + of_r).compress().to_bytes();
                for message in 0..8_u8 {
                    let k = Scalar::from_bytes_mod_order_wide(&crate::backend::sha512([&r, &public, &[message]]));
                    let s = nonce + k * secret;
                    let cancels = of_r + k * of_key == EdwardsPoint::default();
                    assert_eq!(verify(&public, &[message], &joined(r, s.to_bytes())), cancels);
                    held += u32::from(cancels);
                }
            }
        }
        assert!(held > 30, "{held}");
    }

    #[test]
    fn keys_of_small_order_and_odd_spellings_of_keys_are_refused() {
        for point in EIGHT_TORSION {
            assert!(Ed25519Verifier::new(point.compress().as_bytes()).is_err());
        }
        // y = p + 3 is y = 3 with a second spelling; -0 is 0 with one.
        let mut beyond = [0xFF; 32];
        (beyond[0], beyond[31]) = (0xF0, 0x7F);
        let minus_zero = core::array::from_fn(|at| u8::from(at == 0) | if at == 31 { 0x80 } else { 0 });
        for odd in [beyond, minus_zero] {
            assert!(CompressedEdwardsY(odd).decompress().is_some(), "the library reads it");
            assert!(Ed25519Verifier::new(&odd).is_err());
        }
    }

    /// S plus the group order is the same number to a careless verifier; R of small order in an odd spelling is no R.
    #[test]
    fn second_spellings_of_a_signature_are_refused() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let (public, signature) = (key.verifying_key().to_bytes(), key.sign(b"message").to_bytes());
        let (r, s) = signature.split_first_chunk::<32>().expect("64 bytes");
        let order_less_one = (Scalar::ZERO - Scalar::ONE).to_bytes();
        let mut beyond = [0; 32];
        let mut carry = 1;
        for (at, sum) in beyond.iter_mut().enumerate() {
            carry += u16::from(s[at]) + u16::from(order_less_one[at]);
            *sum = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        assert!(!verify(&public, b"message", &joined(*r, beyond)));
        for length in [0, 31, 32, 63, 65] {
            let other: Vec<_> = signature.iter().copied().chain([0]).take(length).collect();
            assert!(!Ed25519Verifier::new(&public).expect("a key").verify(b"message", &other), "{length}");
        }
    }

    #[test]
    fn a_key_gets_its_multiples_with_its_fourth_signature() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let signature = key.sign(b"message").to_bytes();
        let verifier = Ed25519Verifier::new(key.verifying_key().as_bytes()).expect("a key");
        for _ in 0..100 {
            assert!(!verifier.verify(b"another", &signature));
        }
        for count in 1..=5 {
            assert!(verifier.verify(b"message", &signature));
            assert_eq!(verifier.0.multiples.get().is_some(), count >= 4, "{count}");
        }
        assert!(!verifier.verify(b"another", &signature));
    }
}
