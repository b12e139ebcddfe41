//! The JSON of one answer, written into a reused buffer.

use std::io::Write;

use jotgate_jose::{Code, Refusal};

/// The answer for a refused token.
pub(crate) fn refused(answer: &mut Vec<u8>, refusal: &Refusal) {
    let detail = format!("expected {}, found {}", refusal.expected(), refusal.found());
    refused_for(answer, refusal.code(), &detail);
}

/// `{"valid":false,"code":…,"detail":…}`.
pub(super) fn refused_for(answer: &mut Vec<u8>, code: Code, detail: &str) {
    answer.extend_from_slice(b"{\"valid\":false,\"code\":\"");
    answer.extend_from_slice(code.as_str().as_bytes());
    answer.extend_from_slice(b"\",\"detail\":");
    // Writing a string into memory cannot fail.
    let _ = serde_json::to_writer(&mut *answer, detail);
    answer.push(b'}');
}

/// `"name":` and a value that is JSON text already. Line breaks can only stand between its tokens (a string has them
/// escaped), where a space means the same and keeps the answer on one line.
pub(crate) fn member(answer: &mut Vec<u8>, name: &str, json: &str) {
    // Writing into memory cannot fail.
    let _ = write!(answer, "\"{name}\":");
    let start = answer.len();
    answer.extend_from_slice(json.as_bytes());
    if memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_some() {
        for byte in answer.iter_mut().skip(start).filter(|byte| matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stay_on_one_line() {
        let mut answer = Vec::new();
        refused_for(&mut answer, Code::TokenMalformed, "a \"quote\"\nand a break");
        assert_eq!(answer, br#"{"valid":false,"code":"token_malformed","detail":"a \"quote\"\nand a break"}"#);
        answer.clear();
        member(&mut answer, "claims", "{\r\n \"a\": 1\n}");
        assert_eq!(answer, b"\"claims\":{   \"a\": 1 }");
    }
}
