//! Verifies and signs with `josekit`.

#[path = "../../job.rs"]
mod job;

use std::hint::black_box;
use std::time::SystemTime;

use anyhow::{Result, anyhow};
use josekit::jws::{self, JwsHeader, JwsSigner, JwsVerifier};
use josekit::jwt::{self, JwtPayload, JwtPayloadValidator};
use serde_json::{Map, Value, json};

use job::{Job, Key, time};

fn main() -> Result<()> {
    job::run(josekit)
}

fn josekit(job: &Job, key: &Key) -> Result<Option<Value>> {
    let (private, public) = (key.private_pem.as_deref().unwrap_or(""), key.public_pem.as_deref().unwrap_or(""));
    let secret = key.secret.as_deref().unwrap_or(&[]);
    let (signer, verifier): (Box<dyn JwsSigner>, Box<dyn JwsVerifier>) = match key.alg.as_str() {
        "HS256" => (Box::new(jws::HS256.signer_from_bytes(secret)?), Box::new(jws::HS256.verifier_from_bytes(secret)?)),
        "RS256" => (Box::new(jws::RS256.signer_from_pem(private)?), Box::new(jws::RS256.verifier_from_pem(public)?)),
        "ES256" => (Box::new(jws::ES256.signer_from_pem(private)?), Box::new(jws::ES256.verifier_from_pem(public)?)),
        "EdDSA" => (Box::new(jws::EdDSA.signer_from_pem(private)?), Box::new(jws::EdDSA.verifier_from_pem(public)?)),
        _ => return Ok(None),
    };
    let mut validator = JwtPayloadValidator::new();
    validator.set_issuer(&job.issuer);
    validator.set_audience(&job.audience);
    let verify = time(|| {
        let Ok((payload, _)) = jwt::decode_with_verifier(black_box(&key.token), &*verifier) else { return false };
        validator.set_base_time(SystemTime::now());
        validator.validate(&payload).is_ok()
    })?;
    let mut header = JwsHeader::new();
    header.set_token_type("at+jwt");
    header.set_key_id(&key.kid);
    let claims: Map<String, Value> = serde_json::from_value(job.claims.clone())?;
    let payload = JwtPayload::from_map(claims).map_err(|error| anyhow!("{error}"))?;
    let sign = time(|| jwt::encode_with_signer(black_box(&payload), &header, &*signer).is_ok())?;
    Ok(Some(json!({"library": "josekit", "alg": key.alg, "verify": verify, "sign": sign})))
}
