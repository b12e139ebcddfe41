//! Verifies and signs with `jwt-simple`.

#[path = "../../job.rs"]
mod job;

use std::collections::HashSet;
use std::hint::black_box;

use anyhow::{Context, Result};
use jwt_simple::prelude::*;
use serde_json::{Value, json};

use job::{Job, Key, time};

fn main() -> Result<()> {
    job::run(jwt_simple)
}

/// What the library's typed claims leave to the caller.
#[derive(Clone, Serialize, Deserialize)]
struct Own {
    scope: String,
    roles: Vec<String>,
    email: String,
}

fn jwt_simple(job: &Job, key: &Key) -> Result<Option<Value>> {
    let options = VerificationOptions {
        allowed_issuers: Some(HashSet::from([job.issuer.clone()])),
        allowed_audiences: Some(HashSet::from([job.audience.clone()])),
        ..VerificationOptions::default()
    };
    let own: Own = serde_json::from_value(job.claims.clone())?;
    let text = |name: &str| job.claims[name].as_str().unwrap_or_default().to_owned();
    let claims = || {
        let claims = Claims::with_custom_claims(own.clone(), Duration::from_mins(10));
        claims.with_issuer(text("iss")).with_audience(text("aud")).with_subject(text("sub")).with_jwt_id(text("jti"))
    };
    let pem = |pem: &Option<String>| pem.clone().context("a PEM");
    let verified = |result: Result<JWTClaims<Own>>| result.is_ok();
    macro_rules! measure {
        ($signer:expr, $sign:ident, $verifier:expr) => {{
            let (signer, verifier) = ($signer, $verifier);
            let verify = time(|| verified(verifier.verify_token::<Own>(black_box(&key.token), Some(options.clone()))))?;
            json!({"library": "jwt-simple", "alg": key.alg, "verify": verify, "sign": time(|| signer.$sign(claims()).is_ok())?})
        }};
    }
    Ok(Some(match key.alg.as_str() {
        "HS256" => {
            let secret = key.secret.as_deref().context("a secret")?;
            let signer = HS256Key::from_bytes(secret).with_key_id(&key.kid);
            measure!(&signer, authenticate, &signer)
        }
        "RS256" => measure!(
            RS256KeyPair::from_pem(&pem(&key.private_pem)?)?.with_key_id(&key.kid),
            sign,
            RS256PublicKey::from_pem(&pem(&key.public_pem)?)?
        ),
        "ES256" => measure!(
            ES256KeyPair::from_pem(&pem(&key.private_pem)?)?.with_key_id(&key.kid),
            sign,
            ES256PublicKey::from_pem(&pem(&key.public_pem)?)?
        ),
        "EdDSA" => measure!(
            Ed25519KeyPair::from_pem(&pem(&key.private_pem)?)?.with_key_id(&key.kid),
            sign,
            Ed25519PublicKey::from_pem(&pem(&key.public_pem)?)?
        ),
        _ => return Ok(None),
    }))
}
