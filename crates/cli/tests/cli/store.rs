//! `store copy`: another house, with everything in it.

use crate::probe::Probe;
use crate::server::{CONFIG, Server};
use crate::support::Desk;

#[tokio::test]
async fn a_copied_store_serves_where_the_old_one_stopped() {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    let server = Server::start(&desk);
    let tokens = Probe::new(&server.url).register("ada@example.com").await;
    assert_eq!(server.stop().0, 0);
    let copy = ["store", "copy", "--from", "sqlite:jotgate.db", "--to", "sqlite:new.db"];
    let said = desk.run(&copy).ends(0).stdout;
    assert!(said.contains("users") && said.contains("Both stores are the same"), "{said}");
    desk.run(&copy).ends(1).complains(&["new.db holds data already"]);
    let tables =
        desk.run(&["store", "copy", "--from", "sqlite:new.db", "--to", "sqlite:newer.db", "--json"]).ends(0).json();
    let rows = |name: &str| {
        tables["copied"].as_array().unwrap().iter().find(|table| table["table"] == name).unwrap()["rows"].clone()
    };
    assert_eq!((rows("users"), rows("sessions")), (1.into(), 1.into()));

    desk.write(
        "jotgate.toml",
        format!("{CONFIG}[store]\nurl = \"sqlite:newer.db\"\n[keys]\nmaster_key_file = \"jotgate.db.master-key\"\n"),
    );
    let again = Server::start(&desk);
    let probe = Probe::new(&again.url);
    probe.send(probe.refreshing(&tokens.text("refresh_token"))).await.ok(200);
}

#[test]
fn what_cannot_be_copied_is_refused() {
    let desk = Desk::new();
    let copy = |from: &str, to: &str| desk.run(&["store", "copy", "--from", from, "--to", to]);
    copy("sqlite:jotgate.db", "sqlite:new.db").ends(2).complains(&["there is no store at sqlite:jotgate.db"]);
    copy("sqlite:jotgate.db", "sqlite:./jotgate.db").ends(2).complains(&["the same store"]);
    copy("sqlite:jotgate.db", "mysql://root:hunter2@db/x").ends(2).complains(&["to: a store is named as"]);
    assert!(!desk.path("new.db").exists());
}

/// Half a store is not served, and says how it is finished.
#[test]
fn an_unfinished_copy_is_not_served() {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    let create = ["users", "create", "ada@example.com", "--password-stdin"];
    desk.run_with(&create, b"a horse and a long staple\n").ends(0);
    rusqlite::Connection::open(desk.path("jotgate.db"))
        .and_then(|database| database.execute("INSERT INTO meta (name, number) VALUES ('copy', 1)", []))
        .unwrap();
    desk.run(&["serve"]).ends(3).complains(&["a copy that was not finished", "jotgate store copy"]);
    desk.run(&["users", "list"]).ends(3).complains(&["a copy that was not finished"]);
}
