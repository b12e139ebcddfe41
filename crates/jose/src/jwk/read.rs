//! Reading one JWK. Its members must agree with each other and with what the key is wanted for.

use std::borrow::Cow;

use super::fields::Fields;
use crate::algorithm::{Algorithm, Curve, Family, MlDsa};
use crate::json::Object;
use crate::key::KeyError;
use crate::key::material::{EcPublic, Private, Public, RsaPrivate, RsaPublic};

/// A JWK larger than this is not looked at. The largest that makes sense, RSA of 8192 bits, takes about 8 KiB.
const MAX_LEN: usize = 64 * 1024;

/// What a key is wanted for, as `key_ops` names it (RFC 7517 §4.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Sign,
    Verify,
}

/// A JWK of which the members that concern every key have been checked.
pub(crate) struct Jwk<'a> {
    fields: Fields<'a>,
    kind: Kind,
    /// `kid`, if the key has one.
    pub(crate) kid: Option<String>,
    /// `alg`, if the key has one.
    pub(crate) algorithm: Option<Algorithm>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Oct,
    Rsa,
    Ec(Curve),
    Ed25519,
    Akp(MlDsa),
}

impl<'a> Jwk<'a> {
    pub(crate) fn parse(json: &'a str, purpose: Purpose) -> Result<Self, KeyError> {
        if json.len() > MAX_LEN {
            return Err(KeyError::new("the JWK is larger than 64 KiB"));
        }
        let object = Object::parse(json);
        let fields =
            Fields(object.map_err(|error| KeyError::because(format!("the JWK is not a strict JSON object: {error}")))?);
        check_purpose(&fields, purpose)?;
        let algorithm = fields.optional_text("alg")?.map(|name| name.parse()).transpose()?;
        let kind = Kind::read(&fields, algorithm)?;
        let name = fields.optional_text("kid")?.map(Cow::into_owned);
        Ok(Self { fields, kind, kid: name, algorithm })
    }

    /// Whether this is an HMAC key.
    pub(crate) fn is_symmetric(&self) -> bool {
        self.kind == Kind::Oct
    }

    /// The public key. A JWK that also has private members is refused: it should not be here.
    pub(crate) fn public(&self) -> Result<Public, KeyError> {
        const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"];
        if PRIVATE_MEMBERS.iter().any(|name| self.fields.has(name)) {
            return Err(KeyError::new(PRIVATE_WHERE_PUBLIC));
        }
        self.public_members()
    }

    /// The secret or private key, and the public key beside it, which must be compared with the true one.
    pub(crate) fn private(&self) -> Result<(Private, Option<Public>), KeyError> {
        if self.kind == Kind::Oct {
            return Ok((self.secret()?, None));
        }
        let public = self.public_members()?;
        Ok((self.private_members()?, Some(public)))
    }

    /// The secret of an HMAC key.
    pub(crate) fn secret(&self) -> Result<Private, KeyError> {
        self.fields.secret("k").map(Private::Hmac)
    }

    fn public_members(&self) -> Result<Public, KeyError> {
        let fields = &self.fields;
        Ok(match self.kind {
            Kind::Oct => return Err(KeyError::new("an HMAC key has no public part")),
            Kind::Rsa => Public::Rsa(RsaPublic { n: fields.number("n")?, e: fields.number("e")? }),
            Kind::Ec(curve) => {
                Public::Ec(EcPublic { curve, x: fields.fixed("x", curve.len())?, y: fields.fixed("y", curve.len())? })
            }
            Kind::Ed25519 => Public::Ed25519(fields.fixed("x", 32)?),
            Kind::Akp(level) => Public::MlDsa(level, fields.fixed("pub", level.public_len())?),
        })
    }

    fn private_members(&self) -> Result<Private, KeyError> {
        let fields = &self.fields;
        Ok(match self.kind {
            Kind::Oct => self.secret()?,
            Kind::Rsa => Private::Rsa(Box::new(self.rsa_private()?)),
            Kind::Ec(curve) => Private::Ec(curve, fields.fixed_secret("d", curve.len())?),
            Kind::Ed25519 => Private::Ed25519(fields.fixed_secret("d", 32)?),
            Kind::Akp(level) => Private::MlDsa(level, fields.fixed_secret("priv", 32)?),
        })
    }

    fn rsa_private(&self) -> Result<RsaPrivate, KeyError> {
        let fields = &self.fields;
        if fields.has("oth") {
            return Err(KeyError::new("the RSA key has more than two primes, which is not supported"));
        }
        if fields.has("d") && !fields.has("p") {
            return Err(KeyError::new("the RSA private key lacks its primes (`p`, `q`, `dp`, `dq`, `qi`)"));
        }
        Ok(RsaPrivate {
            public: RsaPublic { n: fields.number("n")?, e: fields.number("e")? },
            d: fields.secret_number("d")?,
            p: fields.secret_number("p")?,
            q: fields.secret_number("q")?,
            dp: fields.secret_number("dp")?,
            dq: fields.secret_number("dq")?,
            qi: fields.secret_number("qi")?,
        })
    }
}

pub(crate) const PRIVATE_WHERE_PUBLIC: &str = "the JWK has private members where a public key belongs";

impl Kind {
    fn read(fields: &Fields<'_>, algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        let kty = fields.text("kty")?;
        let crv = match &*kty {
            "EC" | "OKP" => Some(fields.text("crv")?),
            _ if fields.has("crv") => return Err(KeyError::new("the JWK has a `crv`, which its `kty` does not use")),
            _ => None,
        };
        if let Some(algorithm) = algorithm
            && (algorithm.kty() != kty || algorithm.crv() != crv.as_deref())
        {
            return Err(KeyError::because(format!("the `alg` {algorithm} of the JWK contradicts its `kty` or `crv`")));
        }
        match (&*kty, crv.as_deref()) {
            ("oct", _) => Ok(Self::Oct),
            ("RSA", _) => Ok(Self::Rsa),
            ("AKP", _) => Self::akp(algorithm),
            (kty, Some(crv)) => Self::curve(kty, crv),
            _ => Err(KeyError::new("the `kty` of the JWK is not supported (RSA, EC, OKP, AKP and oct are)")),
        }
    }

    fn curve(kty: &str, crv: &str) -> Result<Self, KeyError> {
        match Algorithm::from_crv(kty, crv).map(Algorithm::family) {
            Some(Family::Ecdsa(curve)) => Ok(Self::Ec(curve)),
            Some(Family::Ed25519) => Ok(Self::Ed25519),
            _ => Err(KeyError::new("the `crv` of the JWK is not supported (P-256, P-384, P-521 and Ed25519 are)")),
        }
    }

    /// `alg` is required for the key type AKP, since nothing else tells the parameter set (RFC 9964 §3).
    fn akp(algorithm: Option<Algorithm>) -> Result<Self, KeyError> {
        match algorithm.map(Algorithm::family) {
            Some(Family::MlDsa(level)) => Ok(Self::Akp(level)),
            _ => Err(KeyError::new("a JWK with `kty` AKP needs its `alg`")),
        }
    }
}

/// `use` and `key_ops` must allow the purpose, and not contradict each other (RFC 7517 §4.2, §4.3).
fn check_purpose(fields: &Fields<'_>, purpose: Purpose) -> Result<(), KeyError> {
    if let Some(usage) = fields.optional_text("use")?
        && usage != "sig"
    {
        return Err(KeyError::new("the `use` of the JWK is not `sig`: it is not for signatures"));
    }
    let Some(operations) = fields.optional_texts("key_ops")? else { return Ok(()) };
    if operations.iter().any(|operation| operation != "sign" && operation != "verify") {
        return Err(KeyError::new("the `key_ops` of the JWK name more than signatures"));
    }
    let (wanted, reason) = match purpose {
        Purpose::Sign => ("sign", "the `key_ops` of the JWK do not allow signing"),
        Purpose::Verify => ("verify", "the `key_ops` of the JWK do not allow verifying"),
    };
    if operations.iter().any(|operation| operation == wanted) { Ok(()) } else { Err(KeyError::new(reason)) }
}
