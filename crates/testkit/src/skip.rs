//! Saying that a test was skipped, as `cargo xtask test` reads it.

use std::io::Write;

/// Writes the line of CONTRIBUTING.md (*Tests that skip themselves*) to the real standard error, which libtest does not
/// capture.
pub fn aloud(test: &str, reason: &str) {
    // Where there is no standard error, nobody counts.
    let _ = std::io::stderr().write_all(format!("SKIPPED: {test}: {reason}\n").as_bytes());
}
