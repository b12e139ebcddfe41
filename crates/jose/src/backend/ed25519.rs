//! Verifying Ed25519 with `ed25519-dalek`, which keeps the point decompressed and is faster at it than AWS-LC.
//!
//! The behaviour at the edges is RFC 8032 §5.1.7 without the cofactor, and stricter where it leaves a choice: the key and
//! R must be canonical, S must be below the group order, and a key of small order is refused when it is read.

use ed25519_dalek::{Signature, Verifier as _, VerifyingKey};

use crate::key::KeyError;

#[derive(Clone)]
pub(crate) struct Ed25519Verifier(VerifyingKey);

impl Ed25519Verifier {
    pub(crate) fn new(point: &[u8]) -> Result<Self, KeyError> {
        let encoded: &[u8; 32] = point.try_into().map_err(|_| KeyError::new("an Ed25519 public key has 32 bytes"))?;
        let key = VerifyingKey::from_bytes(encoded);
        let key = key.map_err(|_| KeyError::new("the Ed25519 public key is not a point on the curve"))?;
        if key.to_edwards().compress().as_bytes() != encoded {
            return Err(KeyError::new("the Ed25519 public key is not in its canonical form"));
        }
        if key.is_weak() {
            return Err(KeyError::new("the Ed25519 public key has small order: anyone could sign for it"));
        }
        Ok(Self(key))
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify(message, &signature).is_ok())
    }
}
