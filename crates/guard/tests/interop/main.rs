//! Tokens of other languages' libraries behind our guard, and ours before theirs.
//!
//! `cargo xtask test` fetches the libraries; where they are not, each test says that it skipped itself.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "these are tests; what cannot be set up fails them")]

#[path = "../support/mod.rs"]
mod support;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use jotgate_guard::{Algorithm, Clock, Guard, VerifyingKey};
use jotgate_jose::SigningKey;
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

/// The folder of a language's libraries, if the one that is needed is in it; otherwise the test says that it is skipped.
fn library(test: &str, language: &str, name: &str) -> Option<PathBuf> {
    let folder = interop_folder().map(|folder| PathBuf::from(folder).join(language));
    let found = folder.filter(|folder| folder.join(name).is_dir());
    if found.is_none() {
        // Not `eprintln!`: libtest would keep it to itself.
        let said = format!("SKIPPED: {test}: no {language}/{name} where JOTGATE_TEST_INTEROP points\n");
        std::io::stderr().write_all(said.as_bytes()).unwrap();
    }
    found
}

#[expect(clippy::disallowed_methods, reason = "the test run says here where it has put other languages' libraries")]
fn interop_folder() -> Option<OsString> {
    std::env::var_os("JOTGATE_TEST_INTEROP")
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
