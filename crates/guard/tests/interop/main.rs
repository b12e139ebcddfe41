//! Tokens of other languages' libraries behind our guard, and ours before theirs.
//!
//! `cargo xtask test` fetches the libraries; where they are not, each test says that it skipped itself.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "these are tests; what cannot be set up fails them")]

#[path = "../support/mod.rs"]
mod support;

use std::io::Write;
use std::process::{Command, Stdio};

use jotgate_guard::{Algorithm, Clock, Guard, VerifyingKey};
use jotgate_jose::SigningKey;
use jotgate_testkit::interop::library;
use serde::Deserialize;
use serde_json::{Value, json};
use support::{AUDIENCE, ISSUER, NOW, claims, outcome, token};

#[derive(Deserialize)]
struct Pair {
    jwk: String,
    token: String,
}

#[tokio::test]
async fn tokens_of_jose_for_node() {
    let Some(folder) = library("tokens_of_jose_for_node", "node", "node_modules/jose") else { return };
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", include_str!("node.mjs")]).current_dir(folder);
    exchange(node).await;
}

#[tokio::test]
async fn tokens_of_pyjwt() {
    let Some(folder) = library("tokens_of_pyjwt", "python", "jwt") else { return };
    let mut python = Command::new("python3");
    python.args(["-c", include_str!("python.py")]).env("PYTHONPATH", folder);
    exchange(python).await;
}

/// They verify ours or fail; then our guard verifies theirs.
async fn exchange(program: Command) {
    let ours: Vec<Value> = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256]
        .map(|algorithm| {
            let key = SigningKey::generate(algorithm).unwrap().with_kid(algorithm.name());
            json!({"jwk": key.verifying_key().to_jwk().unwrap(), "token": token(&key, &claims())})
        })
        .to_vec();
    let theirs = run(program, &json!({"claims": claims(), "ours": ours}));
    assert_eq!(theirs.len(), ours.len());
    for Pair { jwk, token } in theirs {
        let key = VerifyingKey::from_jwk(&jwk).unwrap();
        let builder = Guard::builder().issuer(ISSUER).audience(AUDIENCE).clock(Clock::manual(NOW));
        assert_eq!(outcome(&builder.key(key).build().unwrap(), &token).await, "ok", "{jwk}");
    }
}

fn run(mut program: Command, input: &Value) -> Vec<Pair> {
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().expect("it is piped").write_all(input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "they refuse ours: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
