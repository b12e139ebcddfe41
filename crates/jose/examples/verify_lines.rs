//! Verifies tokens from standard input: each line is a JSON object with `jwk`, `token` and `now`; each answer is one line, the subject
//! of the token or the code of the refusal. It compiles for every target, and is how WebAssembly is tested.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::io::{BufRead, Error, stdin};

use jotgate_jose::{Algorithm, VerifyingKey, jwt};
use serde::Deserialize;

#[derive(Deserialize)]
struct Job {
    jwk: String,
    token: String,
    now: i64,
}

fn main() -> Result<(), Error> {
    let policy = jwt::Policy::builder()
        .issuer("https://auth.example.com")
        .audience("https://api.example.com")
        .algorithms(Algorithm::ALL.iter().copied())
        .build();
    for line in stdin().lock().lines() {
        println!("{}", answer(&line?, &policy));
    }
    Ok(())
}

fn answer(line: &str, policy: &jwt::Policy) -> String {
    let Ok(job) = serde_json::from_str::<Job>(line) else { return "not a job".to_owned() };
    let key = match VerifyingKey::from_jwk(&job.jwk) {
        Ok(key) => key,
        Err(error) => return error.to_string(),
    };
    match jwt::verify::<jwt::RegisteredOnly>(&job.token, &key, policy, job.now) {
        Ok(verified) => verified.registered().sub().unwrap_or_default().to_owned(),
        Err(refusal) => refusal.code().to_string(),
    }
}
