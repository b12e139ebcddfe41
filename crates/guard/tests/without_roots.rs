//! On a platform without a single root certificate, as an empty container is one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::process::Command;

use jotgate_guard::Guard;
use support::{AUDIENCE, TestIssuer, key, outcome};

const VARIABLE: &str = "SSL_CERT_FILE";
const NOTHING: &str = "/dev/null";

/// Where the roots are is read from a process's environment, so this needs one of its own.
#[test]
fn without_roots_a_guard_works_as_far_as_it_can_and_says_what_it_lacks() {
    let mut this = Command::new(std::env::current_exe().unwrap());
    this.args(["--exact", "an_issuer_on_this_machine_needs_no_roots_and_others_may_bring_their_own", "--nocapture"]);
    let output = this.env(VARIABLE, NOTHING).env("SSL_CERT_DIR", "/nonexistent").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("there were no roots"), "{text}");
}

#[tokio::test]
async fn an_issuer_on_this_machine_needs_no_roots_and_others_may_bring_their_own() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "ok");
    let elsewhere = || Guard::builder().issuer("https://auth.example.com").audience(AUDIENCE);
    let root = rcgen::generate_simple_self_signed(vec!["ca.example".to_owned()]).unwrap().cert.pem();
    assert!(elsewhere().root_certificate(root).build().is_ok());
    if has_no_roots() {
        let error = elsewhere().build().unwrap_err().to_string();
        assert!(error.contains("no HTTP client"), "{error}");
        println!("there were no roots");
    }
}

#[expect(clippy::disallowed_methods, reason = "the test above starts this one with another environment")]
fn has_no_roots() -> bool {
    std::env::var_os(VARIABLE).is_some_and(|place| place == NOTHING)
}
