//! The object identifiers of keys, in their encoded form.

use crate::algorithm::{Curve, MlDsa};

/// rsaEncryption (RFC 8017 appendix C).
pub(super) const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
/// id-ecPublicKey (RFC 5480 §2.1.1).
pub(super) const EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
/// id-Ed25519 (RFC 8410 §3).
pub(super) const ED25519: &[u8] = &[0x2B, 0x65, 0x70];

const CURVES: [(&[u8], Curve); 3] = [
    (&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07], Curve::P256),
    (&[0x2B, 0x81, 0x04, 0x00, 0x22], Curve::P384),
    (&[0x2B, 0x81, 0x04, 0x00, 0x23], Curve::P521),
];

/// id-ml-dsa-44, -65, -87 (RFC 9881 §2).
const ML_DSA: [(&[u8], MlDsa); 3] = [
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11], MlDsa::L44),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12], MlDsa::L65),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13], MlDsa::L87),
];

pub(super) fn curve(oid: &[u8]) -> Option<Curve> {
    CURVES.iter().find(|(known, _)| *known == oid).map(|(_, curve)| *curve)
}

pub(super) fn of_curve(curve: Curve) -> &'static [u8] {
    CURVES.iter().find(|(_, known)| *known == curve).map_or(&[], |(oid, _)| oid)
}

pub(super) fn ml_dsa(oid: &[u8]) -> Option<MlDsa> {
    ML_DSA.iter().find(|(known, _)| *known == oid).map(|(_, level)| *level)
}

pub(super) fn of_ml_dsa(level: MlDsa) -> &'static [u8] {
    ML_DSA.iter().find(|(_, known)| *known == level).map_or(&[], |(oid, _)| oid)
}
