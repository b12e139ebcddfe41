//! `backup` beside a running server, and `restore` in another place.

use crate::probe::Probe;
use crate::server::{CONFIG, Server};
use crate::support::Desk;

#[tokio::test]
async fn a_copy_made_beside_a_running_server_serves_elsewhere() {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    let server = Server::start(&desk);
    let tokens = Probe::new(&server.url).register("ada@example.com").await;
    let said = desk.run(&["backup", "copy.db", "--json"]).ends(0).json();
    assert_eq!(said["backup"], "copy.db");
    desk.run(&["backup", "copy.db"]).ends(2).complains(&["copy.db is there already"]);
    desk.run(&["restore", "copy.db"]).ends(2).complains(&["jotgate.db is there already"]);

    let elsewhere = Desk::new();
    elsewhere.write("jotgate.toml", CONFIG);
    elsewhere.write("copy.db", std::fs::read(desk.path("copy.db")).unwrap());
    let key = "jotgate.db.master-key";
    std::fs::copy(desk.path(key), elsewhere.path(key)).unwrap();
    assert!(elsewhere.run(&["restore", "copy.db"]).ends(0).stdout.contains("restored sqlite:"));
    let restored = Server::start(&elsewhere);
    let probe = Probe::new(&restored.url);
    probe.send(probe.refreshing(&tokens.text("refresh_token"))).await.ok(200);
}

#[test]
fn what_is_no_copy_is_not_restored() {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    desk.run(&["backup", "copy.db"]).ends(3).complains(&["there is no database"]);
    desk.run(&["restore", "copy.db"]).ends(3).complains(&["copy.db cannot be opened"]);
    desk.write("copy.db", "Dear diary, ".repeat(1000));
    desk.run(&["restore", "copy.db"]).ends(1).complains(&["copy.db is not a copy of a Jotgate database"]);
    assert!(!desk.path("jotgate.db").exists());
}
