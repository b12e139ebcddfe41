//! The library as WebAssembly, in Node.js: it verifies what we sign natively, and refuses what is changed or late.
//!
//! Needs the Rust target `wasm32-wasip1` and Node.js; skips itself aloud without them.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jotgate_jose::{Algorithm, jwt};
use jotgate_testkit::{NOW, keys, skip};
use serde_json::json;

const TARGET: &str = "wasm32-wasip1";

#[test]
fn node_verifies_in_webassembly() {
    if let Some(missing) = missing() {
        return skip::aloud("webassembly", missing);
    }
    let (jobs, expected): (Vec<_>, Vec<_>) = Algorithm::ALL.iter().flat_map(|algorithm| jobs(*algorithm)).unzip();
    let answers = run(&build(), &jobs.join("\n"));
    assert_eq!(answers.lines().collect::<Vec<_>>(), expected);
}

/// For each algorithm a good token, the same too late, and the same with its payload changed.
fn jobs(algorithm: Algorithm) -> Vec<(String, String)> {
    let key = keys::signing_key(algorithm);
    let claims = json!({
        "iss": "https://auth.example.com", "aud": "https://api.example.com", "sub": algorithm.name(), "exp": NOW + 60,
    });
    let token = jwt::sign(&key, "at+jwt", &claims).expect("a token");
    let mut parts: Vec<_> = token.split('.').collect();
    parts[1] = "e30";
    let changed = parts.join(".");
    let jwk = key.verifying_key().to_jwk().unwrap_or_else(|_| key.to_jwk().expose().to_owned());
    let job = |token: &str, now| json!({"jwk": jwk, "token": token, "now": now}).to_string();
    vec![
        (job(&token, NOW), algorithm.name().to_owned()),
        (job(&token, NOW + 3600), "token_expired".to_owned()),
        (job(&changed, NOW), "signature_invalid".to_owned()),
    ]
}

fn missing() -> Option<&'static str> {
    let output = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).stderr(Stdio::null()).output().ok()?;
        String::from_utf8(output.stdout).ok()
    };
    let libraries = output("rustc", &["--print", "target-libdir", "--target", TARGET]);
    if !libraries.is_some_and(|folder| Path::new(folder.trim()).is_dir()) {
        return Some("the Rust target wasm32-wasip1 is not installed");
    }
    output("node", &["--version"]).is_none().then_some("there is no Node.js")
}

/// Builds the example for WebAssembly, optimised, and says where it is.
fn build() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("webassembly");
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "jotgate-jose",
            "--example",
            "verify_lines",
            "--target",
            TARGET,
        ])
        .arg("--target-dir")
        .arg(&folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(status.is_ok_and(|status| status.success()), "the example builds for {TARGET}");
    folder.join(TARGET).join("release/examples/verify_lines.wasm")
}

fn run(program: &Path, input: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/webassembly/wasi.mjs");
    let mut node = Command::new("node");
    node.arg("--no-warnings").arg(script).arg(program).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn().expect("Node.js starts");
    let mut stdin = node.stdin.take().expect("a pipe");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = node.wait_with_output().expect("it ends");
    writer.join().expect("the writer ends").expect("written");
    assert!(output.status.success(), "the program ends well");
    String::from_utf8(output.stdout).expect("UTF-8")
}
