//! `dev`: the printed commands, pasted.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use jotgate_testkit::skip;
use serde_json::Value;

use crate::support::Desk;

struct Dev {
    child: Child,
    screen: Vec<String>,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Dev {
    /// Starts it, and reads the screen up to its last line. The temporary folder has a space and a quote in its name.
    fn start(desk: &Desk) -> Self {
        std::fs::create_dir_all(desk.path("it's here")).unwrap();
        let mut command = desk.command(&["dev", "--listen", "127.0.0.1:0"]);
        command.env("TMPDIR", desk.path("it's here")).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut screen: Vec<String> = Vec::new();
        while !screen.last().is_some_and(|line| line.contains("/healthz")) {
            let mut line = String::new();
            assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "it ended: {screen:?}");
            screen.push(line.trim_end().to_owned());
        }
        Self { child, screen, stdout }
    }

    fn curls(&self) -> Vec<String> {
        self.screen.iter().filter(|line| line.starts_with("curl ")).cloned().collect()
    }

    /// Interrupts it, as Ctrl-C does.
    fn interrupt(mut self) -> i32 {
        let script = format!("kill -INT {}", self.child.id());
        Command::new("sh").args(["-c", &script]).status().unwrap();
        self.stdout.read_to_string(&mut String::new()).unwrap();
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

fn shell(line: &str) -> String {
    let output = Command::new("sh").args(["-c", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn curl_is_here(test: &str) -> bool {
    let here =
        Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    if !here {
        skip::aloud(test, "curl is not here");
    }
    here
}

#[test]
fn the_printed_lines_work_as_they_are() {
    if !curl_is_here("the_printed_lines_work_as_they_are") {
        return;
    }
    let desk = Desk::new();
    let dev = Dev::start(&desk);
    let curls = dev.curls();
    let [log_in, me, refresh, forgot, administer, log_out] = curls.as_slice() else { panic!("{:?}", dev.screen) };
    let json = |line: &str| serde_json::from_str::<Value>(&shell(line)).unwrap();
    let code = |line: &str| json(line)["code"].as_str().map(str::to_owned);
    // Each works by itself before anybody has logged in by hand.
    assert_eq!(json(me)["email"], "demo@example.com");
    assert_eq!(json(administer)["users"][1]["email"], "admin@example.com");
    for _ in 0..2 {
        let first = json(log_in);
        assert_eq!(first["user"]["email"], "demo@example.com", "{first}");
        assert_eq!(json(me)["email"], "demo@example.com");
        let second = json(refresh);
        assert_ne!(second["refresh_token"], first["refresh_token"]);
        assert_eq!(second["session_id"], first["session_id"]);
        assert!(json(refresh)["access_token"].is_string());
        assert_eq!(json(me)["email"], "demo@example.com");
        assert_eq!(shell(log_out).trim(), "204");
        assert_eq!(code(me).as_deref(), Some("session_ended"));
    }
    assert_eq!(code(refresh).as_deref(), Some("session_ended"));
    assert_eq!(shell(forgot).trim(), "202");
}

#[test]
fn the_published_documents_are_where_it_says() {
    if !curl_is_here("the_published_documents_are_where_it_says") {
        return;
    }
    let desk = Desk::new();
    let dev = Dev::start(&desk);
    let addresses: Vec<_> =
        dev.screen.iter().map(|line| line.trim()).filter(|line| line.starts_with("http://")).collect();
    assert_eq!(addresses.len(), 5, "{:?}", dev.screen);
    assert!(addresses.iter().any(|address| address.ends_with("/openapi.json")), "{:?}", dev.screen);
    for address in addresses {
        shell(&format!("curl -sSf {address}"));
    }
}

#[test]
fn it_leaves_nothing_behind() {
    let desk = Desk::new();
    let dev = Dev::start(&desk);
    let temporary = || std::fs::read_dir(desk.path("it's here")).unwrap().count();
    assert_eq!(temporary(), 1);
    assert_eq!(dev.interrupt(), 0);
    assert_eq!(temporary(), 0);
}

#[test]
fn a_port_that_is_taken_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let desk = Desk::new();
    desk.run(&["dev", "--listen", &address]).ends(3).complains(&[&address, "--listen"]);
    desk.run(&["dev", "--listen", "192.0.2.1:4400"]).ends(2).complains(&["plain http"]);
    desk.run(&["dev", "--listen", "nowhere"]).ends(2);
}
