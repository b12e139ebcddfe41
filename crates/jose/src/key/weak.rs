//! Keys that are refused although they are well formed: too short, or broken by how they were made.

use base64_simd::STANDARD_NO_PAD;

use super::KeyError;
use super::material::{RsaPublic, SecretBytes};
use crate::algorithm::Hash;

const MIN_RSA_BITS: usize = 2048;
const MAX_RSA_BITS: usize = 8192;

/// An HMAC key must be at least as long as the hash (RFC 7518 §3.2), and must not be somebody's public key.
pub(crate) fn check_secret(hash: Hash, secret: &[u8]) -> Result<(), KeyError> {
    if secret.len() < hash.len() {
        let (least, found) = (hash.len(), secret.len());
        return Err(KeyError::because(format!("the HMAC secret has {found} bytes; at least {least} are needed")));
    }
    if looks_like_a_key_file(secret) {
        return Err(KeyError::new("this is a key file (PEM, JWK or DER), not an HMAC secret"));
    }
    Ok(())
}

/// A public key used as an HMAC secret is the oldest attack on JWT (CVE-2015-9235 and many after it).
fn looks_like_a_key_file(secret: &[u8]) -> bool {
    // PEM (RFC 7468 §5.2 lets a comment stand before it), SSH's form of it (RFC 4716 §3.3), and a JWK or a set of them.
    const PIECES: [&[u8]; 3] = [b"-----BEGIN ", b"---- BEGIN ", b"\"kty\""];
    const SSH: [&[u8]; 2] = [b"ssh-", b"ecdsa-sha2-"];
    let text = secret.trim_ascii_start();
    PIECES.iter().any(|piece| memchr::memmem::find(text, piece).is_some())
        || SSH.iter().any(|start| text.starts_with(start))
        || crate::der::is_public_key(secret)
        || is_public_key_in_base64(text)
}

/// Whether this is a PEM without its first and last line, in which several identity providers show a public key.
fn is_public_key_in_base64(text: &[u8]) -> bool {
    let mut base64 = SecretBytes::new(Vec::with_capacity(text.len()));
    base64.extend(text.iter().filter(|byte| !byte.is_ascii_whitespace() && **byte != b'=').map(|byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => *other,
    }));
    STANDARD_NO_PAD.decode_inplace(&mut base64).is_ok_and(|der| crate::der::is_public_key(der))
}

/// RSA keys: 2048 to 8192 bits (RFC 7518 §3.3), odd modulus, odd exponent of 3 or more that fits 33 bits, no ROCA.
pub(crate) fn check_rsa(key: &RsaPublic) -> Result<(), KeyError> {
    let bits = bit_length(&key.n);
    if bits < MIN_RSA_BITS {
        return Err(KeyError::because(format!("the RSA key has {bits} bits; at least {MIN_RSA_BITS} are needed")));
    }
    if bits > MAX_RSA_BITS {
        return Err(KeyError::because(format!("the RSA key has {bits} bits; at most {MAX_RSA_BITS} are allowed")));
    }
    if !is_odd(&key.n) {
        return Err(KeyError::new("the RSA modulus is even"));
    }
    check_exponent(&key.e)?;
    if has_roca_fingerprint(&key.n) {
        return Err(KeyError::new("the RSA key was made by a broken generator (ROCA, CVE-2017-15361)"));
    }
    Ok(())
}

fn check_exponent(e: &[u8]) -> Result<(), KeyError> {
    if !is_odd(e) {
        return Err(KeyError::new("the RSA exponent is even"));
    }
    if bit_length(e) < 2 {
        return Err(KeyError::new("the RSA exponent is below 3"));
    }
    if bit_length(e) > 33 {
        return Err(KeyError::new("the RSA exponent is longer than 33 bits"));
    }
    Ok(())
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}

/// The number of bits of a big-endian number.
fn bit_length(number: &[u8]) -> usize {
    let significant: &[u8] =
        number.iter().position(|byte| *byte != 0).and_then(|at| number.get(at..)).unwrap_or_default();
    let zeros = significant.first().map_or(0, |byte| byte.leading_zeros());
    significant.len().saturating_mul(8).saturating_sub(usize::try_from(zeros).unwrap_or_default())
}

/// The primes up to 167, of which the broken generator's moduli are powers of 65537.
#[rustfmt::skip]
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127,
    131, 137, 139, 149, 151, 157, 163, 167,
];

/// Whether the modulus is a power of 65537 modulo every small prime (Nemec et al., "The Return of Coppersmith's
/// Attack", 2017). A sound key looks so with a chance of about 2^-27.
fn has_roca_fingerprint(n: &[u8]) -> bool {
    PRIMES.iter().all(|prime| is_power_of_65537(remainder(n, *prime), *prime))
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    let step = |rest: u32, byte: &u8| rest.wrapping_mul(256).wrapping_add(u32::from(*byte)).checked_rem(prime);
    number.iter().try_fold(0, step).unwrap_or_default()
}

fn is_power_of_65537(wanted: u32, prime: u32) -> bool {
    let mut power = 1_u32;
    for _ in 0..prime {
        if power == wanted {
            return true;
        }
        power = power
            .wrapping_mul(65_537_u32.checked_rem(prime).unwrap_or_default())
            .checked_rem(prime)
            .unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_from_the_first_that_is_set() {
        for (number, bits) in [(&[][..], 0), (&[0], 0), (&[1], 1), (&[3], 2), (&[0x80, 0], 16), (&[1, 0, 1], 17)] {
            assert_eq!(bit_length(number), bits, "{number:?}");
        }
    }

    #[test]
    fn secrets_must_be_as_long_as_the_hash() {
        assert!(check_secret(Hash::Sha256, &[7; 31]).is_err());
        assert!(check_secret(Hash::Sha256, &[7; 32]).is_ok());
        assert!(check_secret(Hash::Sha512, &[7; 63]).is_err());
        assert!(check_secret(Hash::Sha256, &[]).is_err());
    }

    #[test]
    fn key_files_are_no_secrets() {
        for text in [
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA",
            "\n -----BEGIN RSA PUBLIC KEY-----\n000000000000",
            "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"aaaa\"}",
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
            "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAA",
            "subject=/CN=x\n-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA",
            "\u{feff}-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA",
            "[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"aaaa\"}]",
            "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
            "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMl\nrwIaaPcHURo=\n",
            "MCowBQYDK2VwAyEA11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        ] {
            assert!(check_secret(Hash::Sha256, text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_power_of_65537_modulo_every_prime_has_the_fingerprint() {
        // 65537^128 is one modulo all of them at once, as a number of 2049 bits.
        let mut number = vec![1_u8];
        for _ in 0..128 {
            number = times_65537(&number);
        }
        assert!(has_roca_fingerprint(&number));
        *number.last_mut().expect("not empty") ^= 2;
        assert!(!has_roca_fingerprint(&number));
    }

    fn times_65537(number: &[u8]) -> Vec<u8> {
        let mut product = vec![0_u8; number.len() + 3];
        for (at, digit) in number.iter().rev().enumerate() {
            for place in [at, at + 2] {
                let mut carry = u16::from(*digit);
                let mut index = product.len() - 1 - place;
                while carry > 0 {
                    let sum = u16::from(product[index]) + carry;
                    product[index] = u8::try_from(sum & 0xFF).expect("masked");
                    carry = sum >> 8;
                    index = index.wrapping_sub(1);
                }
            }
        }
        let start = product.iter().position(|byte| *byte != 0).unwrap_or(0);
        product.split_off(start)
    }
}
