//! `openapi.json`: fresh in the documentation, and true of the server, which a property-based client tries out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../blackbox/answer.rs"]
#[allow(dead_code, reason = "shared with the black-box test, which uses all of it")]
mod answer;
#[path = "../blackbox/site.rs"]
#[allow(dead_code, reason = "shared with the black-box test, which uses all of it")]
mod site;

use std::path::Path;
use std::process::Command;

use jotgate_server::domain::email::Email;
use jotgate_server::domain::password::Password;
use jotgate_server::flows::{self, By, NewUser};
use jotgate_testkit::interop::library;
use site::{PASSWORD, Site};

/// What is looked for. That every request outside of the description is refused is no part of it: other query parameters
/// are let be.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
/// What would end the caller's own session, or change its password: nothing more would be learnt after it.
const LEFT_FOR_LAST: &str = "^(logOut|endSession|endAnySession|endSessionsOf)$";

#[test]
fn openapi_json_is_fresh() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/openapi.json");
    let fresh = serde_json::to_string_pretty(&jotgate_server::openapi("https://auth.example.com")).unwrap() + "\n";
    if std::fs::read_to_string(&page).unwrap_or_default() != fresh {
        std::fs::write(&page, fresh).unwrap();
        panic!("docs/reference/openapi.json was stale and is written anew: commit it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_property_based_client_finds_no_fault_and_nothing_that_is_not_described() {
    let test = "a_property_based_client_finds_no_fault_and_nothing_that_is_not_described";
    let Some(python) = library(test, "python", "schemathesis") else { return };
    let site = Site::configured(|config| config.throttle.enabled = false).await;
    let token = administrator(&site).await;
    for which in ["--exclude-operation-id-regex", "--include-operation-id-regex"] {
        let mut client = Command::new("python3");
        client.env("PYTHONPATH", &python).current_dir(&python);
        client.args([
            "-m",
            "schemathesis.cli",
            "run",
            "--checks",
            CHECKS,
            "--no-color",
            "--seed",
            "1",
            which,
            LEFT_FOR_LAST,
        ]);
        client.args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "12",
            "--no-shrink",
            "--warnings",
            "off",
        ]);
        client.args(["--generation-database", "none", "--suppress-health-check", "all", "--workers", "2"]);
        client.arg("--header").arg(format!("Authorization: Bearer {token}")).arg(format!("{}/openapi.json", site.url));
        let output = tokio::task::spawn_blocking(move || client.output()).await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("passed"), "it has tried something: {said}");
    }
}

/// The access token of an administrator.
async fn administrator(site: &Site) -> String {
    let (address, password) = (Email::parse("known@example.com").unwrap(), Password::parse(PASSWORD).unwrap());
    let new = NewUser { roles: vec!["admin".into()], ..NewUser::new(address, Some(password)) };
    flows::create_user(&site.app, &By::command_line(), new).await.unwrap();
    site.log_in("known@example.com").await.text("access_token")
}
