//! `docs/reference/errors.md` is the two tables of codes, written out. A stale page is written anew, and the test fails once.

use std::fmt::Write;
use std::path::Path;

use jotgate_wire::{ErrorCode, VerificationCode};

#[test]
fn errors_md_is_fresh() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/errors.md");
    let fresh = errors();
    if std::fs::read_to_string(&page).unwrap_or_default() != fresh {
        std::fs::write(&page, fresh).unwrap();
        panic!("docs/reference/errors.md was stale and is written anew: commit it");
    }
}

fn errors() -> String {
    let mut page = String::from(
        "# Error codes\n\n\
         A code is stable for ever; a text is not. Every refusal on `/v1/*` and at a guarded API is a problem document\n\
         (RFC 9457) whose `code` is one of these, and whose `type` is `urn:jotgate:error:<code>`.\n\n\
         ## Tokens\n\n\
         The same words in the Rust crates, the command line and the logs. The status is that of a protected API (RFC 6750 §3).\n\n\
         | code | status | meaning |\n| --- | --- | --- |\n",
    );
    for code in VerificationCode::ALL {
        row(&mut page, code.as_str(), code.status(), code.title());
    }
    page.push_str("\n## Calls\n\n| code | status | meaning |\n| --- | --- | --- |\n");
    for code in ErrorCode::ALL {
        row(&mut page, code.as_str(), code.status(), code.title());
    }
    page
}

fn row(page: &mut String, code: &str, status: u16, title: &str) {
    let _ = writeln!(page, "| `{code}` | {status} | {title} |");
}
