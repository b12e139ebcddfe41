//! JWK Sets (RFC 7517 §5).

use super::{KeyError, VerifyingKey};
use crate::algorithm::Algorithm;
use crate::json::Object;
use crate::jwk::{Jwk, PRIVATE_WHERE_PUBLIC, Purpose};

/// A set larger than this is not looked at.
const MAX_LEN: usize = 1024 * 1024;

const MIXED: KeyError = KeyError::new("the set mixes HMAC secrets with public keys");

/// Keys of one issuer, found by their `kid`.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
    skipped: Vec<(usize, KeyError)>,
}

impl KeySet {
    /// Puts keys together. Two keys with one `kid`, and HMAC secrets beside public keys, are refused.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeyError> {
        let keys: Vec<_> = keys.into_iter().collect();
        check_kids(&keys)?;
        check_kinds(&keys)?;
        Ok(Self { keys, skipped: Vec::new() })
    }

    /// Puts keys of one owner together, HMAC secrets beside public keys: for an issuer that changes from one to the other. It
    /// never leaves the program ([`Self::to_json`] refuses it), and no set from elsewhere may be one.
    pub fn mixed(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, KeyError> {
        let keys: Vec<_> = keys.into_iter().collect();
        check_kids(&keys)?;
        Ok(Self { keys, skipped: Vec::new() })
    }

    /// Reads a JWK Set. Entries that cannot be used are skipped, as RFC 7517 §5 says; [`Self::skipped`] tells why.
    ///
    /// The whole set is refused when one of its keys shows private members, when it mixes HMAC secrets with public keys, or
    /// when two keys share a `kid`.
    pub fn from_json(json: &str) -> Result<Self, KeyError> {
        Self::from_json_for(json, &[])
    }

    /// Reads a JWK Set whose keys may lack their `alg`: such a key is for the first of `algorithms` that fits it.
    pub fn from_json_for(json: &str, algorithms: &[Algorithm]) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        let mut skipped = Vec::new();
        let (mut symmetric, mut public) = (false, false);
        for (index, entry) in entries(json)?.into_iter().enumerate() {
            let jwk = Jwk::parse(entry, Purpose::Verify);
            if let Ok(jwk) = &jwk {
                symmetric |= jwk.is_symmetric();
                public |= !jwk.is_symmetric();
            }
            match jwk.and_then(|jwk| VerifyingKey::read(&jwk, algorithms)) {
                Ok(key) => keys.push(key),
                Err(error) if error == KeyError::new(PRIVATE_WHERE_PUBLIC) => return Err(error),
                Err(error) => skipped.push((index, error)),
            }
        }
        // An HMAC secret that cannot be used for want of its `alg` is still a secret in the wrong place.
        if symmetric && public {
            return Err(MIXED);
        }
        Ok(Self { skipped, ..Self::new(keys)? })
    }

    /// The set as JSON, public members only. A set of HMAC secrets is refused.
    pub fn to_json(&self) -> Result<String, KeyError> {
        let keys = self.keys.iter().map(VerifyingKey::to_jwk).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("{{\"keys\":[{}]}}", keys.join(",")))
    }

    /// The keys, in their order.
    #[must_use]
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// The key of this name.
    #[must_use]
    pub fn get(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| key.kid() == Some(kid))
    }

    /// The number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The entries of the JSON that were skipped: where each stood, and why.
    #[must_use]
    pub fn skipped(&self) -> &[(usize, KeyError)] {
        &self.skipped
    }
}

/// The texts of the entries of a set.
fn entries(json: &str) -> Result<Vec<&str>, KeyError> {
    if json.len() > MAX_LEN {
        return Err(KeyError::new("the JWK Set is larger than 1 MiB"));
    }
    let set = Object::parse(json);
    let set = set.map_err(|error| KeyError::because(format!("the JWK Set is not a strict JSON object: {error}")))?;
    let keys = set.get("keys").and_then(crate::json::Value::as_array);
    let keys = keys.ok_or(KeyError::new("the JWK Set has no array `keys`"))?;
    Ok(keys.iter().map(|key| key.raw).collect())
}

fn check_kids(keys: &[VerifyingKey]) -> Result<(), KeyError> {
    let mut kids: Vec<_> = keys.iter().filter_map(VerifyingKey::kid).collect();
    kids.sort_unstable();
    let twice = kids.iter().zip(kids.iter().skip(1)).any(|(one, next)| one == next);
    if twice { Err(KeyError::new("two keys of the set have the same `kid`")) } else { Ok(()) }
}

fn check_kinds(keys: &[VerifyingKey]) -> Result<(), KeyError> {
    let symmetric = keys.iter().filter(|key| key.algorithm().is_symmetric()).count();
    if symmetric == 0 || symmetric == keys.len() {
        return Ok(());
    }
    Err(MIXED)
}
