//! Libraries that are not part of our build: other Rust ones that bring C libraries, and those of Node.js and Python. `--peers`
//! installs them below `target/peers`, and whatever cannot be installed is left out, saying so.
//!
//! They run in processes of their own, so that their times are compared with ours of the same pass, pass after pass.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use jotgate_jose::{Algorithm, SigningKey, jwt};
use jotgate_testkit::keys;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::measure::{Contender, in_turn, median, unix_now};
use crate::report::{Goal, Row};
use crate::token::{AUDIENCE, Claims, ISSUER, claims, policy};

/// The algorithms that all of them know.
const MEASURED: [Algorithm; 4] = [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
const PASSES: usize = 3;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Verify,
    Sign,
}

/// A program that measures some libraries: how it is prepared, and how it is run.
struct Program {
    name: &'static str,
    prepare: fn(&Path) -> Command,
    run: fn(&Path) -> Command,
}

const PROGRAMS: [Program; 4] = [
    Program {
        name: "jwt-simple (needs a C++ compiler, CMake and libclang)",
        prepare: |folder| build("jwt-simple", folder),
        run: |folder| Command::new(folder.join("jwt-simple/release/jwt-simple-peer")),
    },
    Program {
        name: "josekit (needs a C compiler, pkg-config and OpenSSL's headers)",
        prepare: |folder| build("josekit", folder),
        run: |folder| Command::new(folder.join("josekit/release/josekit-peer")),
    },
    Program {
        name: "the libraries of Node.js",
        prepare: install_node,
        run: |folder| script("node", "node.mjs", &folder.join("node")),
    },
    Program {
        name: "the libraries of Python",
        prepare: install_python,
        run: |folder| script("python3", "python.py", &folder.join("python")),
    },
];

/// The times of one library with one algorithm, in nanoseconds.
#[derive(Debug, Deserialize)]
struct Times {
    library: String,
    alg: Algorithm,
    verify: f64,
    sign: f64,
}

#[derive(Debug, Deserialize)]
struct Answer {
    times: Vec<Times>,
}

/// One row for each library and algorithm: how many times longer it takes than ours.
pub(crate) fn rows(operation: Operation) -> anyhow::Result<Vec<Row>> {
    let folder = root().join("target/peers");
    std::fs::create_dir_all(&folder)?;
    let programs: Vec<_> = PROGRAMS.iter().filter(|program| program.is_prepared(&folder)).collect();
    let mut passes = Vec::new();
    for _ in 0..PASSES {
        for program in &programs {
            let answer = program.run(&folder)?;
            for times in answer.times {
                let own = own(operation, times.alg)?;
                passes.push((times, own));
            }
        }
    }
    Ok(summary(operation, &passes))
}

fn summary(operation: Operation, passes: &[(Times, f64)]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (times, _) in passes {
        let same = |other: &Times| other.library == times.library && other.alg == times.alg;
        let of = |times: &Times| if operation == Operation::Verify { times.verify } else { times.sign };
        let name = times.alg.name().to_lowercase();
        let id = format!("{name}.vs_{}", times.library.to_lowercase().replace(" (node)", "_of_node"));
        if rows.iter().any(|row| row.id == id) {
            continue;
        }
        let all: Vec<_> = passes.iter().filter(|(other, _)| same(other)).collect();
        let ratios: Vec<_> = all.iter().map(|(times, own)| of(times) / own).collect();
        let theirs: Vec<_> = all.iter().map(|(times, _)| of(times)).collect();
        let own: Vec<_> = all.iter().map(|(_, own)| *own).collect();
        let detail = json!({"ns": median(&theirs).round(), "own ns": median(&own).round()});
        rows.push(Row { id, ratio: median(&ratios), goal: Goal::AtLeast(1.0), detail });
    }
    rows
}

/// Our time at this moment, in nanoseconds: into an owned struct, as the others do it.
fn own(operation: Operation, algorithm: Algorithm) -> anyhow::Result<f64> {
    let (key, now) = (keys::signing_key(algorithm), unix_now());
    let (verifying, policy, claims) = (key.verifying_key(), policy(algorithm), claims(now));
    let token = jwt::sign(&key, "at+jwt", &claims)?;
    jwt::verify::<Claims>(&token, &verifying, &policy, now)?;
    let run: Box<dyn FnMut()> = match operation {
        Operation::Verify => {
            Box::new(|| drop(std::hint::black_box(jwt::verify::<Claims>(&token, &verifying, &policy, now))))
        }
        Operation::Sign => Box::new(|| drop(std::hint::black_box(jwt::sign(&key, "at+jwt", &claims)))),
    };
    let times = in_turn(&mut [Contender::new("own", run)], 60, 20);
    Ok(times.first().map(|times| median(times)).unwrap_or_default())
}

impl Program {
    /// Installs what it measures, and says so when that fails.
    #[expect(clippy::print_stderr, reason = "it takes minutes, and a table without a library should say why")]
    fn is_prepared(&self, folder: &Path) -> bool {
        eprintln!("preparing {} …", self.name);
        let prepared = (self.prepare)(folder).stdout(Stdio::null()).status().is_ok_and(|status| status.success());
        if !prepared {
            eprintln!("left out, because preparing failed: {}", self.name);
        }
        prepared
    }

    fn run(&self, folder: &Path) -> anyhow::Result<Answer> {
        let mut child = (self.run)(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        child.stdin.take().context("a pipe")?.write_all(job()?.to_string().as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{} failed", self.name);
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

/// Keys, a fresh token of each, and what it is held against.
fn job() -> anyhow::Result<Value> {
    let now = unix_now();
    let keys = MEASURED.iter().map(|algorithm| job_key(&keys::signing_key(*algorithm), now));
    let keys = keys.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(json!({"keys": keys, "claims": claims(now), "issuer": ISSUER, "audience": AUDIENCE}))
}

fn job_key(key: &SigningKey, now: i64) -> anyhow::Result<Value> {
    let jwk: Value = serde_json::from_str(key.to_jwk().expose())?;
    let secret = jwk["k"].as_str().map(|text| base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text)).transpose()?;
    Ok(json!({
        "alg": key.algorithm(), "kid": key.kid(), "secret": secret,
        "privatePem": key.to_pem().ok().map(|pem| pem.expose().to_owned()),
        "publicPem": key.verifying_key().to_pem().ok(),
        "token": jwt::sign(key, "at+jwt", &claims(now))?,
    }))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn script(program: &str, name: &str, libraries: &Path) -> Command {
    let mut command = Command::new(program);
    // One thread for the cryptography, as everyone else has.
    command.arg(root().join("bench/peers").join(name)).arg(libraries).env("UV_THREADPOOL_SIZE", "1");
    command
}

fn build(package: &str, folder: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.args(["build", "--quiet", "--release", "--manifest-path"]);
    command.arg(root().join("bench/peers").join(package).join("Cargo.toml"));
    command.arg("--target-dir").arg(folder.join(package));
    command
}

fn install_node(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(folder.join("node"));
    command.args(["jose@6.2", "jsonwebtoken@9.0", "fast-jwt@6"]);
    command
}

fn install_python(folder: &Path) -> Command {
    let mut command = Command::new("pip3");
    command.args(["install", "--quiet", "--upgrade", "--target"]).arg(folder.join("python"));
    command.args(["PyJWT[crypto]~=2.10", "joserfc"]);
    command
}
