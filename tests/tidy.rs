//! What a program can check of the architecture. Each rule's message says what to do about it.
//!
//! The rules are those of ARCHITECTURE.md (*Invariants*) and CONTRIBUTING.md. A rule about a folder holds as soon as the
//! folder exists.
#![expect(clippy::expect_used, clippy::panic, reason = "these are tests; a repository that cannot be read fails them")]

#[path = "tidy/documents.rs"]
mod documents;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/lexer.rs"]
mod lexer;
#[path = "tidy/manifests.rs"]
mod manifests;
#[path = "tidy/map.rs"]
mod map;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/tree.rs"]
mod tree;

/// Fails with all complaints at once, so that one run shows all there is to mend.
#[track_caller]
fn no_complaints(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n\n{}\n", complaints.join("\n"));
}
