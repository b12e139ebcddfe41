//! What to do next: commands that work when pasted as they are, each by itself, in any shell, again and again.
//!
//! They keep the tokens in a file. A shell expands `$(…)` before curl opens the file that `-o` names, so a refresh can read the
//! old token from it and write the new one to it.

use std::path::Path;

use serde_json::{Value, json};

use super::demo::{ADMIN_EMAIL, EMAIL, PASSWORD};
use crate::output::{Page, bold, cyan, dim};

/// Where the server is, and where the tokens are kept.
pub(super) struct Steps<'a> {
    pub(super) issuer: &'a str,
    pub(super) tokens: &'a Path,
}

impl Steps<'_> {
    /// What each command does, and the command.
    fn commands(&self) -> Vec<(&'static str, String)> {
        let (url, file) = (self.issuer, quoted(&self.tokens.to_string_lossy()));
        let json = "-H 'Content-Type: application/json'";
        let keep = format!("-o {file} && cat {file} && echo");
        let access = format!("-H \"Authorization: Bearer {}\"", self.member("access_token"));
        let refresh = self.member("refresh_token");
        let log_in =
            format!("curl -sS {url}/v1/login {json} -d '{{\"email\":\"{ADMIN_EMAIL}\",\"password\":\"{PASSWORD}\"}}'");
        let admin = format!("$({log_in} | {})", taken("access_token"));
        vec![
            (
                "log in",
                format!(
                    "curl -sS {url}/v1/login {json} -d '{{\"email\":\"{EMAIL}\",\"password\":\"{PASSWORD}\"}}' {keep}"
                ),
            ),
            ("a protected call", format!("curl -sS {url}/v1/me {access} -w '\\n'")),
            (
                "refresh",
                format!("curl -sS {url}/v1/refresh {json} -d \"{{\\\"refresh_token\\\":\\\"{refresh}\\\"}}\" {keep}"),
            ),
            (
                "a mail that sets a new password",
                format!(
                    "curl -sS {url}/v1/password/forgot {json} -d '{{\"email\":\"{EMAIL}\"}}' -w '%{{http_code}}\\n'"
                ),
            ),
            ("administer", format!("curl -sS {url}/v1/admin/users -H \"Authorization: Bearer {admin}\" -w '\\n'")),
            ("log out", format!("curl -sS -X POST {url}/v1/logout {access} -w '%{{http_code}}\\n'")),
        ]
    }

    /// The same for a program.
    pub(super) fn as_json(&self) -> Vec<Value> {
        self.commands().into_iter().map(|(what, command)| json!({"what": what, "command": command})).collect()
    }

    /// Everything for a person.
    pub(super) fn text(&self) -> String {
        let url = self.issuer;
        let mut page = Page::default();
        page.line("");
        page.line(format_args!("{} is listening on {}", bold("Jotgate"), bold(url)));
        page.line(dim(
            "temporary data and plain http: to try it, not to use it; Ctrl-C ends it and leaves nothing behind",
        ));
        page.line("");
        page.line(format_args!("  demo user  {EMAIL}"));
        page.line(format_args!("  password   {PASSWORD}"));
        page.line(format_args!("  and an administrator with the same password, {ADMIN_EMAIL}"));
        page.line("");
        page.line(bold("Paste into another terminal, as often as you like (after a log-out, log in again):"));
        for (what, command) in self.commands() {
            page.line("").line(dim(format!("# {what}"))).line(cyan(command));
        }
        page.line("").line(bold("Mail is not sent but shown:")).line(format_args!("  {url}/dev/mail"));
        page.line("").line(bold("Published documents:"));
        for path in ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/openapi.json", "/healthz"] {
            page.line(format_args!("  {url}{path}"));
        }
        page.line("");
        page.text()
    }

    /// A command substitution that takes a text member out of the file of tokens; empty when it is not there.
    fn member(&self, name: &str) -> String {
        let file = quoted(&self.tokens.to_string_lossy());
        format!("$({} {file})", taken(name))
    }
}

/// A command that takes a text member out of what it reads.
fn taken(name: &str) -> String {
    format!("sed -n 's/.*\"{name}\":\"\\([^\"]*\\)\".*/\\1/p'")
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_spaces_and_quotes_stay_one_word() {
        assert_eq!(quoted("/tmp/jotgate-dev-1/tokens.json"), "/tmp/jotgate-dev-1/tokens.json");
        assert_eq!(quoted("/tmp/it's here/t"), "'/tmp/it'\\''s here/t'");
    }
}
