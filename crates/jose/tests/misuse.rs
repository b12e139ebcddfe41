//! Misuse that must not compile, with what the compiler says to it. `manual::misuse` proves the same on every compiler, by
//! the number of the error; this test shows that the words help, on the compiler whose words they are.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use jotgate_testkit::skip;

/// The texts beside the cases are this compiler's: where it is replaced, write them anew with `TRYBUILD=overwrite`.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn misuse_does_not_compile() {
    let output = Command::new("rustc").arg("--version").output().unwrap();
    let compiler = String::from_utf8(output.stdout).unwrap();
    if !compiler.starts_with(COMPILER) {
        let reason = format!("the texts are of {COMPILER}, and here is {}", compiler.trim());
        return skip::aloud("misuse_does_not_compile", &reason);
    }
    trybuild::TestCases::new().compile_fail("tests/misuse/*.rs");
}
