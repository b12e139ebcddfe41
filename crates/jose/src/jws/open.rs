//! Opening a compact JWS: size, form, header, algorithm, type, key, signature, in this order.
//!
//! Two ways lead through, and accept the same tokens. The short one is for a token that begins with a header this key has
//! verified before, byte for byte, and for which these keys would find it now. Whatever the short one does not recognise takes the
//! full one.

use std::sync::Arc;

use super::header::{Header, HeaderBuffer, HeaderView, TokenTypes};
use crate::algorithm::{Algorithm, AlgorithmSet};
use crate::base64url;
use crate::key::{KeySource, VerifyingKey, Wanted};
use crate::refusal::{Reason, Refusal, Shown};

/// What a token must fulfil before its payload is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demands<'p> {
    pub(crate) max_len: usize,
    pub(crate) algorithms: AlgorithmSet,
    pub(crate) typ: Option<&'p TokenTypes>,
}

/// A token whose signature holds: its header, and its payload as it is encoded.
pub(crate) struct Opened<'t> {
    pub(crate) header: Arc<Header>,
    pub(crate) payload: &'t str,
}

pub(crate) fn open<'t>(
    token: &'t str,
    keys: &(impl KeySource + ?Sized),
    demands: Demands<'_>,
) -> Result<Opened<'t>, Refusal> {
    check_size(token, demands.max_len)?;
    match open_known(token, keys, demands) {
        Some(opened) => opened,
        None => open_full(token, keys, demands),
    }
}

pub(crate) fn check_size(token: &str, limit: usize) -> Result<(), Refusal> {
    if token.len() <= limit { Ok(()) } else { Err(Refusal::new(Reason::TooLarge { found: token.len(), limit })) }
}

/// The short way. `None` means that it does not apply, and says nothing about the token.
fn open_known<'t>(
    token: &'t str,
    keys: &(impl KeySource + ?Sized),
    demands: Demands<'_>,
) -> Option<Result<Opened<'t>, Refusal>> {
    let find = |key: &'_ VerifyingKey| key.known().find(token).map(|(known, rest)| (Arc::clone(&known.header), rest));
    let (key, (header, rest)) = keys.at_hand().iter().find_map(|key| find(key).map(|found| (key, found)))?;
    let found = keys.find(&Wanted::new(header.kid(), header.algorithm()));
    if !found.is_some_and(|found| found.is(key)) {
        return None;
    }
    let (payload, signature) = split_signature(rest, key.signature_text_len())?;
    let signed = token.get(..token.len().checked_sub(signature.len())?.checked_sub(1)?)?;
    let checked = check_header(header.algorithm(), header.typ(), demands)
        .and_then(|()| check_signature(key, header.algorithm(), signed.as_bytes(), signature));
    // A token of another form can begin with a known header, too; then its form is what is wrong with it.
    let checked = checked.map_err(|refusal| Parts::split(token).err().unwrap_or(refusal));
    Some(checked.map(|()| Opened { header, payload }))
}

/// Splits at the dot that the length of the signature says.
fn split_signature(rest: &str, signature_len: usize) -> Option<(&str, &str)> {
    let dot = rest.len().checked_sub(signature_len)?.checked_sub(1)?;
    let (payload, signature) = rest.split_at_checked(dot)?;
    Some((payload, signature.strip_prefix('.')?))
}

/// The full way, which finds out what is wrong with a token that does not fit.
fn open_full<'t>(
    token: &'t str,
    keys: &(impl KeySource + ?Sized),
    demands: Demands<'_>,
) -> Result<Opened<'t>, Refusal> {
    let parts = Parts::split(token)?;
    let mut buffer = HeaderBuffer::new();
    let view = HeaderView::decode(parts.header, &mut buffer)?;
    let algorithm = check_algorithm(&view, demands.algorithms)?;
    demands.typ.map_or(Ok(()), |expected| expected.check(view.typ.as_deref()))?;
    let key = find_key(&view, algorithm, keys)?;
    check_signature(&key, algorithm, parts.signed.as_bytes(), parts.signature)?;
    let header = Arc::new(view.to_header(algorithm, key.kid()));
    key.known().remember(parts.header, &header);
    Ok(Opened { header, payload: parts.payload })
}

/// The parts of a compact JWS, still encoded.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'t> {
    pub(crate) header: &'t str,
    pub(crate) payload: &'t str,
    pub(crate) signature: &'t str,
    /// Header and payload with the dot between them: what the signature is over.
    pub(crate) signed: &'t str,
}

impl<'t> Parts<'t> {
    pub(crate) fn split(token: &'t str) -> Result<Self, Refusal> {
        let mut dots = memchr::memchr_iter(b'.', token.as_bytes());
        let (Some(first), Some(second)) = (dots.next(), dots.next()) else {
            return Err(wrong_parts("fewer"));
        };
        match dots.count() {
            0 => {}
            2 => return Err(wrong_parts("five, as an encrypted token has (JWE)")),
            _ => return Err(wrong_parts("more")),
        }
        let (signed, signature) = token.split_at_checked(second).unwrap_or_default();
        let (header, payload) = signed.split_at_checked(first).unwrap_or_default();
        let after_dot = |part: &'t str| part.strip_prefix('.').unwrap_or_default();
        Ok(Self { header, payload: after_dot(payload), signature: after_dot(signature), signed })
    }
}

fn wrong_parts(found: &'static str) -> Refusal {
    Refusal::malformed("three parts between two dots", found)
}

pub(crate) fn check_algorithm(view: &HeaderView<'_>, allowed: AlgorithmSet) -> Result<Algorithm, Refusal> {
    Algorithm::from_name(&view.alg)
        .filter(|algorithm| allowed.contains(*algorithm))
        .ok_or_else(|| Refusal::new(Reason::Algorithm { allowed, found: Shown::quoted(&view.alg) }))
}

fn check_header(algorithm: Algorithm, typ: Option<&str>, demands: Demands<'_>) -> Result<(), Refusal> {
    if !demands.algorithms.contains(algorithm) {
        let found = Shown::quoted(algorithm.name());
        return Err(Refusal::new(Reason::Algorithm { allowed: demands.algorithms, found }));
    }
    demands.typ.map_or(Ok(()), |expected| expected.check(typ))
}

pub(crate) fn find_key<'k>(
    view: &HeaderView<'_>,
    algorithm: Algorithm,
    keys: &'k (impl KeySource + ?Sized),
) -> Result<std::borrow::Cow<'k, VerifyingKey>, Refusal> {
    let key = keys.find(&Wanted::new(view.kid.as_deref(), algorithm));
    let key = key.ok_or_else(|| Refusal::new(Reason::KeyUnknown { kid: view.kid.as_deref().map(Shown::quoted) }))?;
    if key.algorithm().is_same_as(algorithm) {
        return Ok(key);
    }
    Err(Refusal::new(Reason::KeyAlgorithm { key: key.algorithm(), found: algorithm }))
}

pub(crate) fn check_signature(
    key: &VerifyingKey,
    algorithm: Algorithm,
    signed: &[u8],
    signature: &str,
) -> Result<(), Refusal> {
    let invalid = || Refusal::new(Reason::Signature { algorithm });
    if signature.len() != key.signature_text_len() {
        return Err(wrong_length(signature, algorithm));
    }
    let valid = match signature.len() {
        0..=88 => verify_in(&mut [0; 66], key, signed, signature),
        89..=684 => verify_in(&mut [0; 513], key, signed, signature),
        _ => verify_in(&mut [0; 4627], key, signed, signature),
    };
    if valid? { Ok(()) } else { Err(invalid()) }
}

/// Decodes the signature into a buffer on the stack and asks the key.
fn verify_in(buffer: &mut [u8], key: &VerifyingKey, signed: &[u8], signature: &str) -> Result<bool, Refusal> {
    let bytes = base64url::decode_into(signature, buffer).map_err(|_| bad_base64())?;
    Ok(key.verifier().verify(signed, bytes))
}

/// A signature of another length is malformed if it is not base64url, and otherwise just not by this key.
#[cold]
fn wrong_length(signature: &str, algorithm: Algorithm) -> Refusal {
    if base64url::is_canonical(signature) { Refusal::new(Reason::Signature { algorithm }) } else { bad_base64() }
}

fn bad_base64() -> Refusal {
    Refusal::malformed("a signature in canonical base64url", "other characters or bits")
}
