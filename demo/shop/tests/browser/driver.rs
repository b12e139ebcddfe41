//! Runs all scenarios once, and tells each test how its own came out.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use jotgate_testkit::skip;
use serde::Deserialize;
use serde_json::json;

use crate::SCENARIOS;
use crate::site::Sites;

/// What Chromium is called where it is packaged.
const CHROMIUMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

static OUTCOMES: LazyLock<Outcomes> = LazyLock::new(run);

enum Outcomes {
    /// Of each scenario nothing, or what went wrong.
    Ran(HashMap<String, Option<String>>),
    /// Why nothing ran.
    Skipped(String),
}

/// One line of the driver's output.
#[derive(Deserialize)]
struct Line {
    name: String,
    error: Option<String>,
}

/// Fails as the scenario did.
pub(crate) fn scenario(name: &str) {
    match &*OUTCOMES {
        Outcomes::Skipped(reason) => skip::aloud(name, reason),
        Outcomes::Ran(outcomes) => match outcomes.get(name) {
            Some(None) => {}
            Some(Some(error)) => panic!("{error}"),
            None => panic!("the driver ended before this scenario"),
        },
    }
}

fn run() -> Outcomes {
    let (playwright, chromium) = match (playwright(), chromium()) {
        (Some(playwright), Some(chromium)) => (playwright, chromium),
        (None, _) => return Outcomes::Skipped("no node/playwright-core where JOTGATE_TEST_INTEROP points".into()),
        (_, None) => return Outcomes::Skipped("no Chromium on the PATH".into()),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let sites = runtime.block_on(Sites::open(SCENARIOS));
    let input = json!({"playwright": playwright, "chromium": chromium, "scenarios": sites.addresses});
    Outcomes::Ran(drive(&input.to_string()))
}

fn drive(input: &str) -> HashMap<String, Option<String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/scenarios.mjs");
    let mut node = Command::new("node");
    let mut node = node.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines = said.lines().map(|line| serde_json::from_str::<Line>(line).unwrap());
    lines.map(|line| (line.name, line.error)).collect()
}

#[expect(clippy::disallowed_methods, reason = "the test run says here where it has put other languages' libraries")]
fn playwright() -> Option<PathBuf> {
    let folder = std::env::var_os("JOTGATE_TEST_INTEROP")?;
    let library = PathBuf::from(folder).join("node/node_modules/playwright-core/index.mjs");
    library.is_file().then_some(library)
}

#[expect(clippy::disallowed_methods, reason = "a program is looked for where programs are")]
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    let mut places = CHROMIUMS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.find(|program| program.is_file())
}
