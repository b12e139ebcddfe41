//! `keys list|generate|rotate|revoke|export-public|rekey`, beside a running server.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::probe::Probe;
use crate::server::{CONFIG, Server};
use crate::support::Desk;

fn started() -> (Desk, Server, Probe) {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    let server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    (desk, server, probe)
}

fn keys(desk: &Desk, purpose: &str) -> Vec<Value> {
    let listed = desk.run(&["keys", "list", "--json"]).ends(0).json_lines();
    listed.into_iter().filter(|key| key["purpose"] == purpose).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Asks again and again; the promise is 200 ms, and a busy machine gets a second.
#[expect(clippy::disallowed_methods, reason = "this measures real time")]
async fn soon(mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(1);
    while !holds().await {
        assert!(Instant::now() < deadline, "the server has not noticed within a second");
    }
}

async fn published(server: &Server) -> usize {
    let set: Value = reqwest::get(format!("{}/.well-known/jwks.json", server.url)).await.unwrap().json().await.unwrap();
    set["keys"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_next_key_is_published_and_does_not_sign_before_its_time() {
    let (desk, server, probe) = started();
    let active = keys(&desk, "signing").remove(0);
    assert_eq!((text(&active["state"]), text(&active["algorithm"])), ("active", "EdDSA"));
    let made = desk.run(&["keys", "generate", "--json"]).ends(0).json();
    assert_eq!((&made["is_new"], &made["signs"]), (&json!(true), &json!(false)));
    soon(async || published(&server).await == 2).await;
    let rotated = desk.run(&["keys", "rotate"]).ends(0);
    for words in [text(&made["kid"]), "signs from 20", "jotgate keys revoke", "published already"] {
        assert!(rotated.stdout.contains(words), "{words}: {}", rotated.stdout);
    }
    let tokens = probe.register("ada@example.com").await;
    probe.me(&tokens.text("access_token")).await.ok(200);
    let table = desk.run(&["keys", "list"]).ends(0).stdout;
    assert!(table.contains("active") && table.contains("next") && table.contains("refresh"), "{table}");
    let set: Value = serde_json::from_str(&desk.run(&["keys", "export-public"]).ends(0).stdout).unwrap();
    assert!(set["keys"].as_array().unwrap().iter().all(|key| key.get("d").is_none()));
    assert_eq!(set["keys"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_revoked_key_is_refused_by_the_running_server() {
    let (desk, server, probe) = started();
    let tokens = probe.register("ada@example.com").await;
    let kid = text(&keys(&desk, "signing")[0]["kid"]).to_owned();
    let revoked = desk.run(&["keys", "revoke", &kid, "--json"]).ends(0).json();
    assert_eq!(revoked["revoked"], json!([kid]));
    soon(async || probe.me(&tokens.text("access_token")).await.status == 401).await;
    assert_eq!(probe.me(&tokens.text("access_token")).await.body["code"], "key_revoked");
    soon(async || published(&server).await == 1).await;
    let renewed = probe.send(probe.refreshing(&tokens.text("refresh_token"))).await.ok(200);
    probe.me(&renewed.text("access_token")).await.ok(200);
    desk.run(&["keys", "revoke", &kid]).ends(1).complains(&["no key", "jotgate keys list"]);
    desk.run(&["keys", "revoke"]).ends(2);
    let (_, said) = server.stop();
    assert!(!said.contains("\"d\":"), "{said}");
}

#[tokio::test]
async fn another_master_key_and_what_comes_next() {
    let (desk, server, probe) = started();
    let tokens = probe.register("ada@example.com").await;
    desk.write("new", "0f".repeat(32));
    let rekey = ["keys", "rekey", "--new-master-key-file", "new"];
    desk.run(&rekey).ends(2).complains(&["chmod 600"]);
    fs::set_permissions(desk.path("new"), fs::Permissions::from_mode(0o600)).unwrap();
    let done = desk.run(&rekey).ends(0);
    assert!(done.stdout.contains("2 keys") && done.stdout.contains("restart running servers"), "{}", done.stdout);
    let renewed = probe.send(probe.refreshing(&tokens.text("refresh_token"))).await.ok(200);
    assert_eq!(server.stop().0, 0);
    let server = Server::start(&desk);
    Probe::new(&server.url).me(&renewed.text("access_token")).await.ok(200);
    assert_eq!(desk.run(&[&rekey[..], &["--json"]].concat()).ends(0).json()["was_done"], json!(true));
}
