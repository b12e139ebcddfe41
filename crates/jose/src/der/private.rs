//! Private keys in DER: PKCS#8 (RFC 5958), and the bare forms PKCS#1 (RSA, RFC 8017 A.1.2) and SEC1 (RFC 5915).

use super::public::{UNKNOWN_KIND, read_curve, read_null};
use super::read::{OCTET_STRING, OID, Read, Reader, SEQUENCE, whole_bytes};
use super::{oid, write};
use crate::algorithm::{Curve, MlDsa};
use crate::key::KeyError;
use crate::key::material::{EcPublic, Private, Public, RsaPrivate, RsaPublic, SecretBytes};

/// `[0]` and `[1]` of PKCS#8 and SEC1.
const CONTEXT_0: u8 = 0xA0;
const CONTEXT_1: u8 = 0xA1;
/// The seed of an ML-DSA key (RFC 9881 §6: `seed [0] IMPLICIT OCTET STRING`).
const ML_DSA_SEED: u8 = 0x80;
/// The public key of a PKCS#8 version 2 (RFC 5958: `[1] IMPLICIT BIT STRING`).
const PKCS8_PUBLIC: u8 = 0x81;

/// A private key, and the public key that came with it, which must be compared with the true one.
type WithPublic = (Private, Option<Public>);

/// Reads any of the three forms; which one it is shows in the first elements.
pub(crate) fn read_private(der: &[u8]) -> Result<WithPublic, KeyError> {
    let mut outer = Reader::new(der);
    let mut body = outer.sequence()?;
    outer.finish()?;
    let version = body.unsigned()?;
    if let Some(algorithm) = body.read_if(SEQUENCE)? {
        return read_pkcs8(version, Reader::new(algorithm), body);
    }
    match version {
        [] => read_rsa(der),
        [1] => read_sec1(der, None),
        _ => Err(UNKNOWN_KIND),
    }
}

/// Writes PKCS#8. An HMAC secret has no such form.
pub(crate) fn write_private(key: &Private, public: Option<&Public>) -> Result<SecretBytes, KeyError> {
    let (algorithm, inner) = match key {
        Private::Hmac(_) => return Err(KeyError::new("an HMAC secret has no PEM or DER form; export it as a JWK")),
        Private::Rsa(key) => (write::algorithm(oid::RSA, &[super::read::NULL, 0]), write_rsa(key)),
        Private::Ec(curve, scalar) => {
            (write::algorithm(oid::EC, &write::oid(oid::of_curve(*curve))), write_sec1(scalar, public))
        }
        Private::Ed25519(seed) => (write::algorithm(oid::ED25519, &[]), write::octets(seed)),
        Private::MlDsa(level, seed) => {
            (write::algorithm(oid::of_ml_dsa(*level), &[]), write::element(ML_DSA_SEED, seed))
        }
    };
    Ok(write::sequence(&[&write::unsigned(&[0]), &algorithm, &write::octets(&inner)]))
}

fn read_pkcs8(version: &[u8], mut algorithm: Reader<'_>, mut body: Reader<'_>) -> Read<WithPublic> {
    let kind = algorithm.read(OID)?;
    let inner = body.read(OCTET_STRING)?;
    body.read_if(CONTEXT_0)?; // attributes, which say nothing about the key
    let public = if version == [1] { body.read_if(PKCS8_PUBLIC)? } else { None };
    body.finish()?;
    let public = public.map(whole_bytes).transpose()?;
    match kind {
        oid::RSA => {
            read_null(algorithm)?;
            read_rsa(inner)
        }
        oid::EC => read_sec1(inner, Some(read_curve(algorithm)?)),
        oid::ED25519 => {
            algorithm.finish()?;
            let key = read_ed25519(inner)?;
            Ok((key, public.map(|point| Public::Ed25519(point.to_vec()))))
        }
        other => {
            let level = oid::ml_dsa(other).ok_or(UNKNOWN_KIND)?;
            algorithm.finish()?;
            let key = read_ml_dsa(inner, level)?;
            Ok((key, public.map(|encoded| Public::MlDsa(level, encoded.to_vec()))))
        }
    }
}

fn read_ed25519(inner: &[u8]) -> Read<Private> {
    let mut reader = Reader::new(inner);
    let seed = reader.read(OCTET_STRING)?;
    reader.finish()?;
    Ok(Private::Ed25519(secret(seed)))
}

/// Reads an ML-DSA key: the seed alone, or seed and expanded key, of which the seed is enough (RFC 9881 §6).
fn read_ml_dsa(inner: &[u8], level: MlDsa) -> Read<Private> {
    let mut reader = Reader::new(inner);
    if let Some(seed) = reader.read_if(ML_DSA_SEED)? {
        reader.finish()?;
        return Ok(Private::MlDsa(level, secret(seed)));
    }
    let mut both = reader
        .read_if(SEQUENCE)?
        .map(Reader::new)
        .ok_or(KeyError::new("the ML-DSA key has no seed; only keys with their seed can be used"))?;
    reader.finish()?;
    let seed = both.read(OCTET_STRING)?;
    both.read(OCTET_STRING)?;
    both.finish()?;
    Ok(Private::MlDsa(level, secret(seed)))
}

fn read_rsa(der: &[u8]) -> Read<WithPublic> {
    let mut outer = Reader::new(der);
    let mut body = outer.sequence()?;
    outer.finish()?;
    if !body.unsigned()?.is_empty() {
        return Err(KeyError::new("the RSA key has more than two primes, which is not supported"));
    }
    let public = RsaPublic { n: body.unsigned()?.to_vec(), e: body.unsigned()?.to_vec() };
    let mut next = || body.unsigned().map(secret);
    let key = RsaPrivate { public, d: next()?, p: next()?, q: next()?, dp: next()?, dq: next()?, qi: next()? };
    body.finish()?;
    Ok((Private::Rsa(Box::new(key)), None))
}

fn write_rsa(key: &RsaPrivate) -> SecretBytes {
    let numbers = [&[0][..], &key.public.n, &key.public.e, &key.d, &key.p, &key.q, &key.dp, &key.dq, &key.qi];
    let parts = numbers.map(write::unsigned);
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_slice()).collect();
    write::sequence(&parts)
}

/// Reads an `ECPrivateKey`. Inside PKCS#8 the curve is known from outside, and must agree where it is named again.
fn read_sec1(der: &[u8], outside: Option<Curve>) -> Read<WithPublic> {
    let mut outer = Reader::new(der);
    let mut body = outer.sequence()?;
    outer.finish()?;
    if body.unsigned()? != [1] {
        return Err(UNKNOWN_KIND);
    }
    let scalar = body.read(OCTET_STRING)?;
    let named = body.read_if(CONTEXT_0)?.map(|oid| read_curve(Reader::new(oid))).transpose()?;
    let point = body.read_if(CONTEXT_1)?.map(|bits| read_point(Reader::new(bits))).transpose()?;
    body.finish()?;
    let curve = match (outside, named) {
        (Some(curve), None) | (None, Some(curve)) => curve,
        (Some(curve), Some(same)) if curve == same => curve,
        _ => return Err(KeyError::new("the elliptic-curve key does not name its one curve")),
    };
    if scalar.len() != curve.len() {
        return Err(KeyError::new("the elliptic-curve private key has the wrong length for its curve"));
    }
    let public = point.map(|point| EcPublic::from_point(curve, point)).transpose()?;
    Ok((Private::Ec(curve, secret(scalar)), public.map(Public::Ec)))
}

fn read_point(mut reader: Reader<'_>) -> Read<&[u8]> {
    let point = reader.bits()?;
    reader.finish()?;
    Ok(point)
}

fn write_sec1(scalar: &[u8], public: Option<&Public>) -> SecretBytes {
    let point = match public {
        Some(Public::Ec(key)) => write::element(CONTEXT_1, &write::bits(&key.point())),
        _ => SecretBytes::default(),
    };
    write::sequence(&[&write::unsigned(&[1]), &write::octets(scalar), &point])
}

fn secret(bytes: &[u8]) -> SecretBytes {
    SecretBytes::new(bytes.to_vec())
}
