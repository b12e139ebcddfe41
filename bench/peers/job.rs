//! What both Rust programs share: the job that `bench/src/peers.rs` writes on standard input, and how a call is measured.
//! They answer with one JSON document on standard output: `{"times": [{"library", "alg", "verify", "sign"}]}`, in nanoseconds.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub struct Job {
    keys: Vec<Key>,
    pub claims: Value,
    pub issuer: String,
    pub audience: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Key {
    pub alg: String,
    pub kid: String,
    pub secret: Option<Vec<u8>>,
    pub private_pem: Option<String>,
    pub public_pem: Option<String>,
    pub token: String,
}

/// Measures a library with each key that it knows, and prints the answer.
pub fn run(library: fn(&Job, &Key) -> Result<Option<Value>>) -> Result<()> {
    let job: Job = serde_json::from_reader(std::io::stdin())?;
    let times = job.keys.iter().filter_map(|key| library(&job, key).transpose()).collect::<Result<Vec<_>>>()?;
    println!("{}", json!({ "times": times }));
    Ok(())
}

/// The median time of a call, in nanoseconds.
pub fn time(mut call: impl FnMut() -> bool) -> Result<f64> {
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
