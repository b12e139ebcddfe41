//! `docs/reference/configuration.md` is the table of keys, written out. A stale page is written anew, and the test fails once.

use std::fmt::Write;
use std::path::Path;

use jotgate_server::config::reference;

#[test]
fn configuration_md_is_fresh() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/configuration.md");
    let fresh = configuration();
    if std::fs::read_to_string(&page).unwrap_or_default() != fresh {
        std::fs::write(&page, fresh).unwrap();
        panic!("docs/reference/configuration.md was stale and is written anew: commit it");
    }
}

fn configuration() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         One TOML file; every key has a default except `issuer`. The environment wins over the file: `JOTGATE_HTTP__LISTEN`\n\
         is `listen` in `[http]`. `JOTGATE_MASTER_KEY` and `JOTGATE_MASTER_KEY_FILE` are short for the two keys in `[keys]`.\n\
         `jotgate config check` says what is wrong and on which line.\n\n\
         | key | default | meaning |\n| --- | --- | --- |\n",
    );
    for key in reference() {
        let _ = writeln!(page, "| `{}` | `{}` | {} |", key.path, key.default, key.meaning);
    }
    page
}
