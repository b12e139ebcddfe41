//! `serve`: starting, saying where, stopping, and refusing to start; keys fetched from it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::probe::Probe;
use crate::server::{CONFIG, Server};
use crate::support::Desk;
use crate::users::create;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    desk
}

#[tokio::test]
async fn it_says_where_it_listens_and_stops_when_told() {
    let desk = desk();
    let server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    probe.send(probe.request(reqwest::Method::GET, "/healthz")).await.ok(200);
    let announced = server.announced.clone();
    let (code, said) = server.stop();
    assert_eq!(code, 0, "{said}");
    assert_eq!(announced["issuer"], "http://127.0.0.1:4400");
    assert!(announced["store"].as_str().is_some_and(|store| store.ends_with("/jotgate.db")), "{announced}");
    assert!(said.contains("plain http") && said.contains("stopping"), "{said}");
}

#[tokio::test]
async fn an_interrupt_stops_it_too_and_the_command_line_wins_over_the_file() {
    let desk = desk();
    desk.write("jotgate.toml", CONFIG.replace("127.0.0.1:0", "192.0.2.1:1"));
    let mut server = Server::start_with(desk.command(&["serve", "--json", "--listen", "127.0.0.1:0"]));
    server.signal("INT");
    assert_eq!(server.wait(), 0);
}

/// A request whose body never comes holds up the stop, as it should, until the second signal.
#[test]
fn a_second_signal_does_not_wait() {
    let desk = desk();
    let mut server = Server::start(&desk);
    let mut connection = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let head = "POST /v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\
                Expect: 100-continue\r\n\r\n";
    connection.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 12];
    connection.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100");
    server.signal("TERM");
    server.says("stopping");
    server.signal("TERM");
    assert_eq!(server.wait(), 3);
}

#[test]
fn a_person_gets_one_plain_line() {
    let desk = desk();
    let mut child = desk.command(&["serve"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.starts_with("listening on 127.0.0.1:"), "{line}");
    assert!(line.contains(", issuer http://127.0.0.1:4400, store sqlite:/"), "{line}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let desk = desk();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = desk.run(&["serve", "--listen", &address]).ends(3);
    assert_eq!(ran.stdout, "");
    ran.complains(&[&address, "http.listen"]);
}

#[test]
fn what_is_wrong_is_said_before_it_starts() {
    let desk = desk();
    for (extra, words) in [
        ("[tokens]\naccess_ttl = \"2h\"", "tokens.access_ttl"),
        ("[tokens]\nalgorithm = \"HS256\"\nsecret = \"your-256-bit-secret\"", "well-known"),
        ("[log]\nlevel = \"inof\"", "inof"),
        ("[keys]\nmaster_key = \"short\"", "32 bytes"),
    ] {
        desk.write("jotgate.toml", format!("{CONFIG}{extra}\n"));
        desk.run(&["serve"]).ends(2).complains(&[words]);
    }
    desk.write("jotgate.toml", "issuer = \"http://auth.example.com\"\n");
    desk.run(&["serve"]).ends(2).complains(&["issuer", "https"]);
    desk.run(&["serve", "--config", "absent.toml"]).ends(3).complains(&["absent.toml"]);
}

#[test]
fn a_newer_database_is_left_alone() {
    let desk = desk();
    create(&desk, "ada@example.com", &[]).ends(0);
    let database = rusqlite::Connection::open(desk.path("jotgate.db")).unwrap();
    assert_eq!(database.execute("UPDATE meta SET number = 9999 WHERE name = 'schema'", []).unwrap(), 1);
    drop(database);
    desk.run(&["serve"]).ends(3).complains(&["9999", "newer"]);
}

#[test]
fn a_master_key_that_is_lost_is_asked_for() {
    let desk = desk();
    create(&desk, "ada@example.com", &[]).ends(0);
    let is_key = |name: &str| name.contains("master");
    let mut files = std::fs::read_dir(desk.path("")).unwrap().flatten();
    let key =
        files.find_map(|file| Some(file.path()).filter(|path| is_key(&path.to_string_lossy()))).expect("a key file");
    std::fs::remove_file(key).unwrap();
    desk.run(&["serve"]).ends(2).complains(&["JOTGATE_MASTER_KEY"]);
}

/// The whole circle: log in, and verify the token by the published keys.
#[tokio::test]
async fn tokens_verify_by_the_published_keys() {
    let desk = desk();
    let server = Server::start(&desk);
    let token = Probe::new(&server.url).register("ada@example.com").await.text("access_token");
    let keys = format!("{}/.well-known/jwks.json", server.url);
    let verify = |keys: &str| {
        let issuer = "http://127.0.0.1:4400";
        desk.run(&[
            "token",
            "verify",
            &token,
            "--keys",
            keys,
            "--issuer",
            issuer,
            "--audience",
            issuer,
            "--type",
            "at+jwt",
        ])
    };
    verify(&keys).ends(0);
    verify(&format!("{}/absent.json", server.url)).ends(3).complains(&["404"]);
    verify(&format!("{}/healthz", server.url)).ends(3).complains(&["cannot be used"]);
    verify("http://auth.example.com/jwks.json").ends(2).complains(&["https"]);
    let gone = server.url.clone();
    drop(server);
    verify(&gone).ends(3).complains(&["cannot be fetched"]);
}

#[test]
fn output_into_a_closed_pipe_is_no_failure() {
    let desk = desk();
    let script = format!("{} config reference | true", env!("CARGO_BIN_EXE_jotgate"));
    let output = Command::new("sh").args(["-c", &script]).current_dir(desk.path("")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
