//! What is said of a next key.

use jotgate_server::flows::NextKeyInfo;
use serde_json::json;

use crate::exit::Failure;
use crate::output::Output;
use crate::times::rfc3339_of_millis;

pub(super) fn next_key(output: Output, next: &NextKeyInfo) -> Result<(), Failure> {
    let from = next.signs_from.map(|at| rfc3339_of_millis(at.millis()));
    let text = || {
        let kid = &next.kid;
        let made = if next.is_new { "made and published" } else { "published already" };
        match (next.signs, &from) {
            (true, _) => {
                format!("key {kid} signs from now on; the one before stays published until its tokens have expired")
            }
            (false, Some(from)) => format!(
                "key {kid} is {made}; it signs from {from} on, when a running server lets it (or `jotgate keys rotate` then)\nnot \
                 earlier, since verifiers may keep a key set without it until then; in an emergency `jotgate keys revoke` does not wait"
            ),
            (false, None) => format!("key {kid} is {made}; it signs after `jotgate keys rotate`"),
        }
    };
    output.answer(|| json!({"kid": next.kid, "is_new": next.is_new, "signs": next.signs, "signs_from": from}), text)
}
