//! Whether a refusal is in the description of the call that was refused.

use std::sync::LazyLock;

use serde_json::Value;

/// Where the mounted server stands; a server at the root has the same paths without it.
const MOUNTED_AT: &str = "/auth";

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| jotgate_server::openapi("https://auth.example.com"));

/// Fails when the call is described and this refusal of it is not.
pub(super) fn check(method: &str, path: &str, status: u16, code: &str) {
    let path = path.strip_prefix(MOUNTED_AT).filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let Some(call) = call(method, path) else { return };
    let refusals = call["responses"][status.to_string()]["description"].as_str().unwrap_or_default();
    assert!(refusals.contains(&format!("`{code}`: ")), "{method} {path}: {status} {code} is not in openapi.json");
}

fn call(method: &str, path: &str) -> Option<&'static Value> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let exact = paths.get(path).or_else(|| Some(paths.iter().find(|(described, _)| is_of(path, described))?.1));
    exact?.get(method.to_lowercase())
}

/// Whether a path is one of those that `/v1/sessions/{id}` stands for.
fn is_of(path: &str, described: &str) -> bool {
    let (path, described): (Vec<_>, Vec<_>) = (path.split('/').collect(), described.split('/').collect());
    path.len() == described.len() && path.iter().zip(&described).all(|(is, must)| must.starts_with('{') || is == must)
}
