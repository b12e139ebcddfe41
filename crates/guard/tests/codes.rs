//! The same words everywhere: in the library that verifies, in the table of codes, and in the documents.

use jotgate_guard::VerificationCode;
use jotgate_jose::Code;

#[test]
fn every_code_of_jose_has_its_row_in_the_table() {
    for code in Code::ALL {
        let row = code.as_str().parse::<VerificationCode>();
        assert!(row.is_ok(), "`{}` is missing in crates/wire/src/code.rs", code.as_str());
    }
}

#[test]
fn the_readme_and_the_crate_show_the_same_example() {
    let readme = include_str!("../../../README.md");
    let head = include_str!("../src/lib.rs");
    let in_readme = readme.split("```rust,no_run\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let in_head = head.split("doc = \"```ignore\")]\n").nth(1).and_then(|rest| rest.split("//! ```").next()).unwrap();
    let in_head = in_head.replace("//! ", "").replace("//!", "");
    assert_eq!(in_readme, in_head, "copy the example from one to the other");
}
