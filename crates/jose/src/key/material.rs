//! The numbers that make up a key, apart from any encoding. JWK, PEM and DER read into these and write from these.

use zeroize::Zeroizing;

use super::KeyError;
use super::weak;
use crate::algorithm::{Algorithm, Curve, Family, MlDsa};

/// Bytes that wipe themselves.
pub(crate) type SecretBytes = Zeroizing<Vec<u8>>;

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Public {
    Rsa(RsaPublic),
    Ec(EcPublic),
    /// The encoded point of RFC 8032.
    Ed25519(Vec<u8>),
    /// The encoded key of FIPS 204.
    MlDsa(MlDsa, Vec<u8>),
}

/// Modulus and exponent, big-endian, without leading zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RsaPublic {
    pub(crate) n: Vec<u8>,
    pub(crate) e: Vec<u8>,
}

/// The coordinates, each as long as the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EcPublic {
    pub(crate) curve: Curve,
    pub(crate) x: Vec<u8>,
    pub(crate) y: Vec<u8>,
}

/// A secret or private key.
#[derive(Clone)]
pub(crate) enum Private {
    Hmac(SecretBytes),
    Rsa(Box<RsaPrivate>),
    /// The scalar, as long as the field.
    Ec(Curve, SecretBytes),
    /// The 32-byte seed of RFC 8032.
    Ed25519(SecretBytes),
    /// The 32-byte seed of FIPS 204.
    MlDsa(MlDsa, SecretBytes),
}

/// A two-prime RSA key with its Chinese-remainder parts, big-endian (RFC 8017 §3.2).
#[derive(Clone)]
pub(crate) struct RsaPrivate {
    pub(crate) public: RsaPublic,
    pub(crate) d: SecretBytes,
    pub(crate) p: SecretBytes,
    pub(crate) q: SecretBytes,
    pub(crate) dp: SecretBytes,
    pub(crate) dq: SecretBytes,
    pub(crate) qi: SecretBytes,
}

impl Public {
    /// Checks what can be told from the numbers alone: that they fit the algorithm and are not weak.
    pub(crate) fn check(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        match (algorithm.family(), self) {
            (Family::RsaPkcs1(_) | Family::RsaPss(_), Self::Rsa(key)) => weak::check_rsa(key),
            (Family::Ecdsa(curve), Self::Ec(key)) if curve == key.curve => Ok(()),
            (Family::Ed25519, Self::Ed25519(_)) => Ok(()),
            (Family::MlDsa(level), Self::MlDsa(found, _)) if level == *found => Ok(()),
            (_, Self::Rsa(_)) => Err(KeyError::unfit("an RSA", algorithm)),
            (_, Self::Ec(key)) => Err(KeyError::unfit(key.curve.article(), algorithm)),
            (_, Self::Ed25519(_)) => Err(KeyError::unfit("an Ed25519", algorithm)),
            (_, Self::MlDsa(..)) => Err(KeyError::unfit("this ML-DSA", algorithm)),
        }
    }

    /// The algorithm that the key itself implies. An RSA key implies none.
    pub(crate) fn implied_algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::Rsa(_) => None,
            Self::Ec(key) => Some(key.curve.algorithm()),
            Self::Ed25519(_) => Some(Algorithm::EdDsa),
            Self::MlDsa(level, _) => Some(level.algorithm()),
        }
    }
}

impl EcPublic {
    /// The uncompressed point of SEC 1 §2.3.3.
    pub(crate) fn point(&self) -> Vec<u8> {
        [&[4], self.x.as_slice(), self.y.as_slice()].concat()
    }

    /// Reads an uncompressed point. Whether it is on the curve is asked when the key is prepared.
    pub(crate) fn from_point(curve: Curve, point: &[u8]) -> Result<Self, KeyError> {
        let coordinates = point.strip_prefix(&[4]).and_then(|rest| rest.split_at_checked(curve.len()));
        match coordinates {
            Some((x, y)) if y.len() == curve.len() => Ok(Self { curve, x: x.to_vec(), y: y.to_vec() }),
            _ => Err(KeyError::new("the elliptic-curve point is not in the uncompressed form of its curve")),
        }
    }
}

impl Private {
    /// Checks what can be told from the numbers alone: that they fit the algorithm and are not weak.
    pub(crate) fn check(&self, algorithm: Algorithm) -> Result<(), KeyError> {
        match (algorithm.family(), self) {
            (Family::Hmac(hash), Self::Hmac(secret)) => weak::check_secret(hash, secret),
            (Family::RsaPkcs1(_) | Family::RsaPss(_), Self::Rsa(key)) => weak::check_rsa(&key.public),
            (Family::Ecdsa(curve), Self::Ec(found, _)) if curve == *found => Ok(()),
            (Family::Ed25519, Self::Ed25519(_)) => Ok(()),
            (Family::MlDsa(level), Self::MlDsa(found, _)) if level == *found => Ok(()),
            (_, Self::Hmac(_)) => Err(KeyError::unfit("an HMAC", algorithm)),
            (_, Self::Rsa(_)) => Err(KeyError::unfit("an RSA", algorithm)),
            (_, Self::Ec(curve, _)) => Err(KeyError::unfit(curve.article(), algorithm)),
            (_, Self::Ed25519(_)) => Err(KeyError::unfit("an Ed25519", algorithm)),
            (_, Self::MlDsa(..)) => Err(KeyError::unfit("this ML-DSA", algorithm)),
        }
    }

    /// The algorithm that the key itself implies. RSA and HMAC keys imply none.
    pub(crate) fn implied_algorithm(&self) -> Option<Algorithm> {
        match self {
            Self::Hmac(_) | Self::Rsa(_) => None,
            Self::Ec(curve, _) => Some(curve.algorithm()),
            Self::Ed25519(_) => Some(Algorithm::EdDsa),
            Self::MlDsa(level, _) => Some(level.algorithm()),
        }
    }
}

impl Curve {
    const fn article(self) -> &'static str {
        match self {
            Self::P256 => "a P-256",
            Self::P384 => "a P-384",
            Self::P521 => "a P-521",
        }
    }
}
