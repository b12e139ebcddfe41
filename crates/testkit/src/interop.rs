//! Other languages' libraries, which `cargo xtask test` fetches.

use std::path::{Path, PathBuf};

use crate::skip;

/// What is there below the folder of all languages; where it is not, the test says that it is skipped.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the test run says here where it has put other languages' libraries")]
pub fn folder(test: &str, path: &str) -> Option<PathBuf> {
    let found = std::env::var_os("JOTGATE_TEST_INTEROP").map(|all| PathBuf::from(all).join(path));
    let found = found.filter(|found| found.exists());
    if found.is_none() {
        skip::aloud(test, &format!("no {path} where JOTGATE_TEST_INTEROP points"));
    }
    found
}

/// The folder of a language's libraries, if the one that is needed is in it; otherwise the same.
#[must_use]
pub fn library(test: &str, language: &str, name: &str) -> Option<PathBuf> {
    let found = folder(test, &format!("{language}/{name}"))?;
    found.ancestors().nth(name.split('/').count()).map(Path::to_owned)
}
