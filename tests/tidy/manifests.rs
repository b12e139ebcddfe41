//! What the Cargo.toml files say: versions in one place, arrows between crates in one direction.

use toml::{Table, Value};

use crate::no_complaints;
use crate::tree::{crates, read, root};

/// package, what it may depend on of ours, and what its tests may besides.
const ARROWS: [(&str, &[&str], &[&str]); 6] = [
    ("jotgate-jose", &[], &["jotgate-testkit"]),
    ("jotgate-wire", &[], &[]),
    ("jotgate-testkit", &["jotgate-jose"], &[]),
    ("jotgate-guard", &["jotgate-jose", "jotgate-wire"], &["jotgate-testkit"]),
    ("jotgate-server", &["jotgate-jose", "jotgate-wire"], &["jotgate-testkit", "jotgate-guard"]),
    ("jotgate", &["jotgate-jose", "jotgate-wire", "jotgate-server"], &["jotgate-testkit", "jotgate-guard"]),
];

const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

fn manifests() -> Vec<(String, Table)> {
    let in_crates = crates().into_iter().map(|name| format!("crates/{name}/Cargo.toml"));
    let others = ["bench/Cargo.toml", "xtask/Cargo.toml", "demo/shop/Cargo.toml"].map(str::to_owned);
    let paths = in_crates.chain(others).filter(|path| root().join(path).is_file());
    paths.map(|path| (path.clone(), read(&path).parse().expect("cargo has read it"))).collect()
}

fn dependencies<'a>(manifest: &'a Table, kind: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let everywhere = manifest.get(kind).into_iter();
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let by_target: Vec<_> = targets.filter_map(|(_, target)| target.get(kind)).collect();
    everywhere.chain(by_target).filter_map(Value::as_table).flatten()
}

#[test]
fn versions_stand_in_the_workspace_root_only() {
    let mut complaints = Vec::new();
    for (path, manifest) in manifests() {
        for (name, value) in KINDS.iter().flat_map(|kind| dependencies(&manifest, kind)) {
            if value.get("workspace") != Some(&Value::Boolean(true)) {
                complaints.push(format!(
                    "{path}: write `{name}.workspace = true`, and its version in the root's [workspace.dependencies]"
                ));
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn arrows_between_crates_point_one_way() {
    let mut complaints = Vec::new();
    for (path, manifest) in manifests().into_iter().filter(|(path, _)| path.starts_with("crates/")) {
        let name = manifest["package"]["name"].as_str().expect("a package has a name");
        let Some((_, product, tests)) = ARROWS.iter().find(|(package, ..)| *package == name) else {
            complaints.push(format!("{path}: `{name}` is new: give it a line in tests/tidy/manifests.rs (ARROWS)"));
            continue;
        };
        for kind in KINDS {
            for (dependency, _) in dependencies(&manifest, kind).filter(|(name, _)| name.starts_with("jotgate")) {
                let allowed = product.contains(&dependency.as_str())
                    || (kind == "dev-dependencies" && tests.contains(&dependency.as_str()));
                if !allowed {
                    complaints.push(format!("{path}: `{name}` must not depend on `{dependency}` ({kind})"));
                }
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn jose_has_no_runtime() {
    let manifest: Table = read("crates/jose/Cargo.toml").parse().expect("cargo has read it");
    let runtimes = ["tokio", "futures", "async-trait", "reqwest", "hyper", "axum"];
    let found = dependencies(&manifest, "dependencies").filter(|(name, _)| runtimes.contains(&name.as_str()));
    no_complaints(&found.map(|(name, _)| format!("jose has no async: remove `{name}`")).collect::<Vec<_>>());
}

#[test]
fn every_crate_takes_the_shared_lints() {
    let takes = |manifest: &Table| {
        manifest.get("lints").and_then(|lints| lints.get("workspace")) == Some(&Value::Boolean(true))
    };
    let without = manifests().into_iter().filter(|(_, manifest)| !takes(manifest));
    no_complaints(&without.map(|(path, _)| format!("{path}: add [lints] workspace = true")).collect::<Vec<_>>());
}
