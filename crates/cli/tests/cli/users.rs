//! `users create|list|show|disable|enable|delete`.

use serde_json::json;

use crate::probe::{PASSWORD, Probe};
use crate::server::{CONFIG, Server};
use crate::support::{Desk, Ran};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    desk
}

pub(crate) fn create(desk: &Desk, email: &str, more: &[&str]) -> Ran {
    let arguments = [&["users", "create", email, "--password-stdin"], more].concat();
    desk.run_with(&arguments, format!("{PASSWORD}\n").as_bytes())
}

#[test]
fn an_account_is_made_shown_and_listed() {
    let desk = desk();
    let made =
        create(&desk, "Ada@Example.com", &["--name", "Ada Lovelace", "--role", "admin", "--role", "ops"]).ends(0);
    assert!(made.stdout.contains("Ada@Example.com") && made.stdout.contains("admin, ops"), "{}", made.stdout);
    let made = made.complains(&["making the database", "jotgate.db"]);
    assert!(!made.stdout.contains(PASSWORD) && !made.stderr.contains(PASSWORD));
    let shown = desk.run(&["users", "show", "ada@example.com", "--json"]).ends(0).json();
    assert_eq!((&shown["email"], &shown["name"]), (&json!("Ada@Example.com"), &json!("Ada Lovelace")));
    assert_eq!((&shown["roles"], &shown["disabled_at"]), (&json!(["admin", "ops"]), &json!(null)));
    assert!(!shown.to_string().contains("argon2"), "{shown}");
    let id = shown["id"].as_str().unwrap();
    assert_eq!(desk.run(&["users", "show", id, "--json"]).ends(0).json(), shown);
    let listed = desk.run(&["users", "list"]).ends(0).complains(&["database sqlite:/"]);
    assert!(listed.stdout.contains(id) && listed.stdout.contains("Ada Lovelace"), "{}", listed.stdout);
    assert_eq!(desk.run(&["users", "list", "--json"]).ends(0).json(), shown);
}

/// Nothing is asked for and standard input is not read, so what stands there is no password of the account.
#[test]
fn an_account_may_have_no_password() {
    let desk = desk();
    let create = ["users", "create", "ada@example.com", "--no-password"];
    desk.run_with(&[&create[..], &["--password-stdin"]].concat(), PASSWORD.as_bytes()).ends(2);
    desk.run(&["users", "show", "ada@example.com"]).ends(3);
    let made = desk.run_with(&[&create[..], &["--json"]].concat(), PASSWORD.as_bytes()).ends(0).json();
    assert_eq!((&made["email"], &made["has_password"]), (&json!("ada@example.com"), &json!(false)));
    let shown = desk.run(&["users", "show", "ada@example.com", "--json"]).ends(0).json();
    assert_eq!(shown["has_password"], false);
    self::create(&desk, "bob@example.com", &["--json"]).ends(0);
    assert_eq!(desk.run(&["users", "show", "bob@example.com", "--json"]).ends(0).json()["has_password"], true);
}

#[test]
fn a_list_is_read_page_by_page() {
    let desk = desk();
    for name in ["a", "b", "c"] {
        create(&desk, &format!("{name}@example.com"), &["--json"]).ends(0).json();
    }
    let first = desk.run(&["users", "list", "--limit", "2", "--json"]).ends(0).json_lines();
    assert_eq!(first.len(), 2);
    let last = first[1]["id"].as_str().unwrap();
    desk.run(&["users", "list", "--limit", "2"]).ends(0).complains(&["--after", last]);
    let rest = desk.run(&["users", "list", "--after", last, "--json"]).ends(0).json();
    assert_eq!(rest["email"], "c@example.com");
    desk.run(&["users", "list", "--limit", "0"]).ends(2);
    desk.run(&["users", "list", "--after", "7"]).ends(2);
}

#[test]
fn refusals_have_their_exit_codes() {
    let desk = desk();
    create(&desk, "ada@example.com", &[]).ends(0);
    create(&desk, "ADA@example.com", &[]).ends(1).complains(&["there is an account"]);
    create(&desk, "not-an-address", &[]).ends(2);
    create(&desk, "b@example.com", &["--role", "two words"]).ends(2).complains(&["one word"]);
    create(&desk, "b@example.com", &["--name", " "]).ends(2);
    let with = |password: &[u8]| desk.run_with(&["users", "create", "c@example.com", "--password-stdin"], password);
    with(b"short\n").ends(1);
    with(b"").ends(2).complains(&["no password"]);
    with(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").ends(2).complains(&["UTF-8"]);
    with(&[b'x'; 5000]).ends(1).complains(&["longer"]);
    desk.run(&["users", "create", "c@example.com"]).ends(2).complains(&["--password-stdin"]);
    desk.run(&["users", "show", "nobody@example.com"]).ends(1).complains(&["there is no user"]);
    desk.run(&["users", "disable", "nobody@example.com"]).ends(1);
    desk.run(&["users", "create", "c@example.com", "--password", PASSWORD]).ends(2);
}

#[test]
fn commands_that_look_for_something_make_no_database() {
    let desk = desk();
    for command in [
        &["users", "list"][..],
        &["users", "show", "a@example.com"],
        &["users", "delete", "a@example.com", "--yes"],
        &["sessions", "list", "a@example.com"],
        &["sessions", "end", "--user", "a@example.com"],
    ] {
        desk.run(command).ends(3).complains(&["there is no database at", "jotgate.db"]);
    }
    assert!(!desk.path("jotgate.db").exists());
}

#[test]
fn a_broken_database_is_the_environments_fault() {
    let desk = desk();
    desk.write("jotgate.db", "this is no database, and it is long enough to be looked at".repeat(100));
    desk.run(&["users", "list"]).ends(3).complains(&["jotgate.db"]);
    desk.write("jotgate.toml", format!("{CONFIG}[store]\nurl = \"sqlite:absent/jotgate.db\"\n"));
    create(&desk, "a@example.com", &[]).ends(3).complains(&["absent"]);
    desk.write("jotgate.toml", format!("{CONFIG}[store]\nurl = \"mysql:x\"\n"));
    create(&desk, "a@example.com", &[]).ends(2);
}

#[tokio::test]
async fn a_disabled_account_cannot_log_in_until_it_is_enabled() {
    let desk = desk();
    create(&desk, "ada@example.com", &[]).ends(0);
    let server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    let tokens = probe.log_in("ada@example.com").await.ok(200);
    let said = desk.run(&["users", "disable", "ada@example.com", "--json"]).ends(0).json();
    assert_eq!((&said["disabled"], &said["sessions_ended"]), (&json!(true), &json!(1)));
    assert_eq!(probe.log_in("ada@example.com").await.ok(403).body["code"], "account_disabled");
    let refreshed = probe.send(probe.refreshing(&tokens.text("refresh_token"))).await;
    assert!([401, 403].contains(&refreshed.status), "{refreshed:?}");
    assert!(!desk.run(&["users", "show", "ada@example.com", "--json"]).ends(0).json()["disabled_at"].is_null());
    desk.run(&["users", "enable", "ada@example.com"]).ends(0);
    probe.log_in("ada@example.com").await.ok(200);
}

#[tokio::test]
async fn a_deleted_account_is_gone() {
    let desk = desk();
    create(&desk, "ada@example.com", &[]).ends(0);
    desk.run(&["users", "delete", "ada@example.com"]).ends(2).complains(&["--yes"]);
    desk.run(&["users", "show", "ada@example.com"]).ends(0);
    let server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    probe.log_in("ada@example.com").await.ok(200);
    let ran = desk.run(&["users", "delete", "ada@example.com", "--yes"]).ends(0);
    assert!(ran.stdout.contains("deleted ada@example.com") && ran.stdout.contains("1 session ended"), "{}", ran.stdout);
    probe.log_in("ada@example.com").await.ok(401);
    desk.run(&["users", "show", "ada@example.com"]).ends(1);
}

#[test]
fn roles_and_metadata_are_changed() {
    let desk = desk();
    let roles = "[roles.admin]\nscopes = [\"jotgate:admin\"]\n";
    desk.write("jotgate.toml", format!("{CONFIG}{roles}"));
    create(&desk, "ada@example.com", &["--role", "clerk"]).ends(0).complains(&["`clerk`", "[roles.clerk]"]);
    let give = ["users", "roles", "ada@example.com", "--add", "admin", "--add", "admin", "--remove", "clerk", "--json"];
    let given = desk.run(&give).ends(0);
    assert_eq!(given.json()["roles"], json!(["admin"]));
    assert!(!given.stderr.contains("admin"), "a role that is configured is no surprise: {}", given.stderr);
    assert_eq!(desk.run(&["users", "roles", "ada@example.com", "--none", "--json"]).ends(0).json()["roles"], json!([]));
    desk.run(&["users", "roles", "ada@example.com"]).ends(2);
    desk.run(&["users", "roles", "ada@example.com", "--add", "two words"]).ends(2).complains(&["one word"]);
    let metadata = |more: &[&str]| desk.run(&[&["users", "metadata", "ada@example.com", "--json"], more].concat());
    let both = metadata(&["--app", r#"{"plan": "pro", "seats": 3}"#, "--user", r#"{"locale": "de"}"#]).ends(0).json();
    assert_eq!(both, json!({"app_metadata": {"plan": "pro", "seats": 3}, "user_metadata": {"locale": "de"}}));
    let less = metadata(&["--app", r#"{"seats": null}"#, "--user", "null"]).ends(0).json();
    assert_eq!(less, json!({"app_metadata": {"plan": "pro"}, "user_metadata": {}}));
    assert_eq!(metadata(&[]).ends(0).json(), less);
    metadata(&["--app", "[1]"]).ends(2).complains(&["JSON object"]);
    metadata(&["--app", &json!({"a": "x".repeat(9000)}).to_string()]).ends(2).complains(&["app_metadata", "bytes"]);
    let shown = desk.run(&["users", "show", "ada@example.com", "--json"]).ends(0).json();
    assert_eq!(shown["app_metadata"], json!({"plan": "pro"}));
}

#[test]
fn accounts_are_found_by_the_beginning_of_their_addresses() {
    let desk = desk();
    for email in ["bob@example.com", "ada2@example.com", "ada1@example.com"] {
        create(&desk, email, &[]).ends(0);
    }
    let list = |more: &[&str]| {
        let found = desk.run(&[&["users", "list", "--json"], more].concat()).ends(0).json_lines();
        found.iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&["--email", "ADA"]), ["ada1@example.com", "ada2@example.com"]);
    assert_eq!(list(&["--email", "ada", "--after", "ada1@example.com"]), ["ada2@example.com"]);
    desk.run(&["users", "list", "--email", "ada", "--limit", "1"]).ends(0).complains(&["--after ada1@example.com"]);
    desk.run(&["users", "list", "--after", "ada1@example.com"]).ends(2);
}
