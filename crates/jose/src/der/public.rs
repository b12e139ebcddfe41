//! Public keys in DER: `SubjectPublicKeyInfo` (RFC 5280 §4.1) and the bare PKCS#1 form of RSA (RFC 8017 A.1.1).

use super::read::{NULL, OID, Read, Reader};
use super::{oid, write};
use crate::key::KeyError;
use crate::key::material::{EcPublic, Public, RsaPublic};

/// Reads either form; which one it is shows in the first inner element.
pub(crate) fn read_public(der: &[u8]) -> Result<Public, KeyError> {
    let mut outer = Reader::new(der);
    let mut body = outer.sequence()?;
    outer.finish()?;
    match body.read_if(super::read::SEQUENCE)? {
        Some(algorithm) => read_spki(Reader::new(algorithm), body),
        None => read_rsa(der).map(Public::Rsa),
    }
}

/// Whether these bytes are a public key in DER, for callers who must not take one for something else.
pub(crate) fn is_public_key(bytes: &[u8]) -> bool {
    read_public(bytes).is_ok()
}

pub(crate) fn write_public(key: &Public) -> Vec<u8> {
    let (algorithm, bits) = match key {
        Public::Rsa(key) => (write::algorithm(oid::RSA, &[NULL, 0]), write_rsa(key)),
        Public::Ec(key) => (write::algorithm(oid::EC, &write::oid(oid::of_curve(key.curve))), key.point()),
        Public::Ed25519(point) => (write::algorithm(oid::ED25519, &[]), point.clone()),
        Public::MlDsa(level, key) => (write::algorithm(oid::of_ml_dsa(*level), &[]), key.clone()),
    };
    write::sequence(&[&algorithm, &write::bits(&bits)]).to_vec()
}

fn read_spki(mut algorithm: Reader<'_>, mut body: Reader<'_>) -> Read<Public> {
    let kind = algorithm.read(OID)?;
    let bits = body.bits()?;
    body.finish()?;
    match kind {
        oid::RSA => {
            read_null(algorithm)?;
            read_rsa(bits).map(Public::Rsa)
        }
        oid::EC => {
            let curve = read_curve(algorithm)?;
            EcPublic::from_point(curve, bits).map(Public::Ec)
        }
        oid::ED25519 => algorithm.finish().map(|()| Public::Ed25519(bits.to_vec())),
        other => match oid::ml_dsa(other) {
            Some(level) => algorithm.finish().map(|()| Public::MlDsa(level, bits.to_vec())),
            None => Err(UNKNOWN_KIND),
        },
    }
}

pub(super) const UNKNOWN_KIND: KeyError =
    KeyError::new("the key is of a kind that is not supported (RSA, P-256, P-384, P-521, Ed25519 and ML-DSA are)");

/// The parameters of an RSA key must be NULL (RFC 8017 A.1).
pub(super) fn read_null(mut algorithm: Reader<'_>) -> Read<()> {
    algorithm.read(NULL)?;
    algorithm.finish()
}

/// The parameters of an elliptic-curve key name its curve (RFC 5480 §2.1.1); explicit curves are refused.
pub(super) fn read_curve(mut algorithm: Reader<'_>) -> Read<crate::algorithm::Curve> {
    let curve = algorithm.read_if(OID)?.and_then(oid::curve).ok_or(UNKNOWN_KIND)?;
    algorithm.finish()?;
    Ok(curve)
}

fn read_rsa(der: &[u8]) -> Read<RsaPublic> {
    let mut outer = Reader::new(der);
    let mut body = outer.sequence()?;
    outer.finish()?;
    let (n, e) = (body.unsigned()?, body.unsigned()?);
    body.finish()?;
    Ok(RsaPublic { n: n.to_vec(), e: e.to_vec() })
}

fn write_rsa(key: &RsaPublic) -> Vec<u8> {
    write::sequence(&[&write::unsigned(&key.n), &write::unsigned(&key.e)]).to_vec()
}
