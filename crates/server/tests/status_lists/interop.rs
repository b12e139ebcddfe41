//! Our lists read by `@sd-jwt/jwt-status-list` for Node.js, which knows nothing of us.
//!
//! `cargo xtask test` fetches it; where it is not, the test says that it skipped itself.

use std::process::Command;

use jotgate_testkit::interop::library;
use serde_json::json;

use crate::site::Site;

const READ: &str = "
    import { getListFromStatusListJWT } from '@sd-jwt/jwt-status-list';
    const list = getListFromStatusListJWT(process.argv[1]);
    console.log(process.argv.slice(2).map((idx) => list.getStatus(Number(idx))).join(' '));
";

#[tokio::test]
async fn lists_are_read_by_an_implementation_of_others() {
    let test = "lists_are_read_by_an_implementation_of_others";
    let Some(folder) = library(test, "node", "node_modules/@sd-jwt/jwt-status-list") else { return };
    let site = Site::start(|config| config.tokens.status_list = true).await;
    let (kept, ended) = (site.register("ada@example.com").await, site.log_in("ada@example.com").await);
    site.call(&ended, "/v1/logout", json!({})).await;
    let list = site.get(&kept.status().0).await.text().await.unwrap();
    let places = [kept.status().1, ended.status().1, 131_071].map(|place| place.to_string());
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", READ, "--", &list]).args(places).current_dir(folder);
    let output = node.output().unwrap();
    assert!(output.status.success(), "they refuse ours: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "0 1 0");
}
