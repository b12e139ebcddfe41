//! `jotgate users import`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::probe::Probe;
use crate::server::{CONFIG, Server};
use crate::support::{Desk, Ran};

/// The password of [`Probe`] by bcrypt with cost 4.
const BCRYPT: &str = "$2b$04$BDuzAzd4UuPqhm5KIHIxE.rYWiz0knV1eAV8Kp9H09ssPw9wohVM2";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    desk
}

fn import(desk: &Desk, file: &str, more: &[&str]) -> Ran {
    desk.run(&[&["users", "import", file], more].concat())
}

/// What an import said of numbers.
#[track_caller]
fn numbers(ran: &Ran) -> [u64; 3] {
    let last = ran.json_lines().pop().unwrap();
    ["imported", "known", "refused"].map(|name| last[name].as_u64().unwrap())
}

fn shown(desk: &Desk, email: &str) -> Value {
    desk.run(&["users", "show", email, "--json"]).ends(0).json()
}

#[tokio::test]
async fn people_log_in_with_the_password_they_had() {
    let desk = desk();
    let lines = [
        json!({"email": "Ada@example.com", "password_hash": BCRYPT, "name": "Ada", "roles": ["admin"], "email_verified": true,
               "created_at": "2020-02-02T02:02:02Z", "id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}),
        json!({"email": "closed@example.com", "password_hash": BCRYPT, "disabled": true}),
        json!({"email": "social@example.com"}),
    ];
    desk.write("users.jsonl", lines.map(|line| line.to_string() + "\n").concat());
    let ran = import(&desk, "users.jsonl", &[]).ends(0).complains(&["making the database"]);
    assert!(ran.stdout.contains("3 imported"), "{}", ran.stdout);
    let ada = shown(&desk, "ada@example.com");
    assert_eq!(
        (&ada["email"], &ada["name"], &ada["roles"]),
        (&json!("Ada@example.com"), &json!("Ada"), &json!(["admin"]))
    );
    assert_eq!((&ada["email_verified"], &ada["created_at"]), (&json!(true), &json!("2020-02-02T02:02:02Z")));
    assert_eq!(ada["id"], "3f2504e0-4f89-41d3-9a0c-0305e82c3301");
    assert_eq!(shown(&desk, "social@example.com")["has_password"], false);
    let server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    probe.log_in("ada@example.com").await.ok(200);
    assert_eq!(probe.log_in("closed@example.com").await.ok(403).body["code"], "account_disabled");
    assert_eq!(probe.log_in("social@example.com").await.ok(401).body["code"], "invalid_credentials");
    // The hash is ours now.
    assert!(hash(&desk, "ada@example.com").starts_with("$argon2id$"));
    probe.log_in("ada@example.com").await.ok(200);
}

fn hash(desk: &Desk, email: &str) -> String {
    let database = rusqlite::Connection::open(desk.path("jotgate.db")).unwrap();
    database.query_row("SELECT password_hash FROM users WHERE email_key = ?1", [email], |row| row.get(0)).unwrap()
}

#[test]
fn a_second_import_adds_nothing_and_says_so() {
    let desk = desk();
    let line = |number: u32| format!("{{\"email\":\"user{number}@example.com\",\"password_hash\":\"{BCRYPT}\"}}\n");
    desk.write("users.jsonl", (0..600).map(line).collect::<String>());
    desk.write("more.jsonl", (0..900).map(line).collect::<String>());
    assert_eq!(numbers(&import(&desk, "users.jsonl", &["--json"]).ends(0)), [600, 0, 0]);
    let again = import(&desk, "users.jsonl", &[]).ends(0);
    assert!(again.stdout.contains("0 imported") && again.stdout.contains("600 were there already"), "{}", again.stdout);
    // As after an interruption: what is missing is made.
    assert_eq!(numbers(&import(&desk, "more.jsonl", &["--json", "--dry-run"]).ends(0)), [300, 600, 0]);
    assert_eq!(numbers(&import(&desk, "more.jsonl", &["--json"]).ends(0)), [300, 600, 0]);
    assert_eq!(desk.run(&["users", "list", "--limit", "2000", "--json"]).ends(0).json_lines().len(), 900);
}

#[test]
fn every_refused_account_is_told_with_its_reason() {
    let desk = desk();
    desk.write(
        "users.jsonl",
        format!(
            "\u{feff}{{\"email\":\"good@example.com\",\"password_hash\":\"{BCRYPT}\"}}\n\
             \n\
             {{\"email\":\"no-address\"}}\n\
             {{\"email\":\"plain@example.com\",\"password_hash\":\"hunter2hunter2\"}}\n\
             {{\"email\":\"md5@example.com\",\"password_hash\":\"md5$salt$5f4dcc3b5aa765d61d8327deb882cf99\"}}\n\
             {{\"email\":\"bomb@example.com\",\"password_hash\":\"$2b$31$BDuzAzd4UuPqhm5KIHIxE.rYWiz0knV1eAV8Kp9H09ssPw9wohVM2\"}}\n\
             {{\"email\":\"GOOD@example.com\"}}\n\
             {{\"email\":\"typo@example.com\",\"pasword_hash\":\"x\"}}\n\
             {{\"email\":\"cut@example.com\"\n\
             [1]\n\
             {{\"email\":\"soon@example.com\",\"created_at\":\"2999-01-01T00:00:00Z\"}}\n\
             {{\"name\":\"Nobody\"}}\n\
             {{\"email\":\"last@example.com\"}}"
        ),
    );
    let ran = import(&desk, "users.jsonl", &["--refused", "refused.jsonl", "--json"]).ends(1);
    assert_eq!(numbers(&ran), [2, 0, 10]);
    let refused = desk.read("refused.jsonl");
    let expected = [
        (3, "no @"),
        (4, "no hash of a known kind"),
        (5, "MD5, which is too weak"),
        (6, "its cost is not from 4 to 15"),
        (7, "has the address of line 1"),
        (8, "`pasword_hash` is not a member"),
        (9, "is not JSON"),
        (10, "is not a JSON object"),
        (11, "time of its making"),
        (12, "has no e-mail address"),
    ];
    // Reasons of a whole group come after those of reading it.
    let mut told: Vec<Value> = refused.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    told.sort_by_key(|line| line["line"].as_u64());
    assert_eq!(told.len(), expected.len(), "{refused}");
    for (line, (number, words)) in told.iter().zip(expected) {
        assert_eq!(line["line"], number, "{line}");
        assert!(line["reason"].as_str().unwrap().contains(words), "{line}");
    }
    assert!(!refused.contains("hunter2") && !ran.stdout.contains("hunter2"));
    import(&desk, "users.jsonl", &["--refused", "refused.jsonl"]).ends(2).complains(&["exists"]);
    let people = import(&desk, "users.jsonl", &[]).ends(1);
    assert!(people.stdout.contains("line 3: the address has no @"), "{}", people.stdout);
}

#[test]
fn a_dry_run_changes_nothing() {
    let desk = desk();
    desk.write("users.jsonl", "{\"email\":\"a@example.com\"}\n{\"email\":\"b\"}\n");
    let refused = &["--dry-run", "--refused", "refused.jsonl"];
    import(&desk, "users.jsonl", refused).ends(3).complains(&["there is no database"]);
    assert!(!desk.path("refused.jsonl").exists(), "nothing was begun");
    desk.write("none.jsonl", "");
    import(&desk, "none.jsonl", &[]).ends(0);
    assert_eq!(numbers(&import(&desk, "users.jsonl", &["--dry-run", "--json"]).ends(1)), [1, 0, 1]);
    desk.run(&["users", "show", "a@example.com"]).ends(1);
}

#[test]
fn files_that_cannot_be_read_are_told() {
    let desk = desk();
    import(&desk, "absent.jsonl", &[]).ends(3).complains(&["absent.jsonl"]);
    desk.write("broken.json", "{\n\"people\": []\n}");
    import(&desk, "broken.json", &[]).ends(2).complains(&["neither JSON Lines"]);
    desk.write("broken.csv", b"email,name\nada@example.com\n\"b@example.com\",\xff\nc@example.com,C\n");
    let ran = import(&desk, "broken.csv", &["--json"]).ends(1);
    assert_eq!(numbers(&ran), [1, 0, 2]);
    assert!(
        ran.stdout.contains("has 1 fields, and the head has 2") && ran.stdout.contains("not UTF-8"),
        "{}",
        ran.stdout
    );
    desk.write(
        "long.jsonl",
        format!("{{}}\n{{\"email\":\"{}\"}}\n{{\"email\":\"d@example.com\"}}\n", "x".repeat(3_000_000)),
    );
    let ran = import(&desk, "long.jsonl", &["--json"]).ends(1);
    assert_eq!(numbers(&ran), [1, 0, 2]);
    assert!(ran.stdout.contains("longer than a MiB"), "{}", ran.stdout);
}

/// A desk with a file of two rows, of which the first is whole, and then what stands here.
fn after_one_row(rest: &str) -> (Desk, Ran) {
    let desk = desk();
    desk.write("users.csv", format!("email,name\na@example.com,\"A\nA\"\n{rest}"));
    let ran = import(&desk, "users.csv", &["--json"]);
    (desk, ran)
}

#[test]
fn a_quote_that_is_not_closed_takes_nothing_with_it_unseen() {
    for rest in [
        "b@example.com,\"B\nc@example.com,C\nd@example.com,D\n",
        "\"b@example.com,B\nc@example.com,C\nd@example.com,D",
        "b@example.com,\"B\r\nc@example.com,\"\"C\r\n",
        "b@example.com,\"B\nc@example.com,\"\"",
    ] {
        let (_desk, ran) = after_one_row(rest);
        let ran = ran.ends(1);
        assert!(ran.stdout.contains("has a quote that is not closed"), "{}", ran.stdout);
        assert!(ran.stdout.contains("\"line\":4"), "{}", ran.stdout);
    }
    let long = format!("b@example.com,\"B\n{}", "c@example.com,C\n".repeat(200_000));
    let (desk, ran) = after_one_row(&long);
    ran.ends(3).complains(&["line 4", "longer than a MiB", "is a quote not closed?"]);
    desk.write("long.csv", format!("email,\"name\n{}", "c@example.com,C\n".repeat(200_000)));
    import(&desk, "long.csv", &[]).ends(3).complains(&["longer than a MiB"]);
}

#[test]
fn a_quote_that_is_not_closed_in_the_head_takes_no_account_with_it() {
    for rest in [
        "a@example.com,A\nb@example.com,B\n",
        "a@example.com,\"A\"\nb@example.com,B\n",
        "a@example.com,A\rb@example.com,B",
    ] {
        let desk = desk();
        desk.write("users.csv", format!("email,\"name\n{rest}"));
        import(&desk, "users.csv", &[]).ends(3).complains(&["users.csv", "head", "a quote that is not closed"]);
    }
}

#[test]
fn a_file_may_be_large_and_its_last_row_may_have_lines() {
    let rows = format!("b@,{}\n", "x".repeat(40)).repeat(40_000);
    let (_desk, ran) = after_one_row(&format!("{rows}c@example.com,\"C\nC\"\n"));
    let [.., refused] = numbers(&ran.ends(1));
    assert_eq!(refused, 40_002, "names have no line in them, and addresses are whole");
}

/// The column is one that nobody reads, so that nothing else would tell.
#[test]
fn a_quote_that_the_next_one_closes_takes_no_account_with_it() {
    let desk = desk();
    let rows = [
        "a@example.com,A,\"oops",
        "b@example.com,B,\"fine\"",
        "c@example.com,C,\"\"\"x\"\"",
        "\"\"\"",
        "d@example.com,D,5\" x",
    ];
    for (file, mark, end) in [("a.csv", "", "\n"), ("b.csv", "\u{feff}", "\n")] {
        desk.write(file, format!("{mark}\"email\",name,notes{end}{}", rows.join(end)));
        let ran = import(&desk, file, &["--from", "express", "--json"]).ends(1);
        assert!(ran.stdout.contains("\"line\":2,\"reason\":\"has a quote that is not closed"), "{}", ran.stdout);
        let [imported, known, refused] = numbers(&ran);
        assert_eq!((imported + known, refused), (2, 1));
    }
}

#[test]
fn a_row_is_named_by_the_line_it_begins_in() {
    let desk = desk();
    let rows = ["email,name", "", "a@,A", "b@,\"B", "", "B\"", "", "", "c@,C", "d@,\"", ""];
    for (file, mark, end) in [("a.csv", "", "\n"), ("b.csv", "\u{feff}", "\r\n")] {
        desk.write(file, format!("{mark}{}", rows.join(end)));
        let ran = import(&desk, file, &["--json"]).ends(1);
        let lines = ran.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()?["line"].as_u64());
        assert_eq!(lines.collect::<BTreeSet<_>>(), [3, 4, 9, 10].into(), "{file}");
    }
}
