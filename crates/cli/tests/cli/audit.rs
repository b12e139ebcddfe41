//! `audit`: what the trail has of what the other commands and a running server did.

use serde_json::{Value, json};

use crate::probe::{PASSWORD, Probe};
use crate::server::{CONFIG, Server};
use crate::support::Desk;
use crate::users::create;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    desk
}

fn lines(desk: &Desk, more: &[&str]) -> Vec<Value> {
    desk.run(&[&["audit", "--json"], more].concat()).ends(0).json_lines()
}

fn events(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["event"].as_str().unwrap()).collect()
}

#[test]
fn what_commands_do_is_in_the_trail() {
    let desk = desk();
    create(&desk, "ada@example.com", &["--role", "admin"]).ends(0);
    create(&desk, "eve@example.com", &[]).ends(0);
    let ada = desk.run(&["users", "show", "ada@example.com", "--json"]).ends(0).json();
    let id = ada["id"].as_str().unwrap();
    desk.run(&["users", "disable", "ada@example.com"]).ends(0);
    desk.run(&["users", "enable", "ada@example.com"]).ends(0);
    desk.run(&["keys", "generate"]).ends(0);
    desk.run(&["users", "delete", "ada@example.com", "--yes"]).ends(0);
    let all = lines(&desk, &[]);
    assert_eq!(events(&all), ["user.delete", "key.make", "user.enable", "user.disable", "user.create", "user.create"]);
    assert!(all.iter().all(|line| line["actor"] == "command_line" && line["outcome"] == "done"), "{all:?}");
    let of_ada = lines(&desk, &["--user", id]);
    assert_eq!(events(&of_ada), ["user.delete", "user.enable", "user.disable", "user.create"], "also when it is gone");
    assert_eq!(of_ada[3]["detail"], json!({"roles": ["admin"]}));
    assert_eq!(events(&lines(&desk, &["--event", "user.create"])), ["user.create", "user.create"]);
    assert_eq!(lines(&desk, &["--actor", "command_line", "--event", "key.make"]).len(), 1);
    assert_eq!(lines(&desk, &["--actor", "system"]).len(), 0);
    assert_eq!(lines(&desk, &["--actor", id]).len(), 0, "what is about somebody is not what they did");
    assert_eq!(lines(&desk, &["--limit", "2"]).len(), 2);
    assert_eq!(lines(&desk, &["--since", "1h"]).len(), 6);
    assert_eq!(lines(&desk, &["--since", "2100-01-01T00:00:00Z"]).len(), 0);
    let shown = desk.run(&["audit", "--user", id]).ends(0);
    assert!(shown.stdout.contains("user.create") && shown.stdout.contains("roles=[\"admin\"]"), "{}", shown.stdout);
    assert!(!shown.stdout.contains('\u{1b}'), "no colours where nobody sees them");
}

#[test]
fn a_backup_is_in_the_trail() {
    let desk = desk();
    create(&desk, "ada@example.com", &[]).ends(0);
    desk.run(&["backup", "copy.db"]).ends(0);
    desk.run(&["backup", "copy.db"]).ends(2);
    let lines = lines(&desk, &["--event", "store.backup"]);
    assert_eq!((lines.len(), &lines[0]["actor"], &lines[0]["target"]), (1, &json!("command_line"), &json!("copy.db")));
}

#[test]
fn what_a_store_was_made_of_is_in_its_trail() {
    let desk = desk();
    create(&desk, "ada@example.com", &[]).ends(0);
    desk.run(&["store", "copy", "--from", "sqlite:jotgate.db", "--to", "sqlite:second.db"]).ends(0);
    desk.run(&["backup", "copy.db"]).ends(0);
    std::fs::remove_file(desk.path("jotgate.db")).unwrap();
    desk.run(&["restore", "copy.db"]).ends(0);
    let told = |event: &str| {
        let lines = lines(&desk, &["--event", event]);
        lines.iter().map(|line| (line["actor"].clone(), line["target"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(told("store.restore"), [(json!("command_line"), json!("copy.db"))]);
    assert!(
        told("store.copy").is_empty() && told("store.backup").is_empty(),
        "of what others were made it tells nothing"
    );
    std::fs::rename(desk.path("second.db"), desk.path("jotgate.db")).unwrap();
    let copied = told("store.copy");
    assert_eq!((copied.len(), &copied[0].0), (1, &json!("command_line")));
    assert!(copied[0].1.as_str().unwrap().ends_with("jotgate.db"), "{copied:?}");
}

#[test]
fn questions_that_make_no_sense_are_refused() {
    let desk = desk();
    create(&desk, "ada@example.com", &[]).ends(0);
    desk.run(&["audit", "--event", "user.created"]).ends(2).complains(&["user.create"]);
    desk.run(&["audit", "--since", "yesterday"]).ends(2).complains(&["24h"]);
    for whose in ["--user", "--actor"] {
        desk.run(&["audit", whose, "nobody@example.com"]).ends(1).complains(&["by its id"]);
    }
}

#[tokio::test]
async fn log_ins_are_in_the_trail_with_where_they_came_from_and_without_secrets() {
    let desk = desk();
    create(&desk, "ada@example.com", &[]).ends(0);
    let server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    let opened = probe.log_in("ada@example.com").await.ok(200);
    probe.log_in("nobody@example.com").await.ok(401);
    let found = lines(&desk, &["--event", "login"]);
    let [refused, done] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&done["outcome"], &done["actor"]), (&json!("done"), &json!("user")));
    assert_eq!(done["session_id"], opened.body["session_id"]);
    assert_eq!(done["address"], "127.0.0.1");
    assert!(done["request_id"].is_string(), "{done}");
    assert_eq!((&refused["outcome"], &refused["code"]), (&json!("refused"), &json!("invalid_credentials")));
    assert_eq!((&refused["actor"], &refused["user_id"]), (&json!("anonymous"), &Value::Null));
    let whole = desk.run(&["audit", "--json"]).ends(0).stdout;
    for secret in [PASSWORD, "nobody@example.com", "ada@example.com", &opened.text("refresh_token")] {
        assert!(!whole.contains(secret), "{secret}: {whole}");
    }
}
