//! What the documents at the root promise in their form.

use crate::tree::{read, root};

#[test]
fn the_example_of_the_readme_has_at_most_15_lines() {
    let readme = read("README.md");
    let example = readme.split("```rust").nth(1).and_then(|rest| rest.split("```").next());
    let example = example.expect("README.md shows how to protect an API, in a ```rust block");
    let lines = example.lines().skip(1).filter(|line| !line.trim().is_empty() && !line.starts_with("# ")).count();
    assert!(lines <= 15, "README.md: its example has {lines} lines; protecting an API takes at most 15");
}

#[test]
fn the_changelog_has_room_for_what_comes_next() {
    let changelog = read("CHANGELOG.md");
    assert!(
        changelog.lines().any(|line| line.starts_with("## ") && line.contains("Unreleased")),
        "CHANGELOG.md: keep a heading `## [Unreleased]` at its top (keep-a-changelog)"
    );
}

#[test]
fn what_every_repository_needs_is_here() {
    for path in ["README.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE-APACHE", "LICENSE-MIT", "deny.toml", ".ci/run"]
    {
        assert!(root().join(path).is_file(), "{path} is missing: the README or the licence names it");
    }
}
