//! The one table of signature algorithms (RFC 7518 §3, RFC 8037, RFC 9864, RFC 9964).
//!
//! Whatever differs between algorithms is a column here. Code elsewhere asks the table and never matches on a name.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::key::KeyError;

/// A JWS signature algorithm. A key carries exactly one; the header of a token never chooses it.
///
/// `none` does not exist here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256 (RFC 7518 §3.2).
    Hs256,
    /// HMAC with SHA-384 (RFC 7518 §3.2).
    Hs384,
    /// HMAC with SHA-512 (RFC 7518 §3.2).
    Hs512,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384 (RFC 7518 §3.3).
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512 (RFC 7518 §3.3).
    Rs512,
    /// RSASSA-PSS with SHA-256 and a salt as long as the hash (RFC 7518 §3.5).
    Ps256,
    /// RSASSA-PSS with SHA-384 and a salt as long as the hash (RFC 7518 §3.5).
    Ps384,
    /// RSASSA-PSS with SHA-512 and a salt as long as the hash (RFC 7518 §3.5).
    Ps512,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    Es256,
    /// ECDSA on P-384 with SHA-384 (RFC 7518 §3.4).
    Es384,
    /// ECDSA on P-521 with SHA-512 (RFC 7518 §3.4).
    Es512,
    /// Ed25519 under its older, polymorphic name `EdDSA` (RFC 8037 §3.1). Ed448 is not supported.
    EdDsa,
    /// Ed25519 under its fully specified name `Ed25519` (RFC 9864 §2.2).
    Ed25519,
    /// ML-DSA-44 (RFC 9964, FIPS 204).
    MlDsa44,
    /// ML-DSA-65 (RFC 9964, FIPS 204).
    MlDsa65,
    /// ML-DSA-87 (RFC 9964, FIPS 204).
    MlDsa87,
}

/// How an algorithm works, which is also what kind of key it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Hmac(Hash),
    RsaPkcs1(Hash),
    RsaPss(Hash),
    Ecdsa(Curve),
    Ed25519,
    MlDsa(MlDsa),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// A NIST curve. ECDSA in JOSE ties each to one hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

/// A parameter set of FIPS 204.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MlDsa {
    L44,
    L65,
    L87,
}

/// One row of the table.
struct Row {
    /// The `alg` value.
    name: &'static str,
    family: Family,
    /// The `kty` of its JWK.
    kty: &'static str,
    /// The `crv` of its JWK, where the key type has one.
    crv: Option<&'static str>,
    /// The length of a signature in bytes, or `None` where the key decides (RSA).
    signature: Option<usize>,
    /// The place in an [`AlgorithmSet`]; two names of one algorithm share it.
    bit: u32,
}

const fn row(
    name: &'static str,
    family: Family,
    (kty, crv): (&'static str, Option<&'static str>),
    signature: Option<usize>,
    bit: u32,
) -> Row {
    Row { name, family, kty, crv, signature, bit }
}

impl Algorithm {
    /// Every algorithm, in the order of the table.
    pub const ALL: &[Self] = &[
        Self::Hs256,
        Self::Hs384,
        Self::Hs512,
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Es512,
        Self::EdDsa,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
    ];

    #[rustfmt::skip] // One row a line is the point of a table.
    const fn row(self) -> Row {
        const OCT: (&str, Option<&str>) = ("oct", None);
        const RSA: (&str, Option<&str>) = ("RSA", None);
        const AKP: (&str, Option<&str>) = ("AKP", None);
        match self {
            Self::Hs256 => row("HS256", Family::Hmac(Hash::Sha256), OCT, Some(32), 1),
            Self::Hs384 => row("HS384", Family::Hmac(Hash::Sha384), OCT, Some(48), 1 << 1),
            Self::Hs512 => row("HS512", Family::Hmac(Hash::Sha512), OCT, Some(64), 1 << 2),
            Self::Rs256 => row("RS256", Family::RsaPkcs1(Hash::Sha256), RSA, None, 1 << 3),
            Self::Rs384 => row("RS384", Family::RsaPkcs1(Hash::Sha384), RSA, None, 1 << 4),
            Self::Rs512 => row("RS512", Family::RsaPkcs1(Hash::Sha512), RSA, None, 1 << 5),
            Self::Ps256 => row("PS256", Family::RsaPss(Hash::Sha256), RSA, None, 1 << 6),
            Self::Ps384 => row("PS384", Family::RsaPss(Hash::Sha384), RSA, None, 1 << 7),
            Self::Ps512 => row("PS512", Family::RsaPss(Hash::Sha512), RSA, None, 1 << 8),
            Self::Es256 => row("ES256", Family::Ecdsa(Curve::P256), ("EC", Some("P-256")), Some(64), 1 << 9),
            Self::Es384 => row("ES384", Family::Ecdsa(Curve::P384), ("EC", Some("P-384")), Some(96), 1 << 10),
            Self::Es512 => row("ES512", Family::Ecdsa(Curve::P521), ("EC", Some("P-521")), Some(132), 1 << 11),
            Self::EdDsa => row("EdDSA", Family::Ed25519, ("OKP", Some("Ed25519")), Some(64), 1 << 12),
            Self::Ed25519 => row("Ed25519", Family::Ed25519, ("OKP", Some("Ed25519")), Some(64), 1 << 12),
            Self::MlDsa44 => row("ML-DSA-44", Family::MlDsa(MlDsa::L44), AKP, Some(2420), 1 << 13),
            Self::MlDsa65 => row("ML-DSA-65", Family::MlDsa(MlDsa::L65), AKP, Some(3309), 1 << 14),
            Self::MlDsa87 => row("ML-DSA-87", Family::MlDsa(MlDsa::L87), AKP, Some(4627), 1 << 15),
        }
    }

    /// The `alg` value, for example `EdDSA`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether signing and verifying use the same secret, as with HMAC.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self.row().family, Family::Hmac(_))
    }

    /// Whether two names mean the same signature: `EdDSA` and `Ed25519` do (RFC 9864 §2.2).
    #[must_use]
    pub const fn is_same_as(self, other: Self) -> bool {
        self.row().bit == other.row().bit
    }

    pub(crate) const fn family(self) -> Family {
        self.row().family
    }

    pub(crate) const fn kty(self) -> &'static str {
        self.row().kty
    }

    pub(crate) const fn crv(self) -> Option<&'static str> {
        self.row().crv
    }

    pub(crate) const fn signature_len(self) -> Option<usize> {
        self.row().signature
    }

    /// Finds the algorithm with exactly this `alg` value. Names are case-sensitive (RFC 7515 §4.1.1).
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// The algorithm that a curve implies, for keys that do not name one.
    pub(crate) fn from_crv(kty: &str, crv: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.kty() == kty && algorithm.crv() == Some(crv))
    }
}

impl Hash {
    /// The length of the digest in bytes.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl Curve {
    /// The length of a coordinate, and of a private key, in bytes (RFC 7518 §6.2).
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The algorithm of this curve: ECDSA in JOSE has exactly one for each.
    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::Es256,
            Self::P384 => Algorithm::Es384,
            Self::P521 => Algorithm::Es512,
        }
    }
}

impl MlDsa {
    /// The algorithm of this parameter set.
    pub(crate) const fn algorithm(self) -> Algorithm {
        match self {
            Self::L44 => Algorithm::MlDsa44,
            Self::L65 => Algorithm::MlDsa65,
            Self::L87 => Algorithm::MlDsa87,
        }
    }

    /// The length of a public key in bytes (FIPS 204 table 2).
    pub(crate) const fn public_len(self) -> usize {
        match self {
            Self::L44 => 1312,
            Self::L65 => 1952,
            Self::L87 => 2592,
        }
    }
}

/// A set of algorithms in one word, so that a policy asks it in one instruction.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct AlgorithmSet(u32);

impl AlgorithmSet {
    pub(crate) const fn contains(self, algorithm: Algorithm) -> bool {
        self.0 & algorithm.row().bit != 0
    }
}

impl FromIterator<Algorithm> for AlgorithmSet {
    fn from_iter<I: IntoIterator<Item = Algorithm>>(algorithms: I) -> Self {
        Self(algorithms.into_iter().fold(0, |set, algorithm| set | algorithm.row().bit))
    }
}

impl fmt::Display for AlgorithmSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names = Algorithm::ALL.iter().filter(|algorithm| self.contains(**algorithm));
        let Some(first) = names.next() else { return f.write_str("no algorithm at all") };
        write!(f, "{first}")?;
        names.try_for_each(|name| write!(f, ", {name}"))
    }
}

impl fmt::Debug for AlgorithmSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = KeyError;

    fn from_str(name: &str) -> Result<Self, KeyError> {
        Self::from_name(name).ok_or_else(|| KeyError::unknown_algorithm(name))
    }
}

impl Serialize for Algorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_own_row() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(*algorithm));
        }
    }

    #[test]
    fn none_and_other_spellings_are_not_algorithms() {
        for name in ["none", "None", "hs256", "HS256 ", "", "ES256K", "Ed448", "RSA-OAEP"] {
            assert!(name.parse::<Algorithm>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn the_two_names_of_ed25519_are_one_algorithm() {
        assert!(Algorithm::EdDsa.is_same_as(Algorithm::Ed25519));
        let set: AlgorithmSet = [Algorithm::Ed25519].into_iter().collect();
        assert!(set.contains(Algorithm::EdDsa));
        assert_eq!(Algorithm::from_crv("OKP", "Ed25519"), Some(Algorithm::EdDsa));
    }

    #[test]
    fn no_two_other_algorithms_share_a_bit() {
        let set: AlgorithmSet = Algorithm::ALL.iter().copied().collect();
        assert_eq!(set.0.count_ones(), 16);
    }
}
