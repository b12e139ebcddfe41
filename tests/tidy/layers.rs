//! Who may know what: HTTP, SQL, async, clocks and randomness each have their rooms.

use crate::no_complaints;
use crate::tree::{Source, sources};

/// Every use of one of `words` in the product code of `files`, with what to do instead.
fn mentions(files: &[Source], words: &[&str], instead: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| !file.is_test()) {
        for (line, word) in file.words().filter(|(_, word)| words.contains(word)) {
            complaints.push(format!("{}:{line}: `{word}` has no place here: {instead}", file.path));
        }
    }
    complaints
}

/// Every occurrence of one of `phrases` in the product code of `files`.
fn phrases(files: &[Source], phrases: &[&str], instead: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| !file.is_test()) {
        for (index, line) in file.product().lines().enumerate() {
            for phrase in phrases.iter().filter(|phrase| line.contains(**phrase)) {
                complaints.push(format!("{}:{}: `{phrase}` has no place here: {instead}", file.path, index + 1));
            }
        }
    }
    complaints
}

#[test]
fn jose_is_pure() {
    let jose = sources("crates/jose/src");
    let instead = "jose has no clock, no I/O, no threads and no async; take the value as an argument";
    let words = ["SystemTime", "Instant", "tokio", "async", "await", "File", "TcpStream", "UdpSocket"];
    let modules = ["std::fs", "std::net", "std::io", "std::process", "std::env", "thread::spawn", "std::thread"];
    no_complaints(&[mentions(&jose, &words, instead), phrases(&jose, &modules, instead)].concat());
}

#[test]
fn wire_is_types_only() {
    let instead = "wire holds types; who sends them is the business of guard and server";
    no_complaints(&mentions(&sources("crates/wire/src"), &["axum", "tokio", "async", "reqwest", "hyper"], instead));
}

#[test]
fn domain_knows_no_http_no_sql_and_no_async() {
    let domain = sources("crates/server/src/domain");
    let words = ["axum", "http", "hyper", "StatusCode", "rusqlite", "tokio", "async", "await"];
    no_complaints(&mentions(&domain, &words, "domain is pure; move it to http, flows or store"));
}

#[test]
fn flows_know_no_http_and_no_sql() {
    let flows = sources("crates/server/src/flows");
    let words = ["axum", "http", "hyper", "StatusCode", "rusqlite"];
    let mut complaints = mentions(&flows, &words, "a flow calls store operations and returns its own error");
    for file in &flows {
        for (index, line) in file.text.lines().enumerate() {
            if ["\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE "].iter().any(|sql| line.contains(sql)) {
                complaints.push(format!("{}:{}: SQL belongs into a store operation", file.path, index + 1));
            }
        }
    }
    no_complaints(&complaints);
}

/// Handlers, the table of URLs, the accept loop, and the crate head that hands out the router.
const ROOMS_OF_AXUM: [&str; 4] = ["http/", "router.rs", "serve", "lib.rs"];

#[test]
fn only_http_knows_axum() {
    let mut server = sources("crates/server/src");
    server.retain(|file| {
        let inside = file.path.trim_start_matches("crates/server/src/");
        !ROOMS_OF_AXUM.iter().any(|room| inside.starts_with(room))
    });
    no_complaints(&mentions(&server, &["axum"], "move what speaks HTTP to crates/server/src/http"));
}

#[test]
fn time_comes_from_one_clock_in_each_crate() {
    let mut all = sources("crates");
    all.retain(|file| !file.path.ends_with("/clock.rs") && file.path.contains("/src/"));
    let clocks = ["SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now", "now_v7", "now_utc"];
    no_complaints(&phrases(&all, &clocks, "time is an argument; the system's is read in the crate's clock.rs"));
}

#[test]
fn randomness_comes_from_one_place() {
    let mut all = sources("crates");
    // Signing needs randomness of its own (ECDSA, RSA-PSS); that of jose never leaves its cryptography.
    all.retain(|file| {
        !file.path.ends_with("/random.rs") && !file.path.starts_with("crates/jose/") && file.path.contains("/src/")
    });
    let sources = ["OsRng", "getrandom", "thread_rng", "rand::", "new_v4"];
    no_complaints(&phrases(&all, &sources, "randomness is an argument; the system's is read in the crate's random.rs"));
}
