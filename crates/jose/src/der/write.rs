//! Writing DER: each function puts content into one element. All that is written may be secret, so it wipes itself.

use super::read::{BIT_STRING, INTEGER, OCTET_STRING, OID, SEQUENCE};
use crate::key::material::SecretBytes;

pub(super) fn element(tag: u8, content: &[u8]) -> SecretBytes {
    let mut der = SecretBytes::new(Vec::with_capacity(content.len().saturating_add(4)));
    der.push(tag);
    // Keys are far below 64 KiB, so that two bytes of length are always enough.
    let len = u16::try_from(content.len()).unwrap_or(u16::MAX);
    match len.to_be_bytes() {
        [0, short @ 0..0x80] => der.push(short),
        [0, long] => der.extend_from_slice(&[0x81, long]),
        [high, low] => der.extend_from_slice(&[0x82, high, low]),
    }
    der.extend_from_slice(content);
    der
}

pub(super) fn sequence(parts: &[&[u8]]) -> SecretBytes {
    element(SEQUENCE, &SecretBytes::new(parts.concat()))
}

/// An integer that is not negative, from big-endian bytes.
pub(super) fn unsigned(number: &[u8]) -> SecretBytes {
    let start = number.iter().position(|byte| *byte != 0);
    let shortest = start.and_then(|at| number.get(at..)).unwrap_or_default();
    let needs_zero = shortest.first().is_none_or(|byte| byte & 0x80 != 0);
    let zero: &[u8] = if needs_zero { &[0] } else { &[] };
    element(INTEGER, &SecretBytes::new([zero, shortest].concat()))
}

pub(super) fn bits(content: &[u8]) -> SecretBytes {
    element(BIT_STRING, &[&[0], content].concat())
}

pub(super) fn octets(content: &[u8]) -> SecretBytes {
    element(OCTET_STRING, content)
}

pub(super) fn oid(encoded: &[u8]) -> SecretBytes {
    element(OID, encoded)
}

/// The `AlgorithmIdentifier` of a key: an object identifier and parameters that are already encoded.
pub(super) fn algorithm(encoded: &[u8], parameters: &[u8]) -> SecretBytes {
    sequence(&[&oid(encoded), parameters])
}
