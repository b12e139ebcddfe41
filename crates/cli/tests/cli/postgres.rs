//! The commands with their data in PostgreSQL, named by a variable that holds a password.

use std::process::Command;

use jotgate_testkit::postgres::Database;
use url::Url;

use crate::probe::{PASSWORD, Probe};
use crate::server::{CONFIG, Server};
use crate::support::{Desk, Ran, finish};

const DATABASE_PASSWORD: &str = "hush-of-the-database";

/// Commands on a database.
struct House {
    desk: Desk,
    url: Url,
    database_password: String,
}

impl House {
    fn on(database: &Database) -> Self {
        let desk = Desk::new();
        desk.write("jotgate.toml", CONFIG);
        let mut url = Url::parse(&database.url()).unwrap();
        // The server of the tests takes any; another one has its own.
        if url.password().is_none() {
            url.set_password(Some(DATABASE_PASSWORD)).unwrap();
        }
        let database_password = url.password().unwrap().to_owned();
        Self { desk, url, database_password }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.desk.command(arguments);
        command.env("JOTGATE_STORE__URL", self.url.as_str());
        command.env("JOTGATE_KEYS__MASTER_KEY", "5a".repeat(32)).env("JOTGATE_LOG__LEVEL", "debug");
        command
    }

    /// It did what it was asked and did not say the password.
    fn run(&self, arguments: &[&str], stdin: &str) -> Ran {
        let ran = finish(self.command(arguments), stdin.as_bytes());
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!said.contains(&self.database_password), "{arguments:?}: {said}");
        ran
    }
}

#[tokio::test]
async fn every_command_works_and_none_says_the_password() {
    let Some(database) = Database::create("every_command_works_and_none_says_the_password") else { return };
    let house = House::on(&database);
    let name = house.url.path().trim_start_matches('/').to_owned();
    house.run(&["config", "check"], "").ends(0);
    let create = ["users", "create", "ada@example.com", "--password-stdin"];
    house.run(&create, &format!("{PASSWORD}\n")).ends(0);
    house.run(&create, &format!("{PASSWORD}\n")).ends(1);
    let listed = house.run(&["users", "list"], "").ends(0).complains(&["postgres://", &name]);
    assert!(listed.stdout.contains("ada@example.com"), "{}", listed.stdout);

    let server = Server::start_with(house.command(&["serve", "--json"]));
    let probe = Probe::new(&server.url);
    let tokens = probe.log_in("ada@example.com").await.ok(200);
    assert!(!house.run(&["keys", "list", "--json"], "").ends(0).json_lines().is_empty());
    let session = tokens.text("session_id");
    let sessions = house.run(&["sessions", "list", "ada@example.com"], "").ends(0);
    assert!(sessions.stdout.contains(&session), "{}", sessions.stdout);
    house.run(&["sessions", "end", &session], "").ends(0);
    let refused = probe.send(probe.refreshing(&tokens.text("refresh_token"))).await.ok(401);
    assert_eq!(refused.body["code"], "session_ended");
    let (code, said) = server.stop();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("answered") && !said.contains(&house.database_password), "{said}");
}

/// What cannot be reached is the fault of the surroundings, and the password is not part of the complaint.
#[test]
fn what_cannot_be_reached_is_said_without_the_password() {
    let Some(database) = Database::create("what_cannot_be_reached_is_said_without_the_password") else { return };
    let mut house = House::on(&database);
    house.url.set_port(Some(1)).unwrap();
    for arguments in [&["serve"][..], &["users", "list"], &["keys", "list"], &["sessions", "list", "a@example.com"]] {
        house.run(arguments, "").ends(3);
    }
}
