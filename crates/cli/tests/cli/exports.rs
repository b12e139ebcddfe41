//! What other systems export, in the shapes they document, and what becomes of it. Each file has Ada, who logs in with her
//! old password, and accounts that are different in every way the system knows.

use serde_json::{Value, json};

use crate::probe::Probe;
use crate::server::{CONFIG, Server};
use crate::support::Desk;

/// An export, who is in it afterwards, and why the others are not.
struct Export {
    from: &'static str,
    file: &'static str,
    content: &'static str,
    /// Address, name, whether it is verified, whether it is closed, whether there is a password.
    accounts: &'static [(&'static str, Option<&'static str>, bool, bool, bool)],
    refused: &'static [&'static str],
}

const EXPORTS: &[Export] = &[
    Export {
        from: "express",
        file: "mongo.json",
        content: include_str!("exports/express.json"),
        accounts: &[
            ("ada@example.com", Some("Ada Lovelace"), true, false, true),
            ("closed@example.com", Some("Closed Account"), false, true, true),
        ],
        refused: &["no hash of a known kind"],
    },
    Export {
        from: "express",
        file: "table.csv",
        content: include_str!("exports/express.csv"),
        accounts: &[
            ("ada@example.com", Some("Ada, Countess"), true, false, true),
            ("b@example.com", None, false, true, true),
        ],
        refused: &[],
    },
    Export {
        from: "django",
        file: "dumpdata.json",
        content: include_str!("exports/django.json"),
        accounts: &[
            ("ada@example.com", Some("Ada Lovelace"), false, false, true),
            ("closed@example.com", None, false, true, true),
            ("unusable@example.com", Some("Only"), false, false, false),
        ],
        refused: &["has no e-mail address", "is not a user"],
    },
    Export {
        from: "supabase",
        file: "users.csv",
        content: include_str!("exports/supabase.csv"),
        accounts: &[
            ("ada@example.com", Some("Ada Lovelace"), true, false, true),
            ("banned@example.com", None, false, true, true),
            ("google@example.com", Some("G"), true, false, false),
        ],
        refused: &["was deleted there", "anonymous"],
    },
    Export {
        from: "auth0",
        file: "hashes.jsonl",
        content: include_str!("exports/auth0.jsonl"),
        accounts: &[
            ("ada@example.com", None, true, false, true),
            ("blocked@example.com", Some("Blocked"), false, true, false),
        ],
        refused: &[],
    },
    Export {
        from: "keycloak",
        file: "realm.json",
        content: include_str!("exports/keycloak.json"),
        accounts: &[
            ("ada@example.com", Some("Ada Lovelace"), true, false, true),
            ("old@example.com", None, false, false, true),
            ("closed@example.com", None, false, true, false),
        ],
        refused: &["service account", "hashed with `home-made`"],
    },
    Export {
        from: "firebase",
        file: "users.json",
        content: include_str!("exports/firebase.json"),
        accounts: &[
            ("ada@example.com", Some("Ada"), true, false, true),
            ("closed@example.com", None, false, true, true),
            ("google@example.com", None, true, false, false),
        ],
        refused: &["has no e-mail address"],
    },
];

const HASH_CONFIG: &str = "hash_config {
  algorithm: SCRYPT,
  base64_signer_key: BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 5,
}";

async fn check(export: &Export) {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    desk.write(export.file, export.content);
    desk.write("hash-config.txt", HASH_CONFIG);
    let mut arguments = vec!["users", "import", export.file, "--from", export.from, "--json"];
    if export.from == "firebase" {
        arguments.extend(["--hash-config", "hash-config.txt"]);
    }
    let ran = desk.run(&arguments).ends(i32::from(!export.refused.is_empty()));
    let said = ran.json_lines();
    let (last, refused) = said.split_last().unwrap();
    let expected =
        json!({"imported": export.accounts.len(), "known": 0, "refused": export.refused.len(), "dry_run": false});
    assert_eq!(*last, expected, "{}", ran.stdout);
    for words in export.refused {
        assert!(refused.iter().any(|line| line["reason"].as_str().unwrap().contains(words)), "{words}: {}", ran.stdout);
    }
    for (email, name, verified, closed, password) in export.accounts {
        let shown = desk.run(&["users", "show", email, "--json"]).ends(0).json();
        let found = (&shown["name"], &shown["email_verified"], &shown["has_password"]);
        assert_eq!(found, (&json!(name), &json!(verified), &json!(password)), "{shown}");
        assert_eq!(shown["disabled_at"] != Value::Null, *closed, "{shown}");
    }
    let made = desk.run(&["users", "show", "ada@example.com", "--json"]).ends(0).json();
    assert!(
        made["created_at"].as_str().unwrap().starts_with(if export.file == "hashes.jsonl" {
            "20"
        } else {
            "2021-03-04"
        }),
        "{made}"
    );
    let server = Server::start(&desk);
    Probe::new(&server.url).log_in("ada@example.com").await.ok(200);
}

macro_rules! exports {
    ($($name:ident $index:literal)*) => {
        $(#[tokio::test] async fn $name() { check(&EXPORTS[$index]).await; })*
    };
}

exports! {
    a_mongoexport_of_express 0
    a_table_of_express 1
    a_dumpdata_of_django 2
    a_table_of_supabase 3
    hashes_of_auth0 4
    a_realm_of_keycloak 5
    an_auth_export_of_firebase 6
}

#[test]
fn firebase_needs_its_parameters() {
    let desk = Desk::new();
    desk.write("jotgate.toml", CONFIG);
    desk.write("users.json", "{\"users\":[]}");
    let run = |more: &[&str]| desk.run(&[&["users", "import", "users.json", "--from"], more].concat());
    run(&["firebase"]).ends(2).complains(&["--hash-config"]);
    desk.write("hash-config.txt", "hash_config { algorithm: SCRYPT, rounds: 8 }");
    run(&["firebase", "--hash-config", "hash-config.txt"]).ends(2).complains(&["base64_signer_key"]);
    desk.write("hash-config.txt", HASH_CONFIG.replace("SCRYPT", "HMAC_SHA256"));
    run(&["firebase", "--hash-config", "hash-config.txt"]).ends(2).complains(&["not those of SCRYPT"]);
    run(&["auth0", "--hash-config", "hash-config.txt"]).ends(2);
}
