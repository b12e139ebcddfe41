//! Thousands of lines: what libraries of other languages sign goes through the batch form of `token verify` and `jws verify`, and
//! what we sign through theirs. Verdicts must come in the order of the lines.
//!
//! `cargo xtask test` fetches the libraries and names their folder; without it these tests skip themselves aloud.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use jotgate_jose::{Algorithm, jwt};
use jotgate_testkit::{NOW, interop, keys};
use serde_json::{Value, json};

use crate::support::{Desk, finish};

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://api.example.com";
/// Tokens of each library with each algorithm, and of ours.
const TOKENS: usize = 80;

#[test]
fn lines_of_node() {
    let Some(libraries) = interop::folder("lines_of_node", "node") else { return };
    let expected = [("jose", 14), ("jsonwebtoken", 12), ("fast-jwt", 13)];
    assert!(exchange(Path::new("node"), "lines.mjs", &libraries, &classical(), &expected) > 2000);
}

/// The same library on a Node.js that has ML-DSA.
#[test]
fn lines_of_node_with_ml_dsa() {
    let test = "lines_of_node_with_ml_dsa";
    let (Some(libraries), Some(newer)) = (interop::folder(test, "node"), interop::folder(test, "node24")) else {
        return;
    };
    let program = newer.join("node_modules/.bin/node");
    exchange(&program, "lines.mjs", &libraries, &POST_QUANTUM, &[("jose", 3)]);
}

#[test]
fn lines_of_python() {
    let Some(libraries) = interop::folder("lines_of_python", "python") else { return };
    let expected = [("PyJWT", 13), ("joserfc", 14)];
    assert!(exchange(Path::new("python3"), "lines.py", &libraries, &classical(), &expected) > 2000);
}

/// No JWT library of Python knows ML-DSA yet; its `cryptography` does.
#[test]
fn lines_of_python_with_ml_dsa() {
    let module = "python/cryptography/hazmat/primitives/asymmetric/mldsa.py";
    let test = "lines_of_python_with_ml_dsa";
    let (Some(libraries), Some(_)) = (interop::folder(test, "python"), interop::folder(test, module)) else { return };
    exchange(Path::new("python3"), "lines.py", &libraries, &POST_QUANTUM, &[("cryptography", 3)]);
}

const POST_QUANTUM: [Algorithm; 3] = [Algorithm::MlDsa44, Algorithm::MlDsa65, Algorithm::MlDsa87];

fn classical() -> Vec<Algorithm> {
    Algorithm::ALL.iter().copied().filter(|algorithm| !POST_QUANTUM.contains(algorithm)).collect()
}

/// Lets the libraries sign and verify, and reads what they signed as lines. `expected` says how many algorithms each knows. Returns
/// the number of lines.
fn exchange(
    program: &Path,
    script: &str,
    libraries: &Path,
    algorithms: &[Algorithm],
    expected: &[(&str, usize)],
) -> usize {
    let contents = contents();
    let result = run(program, script, libraries, &job(&contents, algorithms));
    let absent: Vec<_> = result["absent"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for (library, algorithms) in expected.iter().filter(|(library, _)| !absent.contains(library)) {
        assert_eq!(entries(&result["verified"], library).count(), *algorithms, "{library}");
        assert_eq!(entries(&result["signed"], library).count(), *algorithms * TOKENS, "{library}");
    }
    let sound: Vec<_> = contents.iter().map(|(verdict, _)| *verdict == "valid").collect();
    for entry in result["verified"].as_array().unwrap() {
        assert_eq!(entry["verdicts"], json!(sound), "{} {}", entry["library"], entry["alg"]);
    }
    let lines: Vec<_> = result["signed"].as_array().unwrap().iter().enumerate().map(Line::of).collect();
    let count = lines.len();
    let (secrets, public): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.algorithm.is_symmetric());
    for (lines, symmetric) in [(secrets, true), (public, false)] {
        if !lines.is_empty() {
            verify(&lines, symmetric);
        }
    }
    count
}

fn entries<'a>(list: &'a Value, library: &str) -> impl Iterator<Item = &'a Value> {
    list.as_array().into_iter().flatten().filter(move |entry| entry["library"] == *library)
}

/// One line of the input, and what must be said of it.
struct Line {
    algorithm: Algorithm,
    token: String,
    verdict: String,
    whose: String,
}

impl Line {
    /// Every seventh token gets the payload of nobody, so that its signature no longer holds.
    fn of((index, entry): (usize, &Value)) -> Self {
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        let (mut token, mut verdict) = (text("token"), text("verdict"));
        if index % 7 == 0 {
            let parts: Vec<_> = token.split('.').collect();
            token = [parts[0], "e30", parts[2]].join(".");
            "signature_invalid".clone_into(&mut verdict);
        }
        let algorithm = text("alg").parse().unwrap();
        Self { algorithm, token, verdict, whose: format!("{} {algorithm} {index}", text("library")) }
    }
}

/// Asks both commands about all lines at once.
fn verify(lines: &[Line], symmetric: bool) {
    let desk = Desk::new();
    // The test keys of `EdDSA` and `Ed25519` are one key, and verify under both names.
    let fits = |algorithm: &&Algorithm| algorithm.is_symmetric() == symmetric && **algorithm != Algorithm::Ed25519;
    let set = Algorithm::ALL.iter().filter(fits).map(|algorithm| jwk(*algorithm));
    desk.write("keys.json", json!({"keys": set.collect::<Vec<_>>()}).to_string());
    let input: String = lines.iter().flat_map(|line| [line.token.as_str(), "\n"]).collect();
    let at = NOW.to_string();
    let policy = ["--issuer", ISSUER, "--audience", AUDIENCE, "--type", "at+jwt", "--at", &at];
    let verified =
        desk.run_with(&[&["token", "verify", "-", "--keys", "keys.json"], &policy[..]].concat(), input.as_bytes());
    let answers = verified.ends(1).json_lines();
    assert_eq!(answers.len(), lines.len());
    for (line, answer) in lines.iter().zip(&answers) {
        assert_eq!(answer["code"].as_str().unwrap_or("valid"), line.verdict, "{}", line.whose);
        assert!(line.verdict != "valid" || answer["claims"]["sub"] == "ada \u{1f600}", "{}", line.whose);
    }
    let answers = desk.run_with(&["jws", "verify", "-", "--keys", "keys.json"], input.as_bytes()).ends(1).json_lines();
    assert_eq!(answers.len(), lines.len());
    for (line, answer) in lines.iter().zip(&answers) {
        assert_eq!(answer["valid"], line.verdict != "signature_invalid", "{}", line.whose);
    }
}

/// The claims of each token, and what a verifier must say of them.
fn contents() -> Vec<(&'static str, Value)> {
    let claims = |number: usize| {
        let claims = |aud: &str, exp: i64| json!({"iss": ISSUER, "aud": aud, "sub": "ada \u{1f600}", "iat": NOW - 7200, "exp": exp, "jti": number.to_string()});
        match number % 5 {
            3 => ("token_expired", claims(AUDIENCE, NOW - 3600)),
            4 => ("audience_mismatch", claims("https://other.example.com", NOW + 600)),
            _ => ("valid", claims(AUDIENCE, NOW + 600)),
        }
    };
    (0..TOKENS).map(claims).collect()
}

fn job(contents: &[(&str, Value)], algorithms: &[Algorithm]) -> Value {
    let claims: Vec<_> =
        contents.iter().map(|(verdict, claims)| json!({"verdict": verdict, "claims": claims})).collect();
    let sign = |algorithm: &Algorithm| {
        let key = keys::signing_key(*algorithm);
        let token = move |claims| jwt::sign(&key, "at+jwt", claims).unwrap();
        contents.iter().map(|(_, claims)| json!({"alg": algorithm, "token": token(claims)})).collect::<Vec<_>>()
    };
    let tokens: Vec<_> = algorithms.iter().flat_map(sign).collect();
    let keys: Vec<_> = algorithms.iter().map(|algorithm| key(*algorithm)).collect();
    json!({"keys": keys, "claims": claims, "tokens": tokens, "issuer": ISSUER, "audience": AUDIENCE, "now": NOW})
}

fn key(algorithm: Algorithm) -> Value {
    let key = keys::signing_key(algorithm);
    let private: Value = serde_json::from_str(key.to_jwk().expose()).unwrap();
    let public = (!algorithm.is_symmetric()).then(|| jwk(algorithm));
    json!({
        "alg": algorithm, "secret": private["k"], "private": private, "public": public,
        "privatePem": key.to_pem().ok().map(|pem| pem.expose().to_owned()),
        "publicPem": key.verifying_key().to_pem().ok(),
    })
}

/// What verifies: the public JWK, or the secret.
fn jwk(algorithm: Algorithm) -> Value {
    let key = keys::signing_key(algorithm);
    let jwk = key.verifying_key().to_jwk().unwrap_or_else(|_| key.to_jwk().expose().to_owned());
    serde_json::from_str(&jwk).unwrap()
}

fn run(program: &Path, script: &str, libraries: &Path, job: &Value) -> Value {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cli/interop").join(script);
    let mut command = Command::new(program);
    command.arg(script).arg(libraries);
    finish(command, job.to_string().as_bytes()).ends(0).json()
}

/// A check of the test itself: every kind of verdict is among the lines.
#[test]
fn the_lines_have_every_kind_of_verdict() {
    let mut kinds = BTreeMap::new();
    for (verdict, _) in contents() {
        *kinds.entry(verdict).or_insert(0) += 1;
    }
    assert_eq!(kinds, BTreeMap::from([("audience_mismatch", 16), ("token_expired", 16), ("valid", 48)]));
}
