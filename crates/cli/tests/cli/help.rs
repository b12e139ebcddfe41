//! Help on every level, completions, manual pages.

use crate::support::Desk;

/// Every command of the tree, by the names of the manual pages.
fn commands(desk: &Desk) -> Vec<Vec<String>> {
    desk.run(&["man", "man"]).ends(0);
    let pages = std::fs::read_dir(desk.path("man")).unwrap().flatten();
    let names = pages.map(|page| page.file_name().to_string_lossy().trim_end_matches(".1").to_owned());
    names.map(|name| name.splitn(3, '-').skip(1).map(str::to_owned).collect()).collect()
}

#[test]
fn every_command_has_help_with_an_example_and_a_manual_page() {
    let desk = Desk::new();
    let commands = commands(&desk);
    assert!(commands.len() > 25, "{commands:?}");
    for command in commands {
        let arguments: Vec<_> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let ran = desk.run(&arguments).ends(0);
        assert!(ran.stdout.contains("Example"), "{command:?} has no example:\n{}", ran.stdout);
        assert!(ran.stdout.contains("--json"), "{command:?} has no --json");
    }
}

#[test]
fn what_is_not_built_is_not_there() {
    let desk = Desk::new();
    for absent in ["audit", "store"] {
        desk.run(&[absent]).ends(2);
    }
    desk.run(&["users", "import"]).ends(2);
    desk.run(&["users", "set"]).ends(2);
}

#[test]
fn wrong_usage_ends_with_2_and_says_what_is_right() {
    let desk = Desk::new();
    desk.run(&[]).ends(2).complains(&["Usage: jotgate"]);
    desk.run(&["tokn"]).ends(2).complains(&["tokn", "token"]);
    desk.run(&["token", "verify", "x"]).ends(2).complains(&["--keys", "--issuer", "--audience"]);
    desk.run(&["serve", "--listen", "4400"]).ends(2).complains(&["127.0.0.1:4400"]);
    desk.run(&["jwk", "generate"]).ends(2);
    desk.run(&["jwk", "generate", "none"]).ends(2).complains(&["none"]);
    desk.run(&["sessions", "end"]).ends(2);
    assert!(desk.run(&["--version"]).ends(0).stdout.starts_with("jotgate "));
}

#[test]
fn shells_learn_the_commands() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = desk.run(&["completions", shell]).ends(0).stdout;
        assert!(script.contains("jotgate") && script.contains("thumbprint"), "{shell}");
    }
    let script = desk.run(&["completions", "fish", "--json"]).ends(0).json();
    assert!(script["script"].as_str().is_some_and(|script| script.contains("thumbprint")));
    desk.run(&["completions", "abacus"]).ends(2);
}

#[test]
fn manual_pages_need_a_folder_that_can_be_written() {
    let desk = Desk::new();
    desk.write("file", "");
    assert_eq!(desk.run(&["man", "man", "--json"]).ends(0).json()["dir"], "man");
    desk.run(&["man", "file"]).ends(3).complains(&["file"]);
}
