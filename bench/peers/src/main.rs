//! Verifies and signs with `jwt-simple` and `josekit`. Reads the job that `bench/src/peers.rs` writes on standard input, and writes one
//! JSON document: `{"times": [{"library", "alg", "verify", "sign"}]}`, in nanoseconds.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::collections::HashSet;
use std::hint::black_box;
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, anyhow, ensure};
use josekit::jws::{self, JwsHeader, JwsSigner, JwsVerifier};
use josekit::jwt::{self, JwtPayload, JwtPayloadValidator};
use jwt_simple::prelude::*;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Job {
    keys: Vec<Key>,
    claims: Value,
    issuer: String,
    audience: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    alg: String,
    kid: String,
    secret: Option<Vec<u8>>,
    private_pem: Option<String>,
    public_pem: Option<String>,
    token: String,
}

fn main() -> Result<()> {
    let job: Job = serde_json::from_reader(std::io::stdin())?;
    let mut times = Vec::new();
    for key in &job.keys {
        for library in [jwt_simple, josekit] {
            times.extend(library(&job, key)?);
        }
    }
    println!("{}", json!({ "times": times }));
    Ok(())
}

/// The median time of a call, in nanoseconds.
fn time(mut call: impl FnMut() -> bool) -> Result<f64> {
    ensure!(call(), "it does not work");
    let mut rounds: Vec<f64> = (0..60)
        .map(|_| {
            let start = Instant::now();
            (0..20).for_each(|_| _ = black_box(call()));
            start.elapsed().as_secs_f64() * 1e9 / 20.0
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    Ok(rounds[30])
}

/// What the libraries' typed claims leave to the caller.
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
