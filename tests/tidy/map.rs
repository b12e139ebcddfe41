//! ARCHITECTURE.md against the tree: it names nothing that is not there, and leaves out no crate and no room.

use std::path::Path;

use crate::no_complaints;
use crate::tree::{crates, read, root};

const LONGEST: usize = 250;

/// One section of the code map: a heading that names a crate, and what stands under it.
struct Section<'a> {
    /// `crates/jose`, or nothing before the first such heading.
    folder: &'a str,
    line: usize,
    text: &'a str,
}

/// Lines with the folder of the heading they stand under.
fn sections(document: &str) -> Vec<Section<'_>> {
    let mut folder = "";
    let mut found = Vec::new();
    for (index, text) in document.lines().enumerate() {
        if text.starts_with('#') {
            folder = spans(text).find(|span| span.starts_with("crates/")).unwrap_or("");
        }
        found.push(Section { folder, line: index + 1, text });
    }
    found
}

/// What stands between back-ticks.
fn spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// A span that reads as a path of the repository; `/v1/login` and `https://…` are addresses.
fn is_path(span: &str) -> bool {
    let shaped = span.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c));
    let rooted = span.starts_with('/') || span.starts_with("./") || span.starts_with("..");
    let file = [".rs", ".md", ".toml", ".sql"].iter().any(|ending| span.ends_with(ending));
    shaped && !rooted && (span.contains('/') || file)
}

/// Paths are from the root, or from the sources of the crate under whose heading they stand.
fn exists(folder: &str, path: &str) -> bool {
    root().join(path).exists() || root().join(folder).join("src").join(path).exists() && !folder.is_empty()
}

/// Files and folders at the top of a crate's sources; empty while the crate has not been begun.
fn rooms(name: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join("crates").join(name).join("src")).into_iter().flatten().flatten();
    let mut rooms: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned() + if entry.path().is_dir() { "/" } else { "" })
        .filter(|room| !["lib.rs", "main.rs"].contains(&room.as_str()))
        .filter(|room| room.ends_with('/') || Path::new(room).extension().is_some_and(|ending| ending == "rs"))
        .collect();
    rooms.sort();
    // `keys/` beside `keys.rs` is the inside of one room.
    let files = rooms.clone();
    rooms.retain(|room| !room.strip_suffix('/').is_some_and(|stem| files.contains(&format!("{stem}.rs"))));
    rooms
}

#[test]
fn it_names_no_path_that_does_not_exist() {
    let document = read("ARCHITECTURE.md");
    let not_begun: Vec<String> =
        crates().iter().filter(|name| rooms(name).is_empty()).map(|name| format!("crates/{name}")).collect();
    let mut complaints = Vec::new();
    for Section { folder, line, text } in sections(&document) {
        if not_begun.iter().any(|not_begun| not_begun == folder) {
            continue;
        }
        for path in spans(text).filter(|span| is_path(span) && !exists(folder, span)) {
            complaints.push(format!("ARCHITECTURE.md:{line}: `{path}` does not exist: correct it or take it out"));
        }
    }
    no_complaints(&complaints);
}

#[test]
fn it_leaves_out_no_crate_and_no_room() {
    let document = read("ARCHITECTURE.md");
    let sections = sections(&document);
    let mut complaints = Vec::new();
    for name in crates() {
        let folder = format!("crates/{name}");
        let of_crate: Vec<&str> = sections.iter().filter(|s| s.folder == folder).map(|s| s.text).collect();
        if of_crate.is_empty() {
            complaints.push(format!("ARCHITECTURE.md: add a heading with `{folder}` and its rooms to the code map"));
        }
        for room in rooms(&name) {
            let plain = room.trim_end_matches('/');
            let is_named = |span: &str| span.trim_end_matches('/') == plain || span.starts_with(&format!("{plain}/"));
            if !of_crate.iter().any(|line| spans(line).any(is_named)) {
                complaints.push(format!("ARCHITECTURE.md: say under `{folder}` what `{room}` is for"));
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn it_is_short() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines <= LONGEST, "ARCHITECTURE.md has {lines} lines, more than {LONGEST}: say less");
}
