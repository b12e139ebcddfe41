//! `jwk generate`, `thumbprint`, `public`, `convert`.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::Desk;

const ALGORITHMS: [&str; 10] =
    ["EdDSA", "ES256", "ES384", "ES512", "RS256", "PS256", "HS256", "HS512", "ML-DSA-44", "ML-DSA-65"];

fn mode(desk: &Desk, name: &str) -> u32 {
    std::fs::metadata(desk.path(name)).unwrap().permissions().mode() & 0o777
}

#[test]
fn every_kind_of_key_is_made_and_named_by_its_thumbprint() {
    let desk = Desk::new();
    for algorithm in ALGORITHMS {
        let jwk = desk.run(&["jwk", "generate", algorithm]).ends(0);
        let key = jwk.json();
        assert_eq!(key["alg"], algorithm);
        let printed = desk.run_with(&["jwk", "thumbprint", "-"], jwk.stdout.as_bytes()).ends(0);
        assert_eq!(key["kid"], printed.stdout.trim());
    }
    let named = desk.run(&["jwk", "generate", "--algorithm", "ES256", "--kid", "2026-11"]).ends(0).json();
    assert_eq!(named["kid"], "2026-11");
}

#[test]
fn a_key_file_is_for_its_owner_and_is_not_overwritten_by_mistake() {
    let desk = Desk::new();
    let said = desk.run(&["jwk", "generate", "ES256", "--out", "key.jwk"]).ends(0);
    let first = desk.read("key.jwk");
    let secret = serde_json::from_str::<Value>(&first).unwrap()["d"].as_str().unwrap().to_owned();
    assert!(!said.stdout.contains(&secret) && !said.stderr.contains(&secret));
    assert_eq!(mode(&desk, "key.jwk"), 0o600);
    desk.run(&["jwk", "generate", "ES256", "--out", "key.jwk"]).ends(2).complains(&["key.jwk", "--force"]);
    assert_eq!(desk.read("key.jwk"), first);
    std::fs::set_permissions(desk.path("key.jwk"), PermissionsExt::from_mode(0o644)).unwrap();
    let json = desk.run(&["--json", "jwk", "generate", "ES256", "--out", "key.jwk", "--force"]).ends(0).json();
    assert_eq!((&json["file"], &json["algorithm"]), (&json!("key.jwk"), &json!("ES256")));
    assert_ne!(desk.read("key.jwk"), first);
    assert_eq!(mode(&desk, "key.jwk"), 0o600);
    desk.run(&["jwk", "generate", "ES256", "--out", "absent/key.jwk"]).ends(3).complains(&["absent/key.jwk"]);
    desk.run(&["jwk", "generate", "ES256", "--force"]).ends(2);
}

#[test]
fn what_is_public_has_no_private_member() {
    let desk = Desk::new();
    for algorithm in ["EdDSA", "ES256", "RS256", "ML-DSA-44"] {
        let private = desk.run(&["jwk", "generate", algorithm]).ends(0);
        let public = desk.run_with(&["jwk", "public", "-"], private.stdout.as_bytes()).ends(0);
        let (private, key) = (private.json(), public.json());
        for member in ["d", "p", "q", "dp", "dq", "qi", "priv", "k"] {
            assert!(key.get(member).is_none(), "{algorithm} shows `{member}`");
        }
        assert_eq!((&key["kid"], &key["alg"]), (&private["kid"], &private["alg"]));
        let again = desk.run_with(&["jwk", "public", "-"], public.stdout.as_bytes()).ends(0);
        assert_eq!(again.stdout, public.stdout);
    }
    let secret = desk.run(&["jwk", "generate", "HS256"]).ends(0);
    let refused = desk.run_with(&["jwk", "public", "-"], secret.stdout.as_bytes()).ends(2);
    let k = secret.json()["k"].as_str().unwrap().to_owned();
    assert!(!refused.stdout.contains(&k) && !refused.stderr.contains(&k));
}

#[test]
fn a_set_stays_a_set() {
    let desk = Desk::new();
    let [one, two] = ["ES256", "EdDSA"].map(|algorithm| desk.run(&["jwk", "generate", algorithm]).ends(0).stdout);
    desk.write("set.json", format!("{{\"keys\":[{one},{two}]}}"));
    let set = desk.run(&["jwk", "public", "set.json"]).ends(0).json();
    assert_eq!(set["keys"].as_array().map(Vec::len), Some(2));
    assert!(set["keys"][0].get("d").is_none());
    assert_eq!(desk.run(&["jwk", "thumbprint", "set.json"]).ends(0).stdout.lines().count(), 2);
    let printed = desk.run(&["jwk", "thumbprint", "set.json", "--json"]).ends(0).json_lines();
    assert_eq!(printed[1]["kid"], printed[1]["thumbprint"]);
    desk.run(&["jwk", "convert", "set.json", "--to", "pem"]).ends(2).complains(&["several"]);
    desk.write("twice.json", format!("{{\"keys\":[{one},{one}]}}"));
    desk.run(&["jwk", "public", "twice.json"]).ends(2).complains(&["kid"]);
    desk.write("empty.json", "{\"keys\":[]}");
    desk.run(&["jwk", "public", "empty.json"]).ends(2).complains(&["empty"]);
}

#[test]
fn keys_survive_the_journey_through_pem_and_der() {
    let desk = Desk::new();
    for algorithm in ["EdDSA", "ES256", "ES384", "RS256", "ML-DSA-44"] {
        desk.run(&["jwk", "generate", algorithm, "--out", "key.jwk", "--force"]).ends(0);
        let (private, public) = (desk.read("key.jwk"), desk.run(&["jwk", "public", "key.jwk"]).ends(0).stdout);
        for form in ["pem", "der"] {
            desk.run(&["jwk", "convert", "key.jwk", "--to", form, "--out", "key", "--force"]).ends(0);
            assert_eq!(mode(&desk, "key"), 0o600, "a private key in {form}");
            let back = ["jwk", "convert", "key", "--algorithm", algorithm, "--to", "jwk"];
            assert_eq!(desk.run(&back).ends(0).stdout, private, "{algorithm} through {form}");
            desk.write("public.jwk", &public);
            let made = desk.run(&["jwk", "convert", "public.jwk", "--to", form]).ends(0);
            desk.write("public", &made.bytes);
            let back = ["jwk", "convert", "public", "--algorithm", algorithm, "--to", "jwk"];
            assert_eq!(desk.run(&back).ends(0).stdout, public, "public {algorithm} through {form}");
        }
    }
    let pem = desk.run(&["jwk", "convert", "key.jwk", "--to", "pem"]).ends(0).stdout;
    let json = desk.run(&["jwk", "convert", "key.jwk", "--to", "pem", "--json"]).ends(0).json();
    assert_eq!(json["pem"], pem);
    assert!(desk.run(&["jwk", "convert", "key.jwk", "--to", "der", "--json"]).ends(0).json()["der_base64"].is_string());
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n") && pem.ends_with("-----END PRIVATE KEY-----\n"));
}

#[test]
fn the_type_of_a_key_implies_its_algorithm_except_for_rsa() {
    let desk = Desk::new();
    for (algorithm, implied) in [("ES256", true), ("EdDSA", true), ("RS256", false)] {
        let jwk = desk.run(&["jwk", "generate", algorithm]).ends(0).stdout;
        let pem = desk.run_with(&["jwk", "convert", "-", "--to", "pem"], jwk.as_bytes()).ends(0).stdout;
        let ran = desk.run_with(&["jwk", "public", "-"], pem.as_bytes());
        if implied {
            assert_eq!(ran.ends(0).json()["alg"], algorithm);
        } else {
            ran.ends(2).complains(&["--algorithm"]);
            desk.run_with(&["jwk", "thumbprint", "-"], pem.as_bytes()).ends(0);
        }
    }
}

#[test]
fn hmac_secrets_have_no_pem() {
    let desk = Desk::new();
    let jwk = desk.run(&["jwk", "generate", "HS256"]).ends(0).stdout;
    desk.run_with(&["jwk", "convert", "-", "--to", "pem"], jwk.as_bytes()).ends(2);
}

#[test]
fn files_with_the_wrong_content_are_refused_and_not_quoted() {
    let desk = Desk::new();
    let cases: [(&str, &[u8]); 9] = [
        ("empty", b""),
        ("blank", b" \n\n"),
        ("a text", b"hunter2hunter2hunter2"),
        ("an array", b"[\"hunter2hunter2hunter2\"]"),
        ("broken JSON", b"{\"kty\":\"oct\",\"k\":\"hunter2hunter2hunter2"),
        ("not base64url", b"{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"hunter2 hunter2 hunter2!\"}"),
        ("broken PEM", b"-----BEGIN PRIVATE KEY-----\nhunter2hunter2hunter2\n-----END PRIVATE KEY-----\n"),
        ("broken DER", b"\x30\x82\xff\xff\x00"),
        ("an unknown type", b"{\"kty\":\"hunter2\",\"alg\":\"HS256\"}"),
    ];
    for (what, content) in cases {
        desk.write("key", content);
        for command in
            [&["jwk", "public", "key"][..], &["jwk", "thumbprint", "key"], &["jwk", "convert", "key", "--to", "jwk"]]
        {
            let ran = desk.run(command).ends(2).complains(&["key"]);
            assert!(!ran.stderr.contains("hunter2hunter2"), "{what}: {}", ran.stderr);
        }
    }
    desk.write("large", vec![b'x'; 2 * 1024 * 1024]);
    desk.run(&["jwk", "public", "large"]).ends(2).complains(&["larger"]);
    desk.run(&["jwk", "public", "absent"]).ends(3).complains(&["absent"]);
    desk.run(&["jwk", "public", "."]).ends(3);
}
