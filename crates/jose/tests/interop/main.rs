//! Other languages' libraries verify what we sign, and we verify what they sign, for every algorithm that both know.
//!
//! `cargo xtask test` fetches the libraries and names their folder; without it these tests skip themselves aloud.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jotgate_jose::{Algorithm, jwt};
use jotgate_testkit::interop::folder;
use jotgate_testkit::{NOW, keys};
use serde_json::{Value, json};

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://api.example.com";

#[test]
fn node() {
    // Every algorithm that the library documents, so that one which stops working is noticed.
    let expected = [
        ("jose", "HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519"),
        ("jsonwebtoken", "HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512"),
        ("fast-jwt", "HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA"),
    ];
    let Some(libraries) = folder("interop_node", "node") else { return };
    exchange(Path::new("node"), "node.mjs", &libraries, &classical(), &expected);
}

/// The same library on a Node.js that has ML-DSA.
#[test]
fn node_with_ml_dsa() {
    let test = "interop_node_with_ml_dsa";
    let (Some(libraries), Some(newer)) = (folder(test, "node"), folder(test, "node24")) else { return };
    let program = newer.join("node_modules/.bin/node");
    exchange(&program, "node.mjs", &libraries, &POST_QUANTUM, &[("jose", "ML-DSA-44 ML-DSA-65 ML-DSA-87")]);
}

#[test]
fn python() {
    let expected = [
        ("PyJWT", "HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA"),
        ("joserfc", "HS256 HS384 HS512 RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519"),
    ];
    let Some(libraries) = folder("interop_python", "python") else { return };
    exchange(Path::new("python3"), "python.py", &libraries, &classical(), &expected);
}

/// No JWT library of Python knows ML-DSA yet; its `cryptography` does, and RFC 9964 asks for no more than that and base64url.
#[test]
fn python_with_ml_dsa() {
    let module = "python/cryptography/hazmat/primitives/asymmetric/mldsa.py";
    let test = "interop_python_with_ml_dsa";
    let (Some(libraries), Some(_)) = (folder(test, "python"), folder(test, module)) else { return };
    let expected = [("cryptography", "ML-DSA-44 ML-DSA-65 ML-DSA-87")];
    exchange(Path::new("python3"), "python.py", &libraries, &POST_QUANTUM, &expected);
}

const POST_QUANTUM: [Algorithm; 3] = [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87];

fn classical() -> Vec<Algorithm> {
    Algorithm::ALL.iter().copied().filter(|algorithm| !POST_QUANTUM.contains(algorithm)).collect()
}

/// Gives our keys and tokens to a script, and checks what it verified and what it signed.
fn exchange(program: &Path, script: &str, libraries: &Path, algorithms: &[Algorithm], expected: &[(&str, &str)]) {
    let result = run(program, script, libraries, algorithms);
    let program = program.display();
    assert_eq!(result["refused"], json!([]), "{program}");
    let absent: Vec<_> = result["absent"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (library, algorithms) in expected {
        if absent.contains(library) {
            say(&format!("without {library}, which is not in {}", libraries.display()));
            continue;
        }
        let all: BTreeSet<_> = algorithms.split(' ').collect();
        assert_eq!(algorithms_of(&result["verified"], library), all, "{library} verifies our tokens");
        assert_eq!(algorithms_of(&result["signed"], library), all, "{library} signs");
    }
    for entry in result["signed"].as_array().expect("a list") {
        verify(entry);
    }
}

fn algorithms_of<'a>(entries: &'a Value, library: &str) -> BTreeSet<&'a str> {
    let entries = entries.as_array().into_iter().flatten();
    entries.filter(|entry| entry["library"] == *library).filter_map(|entry| entry["alg"].as_str()).collect()
}

/// One token by another library.
fn verify(entry: &Value) {
    let algorithm: Algorithm = entry["alg"].as_str().expect("a name").parse().expect("an algorithm");
    let policy = jwt::Policy::builder().issuer(ISSUER).audience(AUDIENCE).algorithms([algorithm]);
    let policy = policy.token_type("at+jwt").max_age(60).build();
    let token = entry["token"].as_str().expect("a token");
    let verified = jwt::verify::<Value>(token, &keys::verifying_key(algorithm), &policy, NOW);
    let verified = verified.unwrap_or_else(|refusal| panic!("{} {algorithm}: {refusal}", entry["library"]));
    assert_eq!(verified.claims(), &claims(), "{} {algorithm}", entry["library"]);
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": NOW, "nbf": NOW, "exp": NOW + 600,
        "name": "Ada \u{1f600} \"Lovelace\"\n", "roles": ["a", "b"], "nested": {"deep": [1, {"x": null}]},
    })
}

fn run(program: &Path, script: &str, libraries: &Path, algorithms: &[Algorithm]) -> Value {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(script);
    let mut command = Command::new(program);
    command.arg(script).arg(libraries).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(job(algorithms).to_string().as_bytes()).expect("written");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{} failed", program.display());
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn job(algorithms: &[Algorithm]) -> Value {
    let keys: Vec<_> = algorithms.iter().map(|algorithm| key(*algorithm)).collect();
    let tokens: Vec<_> = algorithms.iter().map(|algorithm| token(*algorithm)).collect();
    json!({"keys": keys, "tokens": tokens, "claims": claims(), "issuer": ISSUER, "audience": AUDIENCE, "now": NOW})
}

fn token(algorithm: Algorithm) -> Value {
    let token = jwt::sign(&keys::signing_key(algorithm), "at+jwt", &claims()).expect("a token");
    json!({"alg": algorithm, "token": token})
}

fn key(algorithm: Algorithm) -> Value {
    let key = keys::signing_key(algorithm);
    let private: Value = serde_json::from_str(key.to_jwk().expose()).expect("JSON");
    let verifying = key.verifying_key();
    let public: Option<Value> = verifying.to_jwk().ok().map(|jwk| serde_json::from_str(&jwk).expect("JSON"));
    json!({
        "alg": algorithm, "secret": private["k"], "private": private, "public": public,
        "privatePem": key.to_pem().ok().map(|pem| pem.expose().to_owned()), "publicPem": verifying.to_pem().ok(),
    })
}

/// Writes where libtest does not capture it.
fn say(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).expect("standard error takes it");
}
