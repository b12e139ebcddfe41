//! The batch form of `token verify`: hostile lines, order, bounded memory, and a dialogue.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::Value;

use crate::token::{Tokens, base, sign};

fn verdicts(answers: &[Value]) -> Vec<&str> {
    answers.iter().map(|answer| answer["code"].as_str().unwrap_or("valid")).collect()
}

#[test]
fn every_line_is_answered_in_order_whatever_it_holds() {
    let tokens = Tokens::new();
    let good = tokens.token.as_bytes();
    let expired =
        sign(&tokens.desk, "{\"iss\":\"https://auth.example.com\",\"aud\":\"https://api.example.com\",\"exp\":1}");
    let long = vec![b'x'; 3 * 1024 * 1024];
    let padded = [b" ", good].concat();
    let lines: [&[u8]; 9] =
        [good, b"", b"\xff\xfe\x00", &long, expired.as_bytes(), &padded, b"\0", b"\xef\xbb\xbf", good];
    let answers = tokens.desk.run_with(&base("-"), &lines.join(&b'\n')).ends(1).json_lines();
    let expected = [
        "valid",
        "token_malformed",
        "token_malformed",
        "token_too_large",
        "token_expired",
        "token_malformed",
        "token_malformed",
        "token_malformed",
        "valid",
    ];
    assert_eq!(verdicts(&answers), expected);
    assert!(answers.iter().all(|answer| answer["valid"] == (answer.get("code").is_none())));
}

#[test]
fn good_tokens_end_with_0_and_none_at_all_too() {
    let tokens = Tokens::of("EdDSA");
    let lines = format!("{0}\r\n{0}\n{0}", tokens.token);
    let answers = tokens.desk.run_with(&base("-"), lines.as_bytes()).ends(0).json_lines();
    assert_eq!(verdicts(&answers), ["valid"; 3]);
    assert_eq!(answers[0]["claims"]["sub"], "ada");
    assert_eq!(answers[2]["header"]["kid"], "k1");
    assert_eq!(tokens.desk.run_with(&base("-"), b"").ends(0).stdout, "");
}

#[test]
fn claims_over_several_lines_stay_on_one() {
    let tokens = Tokens::new();
    let claims = "{\n\"iss\": \"https://auth.example.com\",\r\n \"aud\": \"https://api.example.com\", \"exp\": 1800000600,\n\"t\": \"a\\nb\"}";
    let token = sign(&tokens.desk, claims);
    let answers = tokens.desk.run_with(&base("-"), format!("{token}\n").as_bytes()).ends(0).json_lines();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0]["claims"]["t"], "a\nb");
}

#[test]
fn explain_works_line_by_line() {
    let tokens = Tokens::new();
    let arguments = [&base("-")[..], &["--explain"]].concat();
    let answers = tokens.desk.run_with(&arguments, format!("{}\nx\n", tokens.token).as_bytes()).ends(1).json_lines();
    assert_eq!(verdicts(&answers), ["valid", "token_malformed"]);
    assert!(answers.iter().all(|answer| answer["checks"].as_array().is_some_and(|checks| checks.len() > 8)));
}

/// Whoever sends one token and waits for its answer gets it.
#[test]
fn a_dialogue_is_answered_at_once() {
    let tokens = Tokens::new();
    let mut child = tokens.desk.command(&base("-")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        writeln!(input, "{}", tokens.token).unwrap();
        assert!(answers.next().unwrap().unwrap().starts_with("{\"valid\":true,"));
    }
    drop(input);
    assert!(answers.next().is_none());
    assert!(child.wait().unwrap().success());
}

/// 100 MB, some of it one line, and the peak of the process's memory is that of its buffers.
#[test]
fn a_hundred_megabytes_do_not_grow_it() {
    let tokens = Tokens::of("HS256");
    let mut child = tokens.desk.command(&base("-")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let token = format!("{}\n", tokens.token);
    let many = token.repeat(1 << 12);
    let feeder = std::thread::spawn(move || {
        let long = vec![b'x'; 1 << 20];
        for _ in 0..60 {
            input.write_all(&long).unwrap();
        }
        input.write_all(b"\n").unwrap();
        let mut written = 60 << 20;
        while written < 100 << 20 {
            input.write_all(many.as_bytes()).unwrap();
            written += many.len();
        }
        input
    });
    let mut answers = BufReader::new(output).lines().map_while(Result::ok);
    assert!(answers.next().unwrap().contains("token_too_large"));
    let lines = (40_usize << 20).div_ceil(many_len(&token)) * (1 << 12);
    let good = answers.by_ref().take(lines).filter(|answer| answer.starts_with("{\"valid\":true,")).count();
    assert_eq!(good, lines);
    let input = feeder.join().unwrap();
    let peak = peak_kib(child.id());
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(peak.is_none_or(|kib| kib < 40 * 1024), "the peak was {peak:?} KiB");
}

fn many_len(token: &str) -> usize {
    token.len() << 12
}

/// The most memory that a running process has had, where the system tells.
fn peak_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}
