//! HMAC-SHA-256 with `hmac` and `sha2`: for a message as short as a token, copying AWS-LC's prepared state costs a good part of the
//! whole, and copying this one next to nothing.
//!
//! Only where the processor has instructions for SHA-256; elsewhere AWS-LC is faster.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A key prepared once: the states after the inner and the outer pad. It wipes itself.
#[derive(Clone)]
pub(crate) struct Hs256(Hmac<Sha256>);

impl Hs256 {
    /// `None` where AWS-LC is to be used.
    pub(super) fn new(secret: &[u8]) -> Option<Self> {
        if cfg!(feature = "fips") || !has_instructions() {
            return None;
        }
        Hmac::new_from_slice(secret).ok().map(Self)
    }

    /// Compares in constant time.
    pub(super) fn verify(&self, message: &[u8], tag: &[u8]) -> bool {
        self.0.clone().chain_update(message).verify_slice(tag).is_ok()
    }

    pub(super) fn sign(&self, message: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(message).finalize().into_bytes().into()
    }
}

#[cfg(target_arch = "x86_64")]
fn has_instructions() -> bool {
    std::arch::is_x86_feature_detected!("sha")
}

#[cfg(target_arch = "aarch64")]
fn has_instructions() -> bool {
    std::arch::is_aarch64_feature_detected!("sha2")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const fn has_instructions() -> bool {
    false
}
