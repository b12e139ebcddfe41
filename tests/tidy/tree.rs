//! The repository's files, and Rust sources as the rules want to see them.

use std::path::{Path, PathBuf};

use crate::lexer;

/// One Rust file.
pub(crate) struct Source {
    /// From the root of the repository, with `/`.
    pub(crate) path: String,
    /// As it stands.
    pub(crate) text: String,
    /// With comments and the insides of literals blanked; the same number of lines.
    pub(crate) code: String,
}

impl Source {
    /// A file below `tests/` or `benches/`; the in-file tests of other files are cut off by [`Source::product`].
    pub(crate) fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }

    /// The code without the tests at its end.
    pub(crate) fn product(&self) -> &str {
        &self.code[..self.tests_start().unwrap_or(self.code.len())]
    }

    fn tests_start(&self) -> Option<usize> {
        ["#[cfg(test)]\nmod ", "#[cfg(test)]\npub(crate) mod "].iter().filter_map(|head| self.code.find(head)).min()
    }

    /// Identifiers and keywords of the product code, each with its line number (from 1).
    pub(crate) fn words(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        self.product().lines().enumerate().flat_map(move |(index, line)| {
            line.split(move |c| !is_word(c)).filter(|word| !word.is_empty()).map(move |word| (index + 1, word))
        })
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the repository").to_owned()
}

/// The text of a file that has to be there.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
}

/// The Rust files below a folder; none while the folder is absent.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let rust =
        files(folder).into_iter().filter(|path| Path::new(path).extension().is_some_and(|ending| ending == "rs"));
    rust.map(|path| {
        let text = read(&path);
        Source { code: lexer::blank(&text), path, text }
    })
    .collect()
}

/// The Rust files of everything that is ours.
pub(crate) fn all_sources() -> Vec<Source> {
    ["crates", "bench", "xtask", "tests", "demo", "fuzz"].iter().flat_map(|folder| sources(folder)).collect()
}

/// All files below a folder, sorted, from the root of the repository; generated and hidden ones left out.
pub(crate) fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join(folder)];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let skipped = name.starts_with('.') || ["target", "node_modules", "corpus", "artifacts"].contains(&&*name);
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !skipped => waiting.push(entry.path()),
                Ok(kind) if kind.is_file() && !skipped => found.push(relative(&entry.path())),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// The crates below `crates/`, by folder name, sorted.
pub(crate) fn crates() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root().join("crates"))
        .expect("crates/ exists")
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| root().join("crates").join(name).join("Cargo.toml").is_file())
        .collect();
    names.sort();
    names
}

fn relative(path: &Path) -> String {
    let relative = path.strip_prefix(root()).expect("files are looked for below the root");
    relative.to_string_lossy().replace('\\', "/")
}
