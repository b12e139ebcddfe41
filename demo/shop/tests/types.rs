//! The scripts of the page against their own types: TypeScript's compiler reads the comments.

use std::path::{Path, PathBuf};
use std::process::Command;

use jotgate_testkit::skip;

#[test]
fn the_scripts_hold_to_their_types() {
    let Some(compiler) = compiler() else {
        skip::aloud("the_scripts_hold_to_their_types", "no node/typescript where JOTGATE_TEST_INTEROP points");
        return;
    };
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/jsconfig.json");
    let output = Command::new(compiler).arg("--project").arg(project).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[expect(clippy::disallowed_methods, reason = "the test run says here where it has put other languages' libraries")]
fn compiler() -> Option<PathBuf> {
    let folder = std::env::var_os("JOTGATE_TEST_INTEROP")?;
    let compiler = PathBuf::from(folder).join("node/node_modules/.bin/tsc");
    compiler.is_file().then_some(compiler)
}
