//! `config check` and `config reference`.

use serde_json::{Value, json};

use crate::support::{Desk, finish};

const GOOD: &str = "issuer = \"https://auth.example.com\"\n";

#[test]
fn a_good_file_is_found_and_fine() {
    let desk = Desk::new();
    desk.write("jotgate.toml", GOOD);
    let ran = desk.run(&["config", "check"]).ends(0);
    assert!(ran.stdout.contains("jotgate.toml"), "{}", ran.stdout);
    let said = desk.run(&["config", "check", "--json"]).ends(0).json();
    assert_eq!(said, json!({"ok": true, "file": "jotgate.toml", "warnings": []}));
}

#[test]
fn problems_are_all_said_with_key_line_and_nearest_key() {
    let desk = Desk::new();
    desk.write("bad.toml", format!("{GOOD}[http]\nlissen = \"x\"\n[tokens]\naccess_tl = \"5m\"\n"));
    let ran = desk.run(&["config", "check", "--config", "bad.toml"]).ends(2);
    for words in ["line 3", "http.lissen", "did you mean `http.listen`?", "line 5", "`tokens.access_ttl`?"] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    let said = desk.run(&["--json", "config", "check", "--config", "bad.toml"]).ends(2).json();
    assert_eq!((&said["ok"], &said["file"]), (&json!(false), &json!("bad.toml")));
    assert_eq!(said["problems"][0]["key"], "http.lissen");
    assert_eq!(said["problems"][1]["line"], 5);
    let message = said["problems"][1]["message"].as_str().unwrap();
    assert!(message.contains("did you mean"), "{message}");
}

#[test]
fn warnings_are_said_and_are_no_problems() {
    let desk = Desk::new();
    desk.write("jotgate.toml", format!("{GOOD}[throttle]\nenabled = false\n"));
    let ran = desk.run(&["config", "check"]).ends(0);
    assert!(ran.stdout.contains("warning:") && ran.stdout.contains("throttle.enabled"), "{}", ran.stdout);
    let said = desk.run(&["config", "check", "--json"]).ends(0).json();
    assert_eq!(said["warnings"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_environment_counts_and_is_checked() {
    let desk = Desk::new();
    let with = |name: &str, value: &str| {
        let mut command = desk.command(&["config", "check"]);
        command.env("JOTGATE_ISSUER", "https://auth.example.com").env(name, value);
        finish(command, b"")
    };
    with("JOTGATE_HTTP__LISTEN", "0.0.0.0:1").ends(0);
    let ran = with("JOTGATE_HTTP__LISSEN", "0.0.0.0:1").ends(2);
    assert!(ran.stdout.contains("JOTGATE_HTTP__LISSEN"), "{}", ran.stdout);
    let ran = with("JOTGATE_LOG__LEVEL", "inof").ends(2);
    assert!(ran.stdout.contains("log.level") && ran.stdout.contains("inof"), "{}", ran.stdout);
    desk.write("other.toml", "issuer = 3");
    let mut command = desk.command(&["config", "check"]);
    command.env("JOTGATE_CONFIG", "other.toml");
    finish(command, b"").ends(2);
}

#[test]
fn without_any_configuration_the_way_out_is_said() {
    let desk = Desk::new();
    let ran = desk.run(&["config", "check"]).ends(2);
    assert!(ran.stdout.contains("issuer") && ran.stdout.contains("jotgate dev"), "{}", ran.stdout);
    desk.run(&["serve"]).ends(2).complains(&["issuer", "--config", "jotgate dev"]);
}

#[test]
fn files_that_cannot_be_read_are_the_environments_fault() {
    let desk = Desk::new();
    desk.run(&["config", "check", "--config", "absent.toml"]).ends(3).complains(&["absent.toml"]);
    desk.write("bytes.toml", b"\xff\xfe");
    desk.run(&["config", "check", "--config", "bytes.toml"]).ends(2).complains(&["UTF-8"]);
}

#[test]
fn the_reference_is_a_configuration_to_start_from() {
    let desk = Desk::new();
    let reference = desk.run(&["config", "reference"]).ends(0).stdout;
    desk.write("jotgate.toml", &reference);
    desk.run(&["config", "check"]).ends(0);
    for words in ["[http]", "# listen = \"127.0.0.1:4400\"", "[throttle]", "# access_ttl = \"10m\""] {
        assert!(reference.contains(words), "{words}: {reference}");
    }
    // Every default, taken at its word.
    let is_default = |line: &&str| line.contains(" = ") && !line.contains("    # ");
    let taken = reference.lines().filter(|line| line.starts_with('[') || is_default(line) && !line.contains(';'));
    let taken: Vec<_> = taken.map(|line| line.trim_start_matches("# ")).collect();
    desk.write("jotgate.toml", taken.join("\n"));
    desk.run(&["config", "check"]).ends(0);
    // A line that takes its `#` off is TOML, whatever it sets.
    let every_line: Vec<_> =
        reference.lines().filter_map(|line| line.strip_prefix("# ").filter(|key| key.contains(" = "))).collect();
    for key in every_line.into_iter().filter(|key| !key.contains(';') && !key.starts_with("The ")) {
        desk.write("jotgate.toml", format!("issuer = \"https://a.example\"\n[other]\n{key}\n"));
        let said = desk.run(&["config", "check"]).ends(2).stdout;
        assert!(said.contains("other") && !said.contains("not valid TOML"), "{key}: {said}");
    }
}

/// What only a start would find out is found out by the check, and nothing is made.
#[test]
fn what_a_start_would_refuse_is_refused() {
    let desk = Desk::new();
    for (extra, words) in [
        ("[store]\nurl = \"postgres://x\"", "must name the user and the database"),
        ("[store]\nurl = \"mysql://x\"", "a store is named as"),
        ("[keys]\nmaster_key = \"abc\"", "does not hold a master key"),
        ("[keys]\nmaster_key_file = \"nope\"", "cannot be used"),
        ("[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"", "tls.certificate"),
    ] {
        desk.write("jotgate.toml", format!("issuer = \"https://a.example\"\n{extra}\n"));
        let said = desk.run(&["config", "check"]).ends(2).stdout;
        assert!(said.contains(words), "{said}");
        desk.run(&["serve"]).ends(2).complains(&[words]);
        assert!(!desk.path("jotgate.db").exists(), "{extra}");
    }
}

#[test]
fn the_reference_is_there_for_programs_too() {
    let keys = Desk::new().run(&["config", "reference", "--json"]).ends(0).json_lines();
    let listen = keys.iter().find(|key| key["key"] == "http.listen").unwrap();
    assert_eq!(listen["default"], "\"127.0.0.1:4400\"");
    assert!(keys.iter().all(|key| key["meaning"].as_str().is_some_and(|meaning| !meaning.is_empty())));
    assert!(keys.iter().all(Value::is_object));
}
