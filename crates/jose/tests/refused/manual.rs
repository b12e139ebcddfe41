//! The manual names tests and modules; what it names must be there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{all_cases, jwks, pems};

#[test]
fn the_tests_that_the_manual_names_exist() {
    let cases = case_names();
    let sources = sources();
    let functions: String = sources.iter().map(|(_, text)| text.as_str()).collect();
    let mut named = 0;
    for row in read("src/manual/attacks.md").lines().filter(|line| line.starts_with("| ")).skip(2) {
        let tests = row.trim_end_matches('|').rsplit('|').next().expect("a cell");
        for case in tests.split('*').skip(1).step_by(2) {
            assert!(cases.contains(case), "no case {case:?}: {row}");
            named += 1;
        }
        for quoted in tests.split('`').skip(1).step_by(2) {
            let (file, test) = quoted.split_once(": ").map_or((None, quoted), |(file, test)| (Some(file), test));
            let is_test = file.is_some() || (test.contains('_') && !test.contains(['/', '.']));
            assert!(!is_test || functions.contains(&format!("fn {test}(")), "no test {test}: {row}");
            let has_file = |file: &str| {
                sources.iter().any(|(path, _)| path.ends_with(&format!("{file}.rs")) || path.contains(file))
            };
            assert!(file.is_none_or(has_file), "no file for {quoted}: {row}");
            named += usize::from(is_test);
        }
    }
    assert!(named > 50, "{named}");
}

#[test]
fn the_modules_that_the_manual_names_exist() {
    let source = root().join("src");
    let mut named = 0;
    for row in read("src/manual/specs.md").lines().filter(|line| line.starts_with("| ")).skip(2) {
        let modules = row.trim_end_matches('|').rsplit('|').next().expect("a cell");
        for module in modules.split('`').skip(1).step_by(2).filter(|name| !name.contains(['(', ' '])) {
            let exists = module == "none"
                || [format!("{module}.rs"), format!("{module}/mod.rs"), module.to_owned()]
                    .iter()
                    .any(|path| source.join(path).is_file());
            assert!(exists, "no module {module}: {row}");
            named += 1;
        }
    }
    assert!(named > 30, "{named}");
}

fn case_names() -> BTreeSet<&'static str> {
    let tokens = all_cases().into_iter().map(|case| case.name);
    let sets = jwks::set_cases().into_iter().map(|(name, ..)| name);
    let keys = jwks::CASES.iter().chain(&pems::CASES).map(|(name, ..)| *name);
    tokens.chain(sets).chain(keys).collect()
}

/// Every Rust file of the crate, with its path below it.
fn sources() -> Vec<(String, String)> {
    let mut folders = vec![root().join("src"), root().join("tests")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("UTF-8");
                sources.push((path.strip_prefix(root()).expect("below").display().to_string(), text));
            }
        }
    }
    sources
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect("the manual")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
