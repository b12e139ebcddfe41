//! `jotgate token verify`: whether to believe a token, and why not.

use jotgate_jose::jwt::{self, Buffer, Check, Outcome, Policy, RegisteredOnly};
use jotgate_jose::{Code, Refusal};
use serde::Serialize;
use serde_json::{Map, Value};

use super::argument::{Token, TokenArg};
use super::policy::PolicyArgs;
use super::show;
use crate::batch;
use crate::exit::{Exit, Failure};
use crate::key_file::{Source, VerifyingArgs};
use crate::output::{self, Output, Page, bold, dim, green, plain, red};

/// Verifies a token: form, algorithm, signature, issuer, audience, times, type, required claims
#[derive(Debug, clap::Args)]
#[command(after_help = "With `-`, one token a line is read and one JSON line printed for each, in order:
  {\"valid\":true,\"header\":{…},\"claims\":{…}}
  {\"valid\":false,\"code\":\"audience_mismatch\",\"detail\":\"…\"}
A line that is empty, is not UTF-8 or is longer than 1 MiB is answered as a bad token, so that the lines match. With
--explain each answer has a member `checks` as well. The exit code is 1 if any token was refused.

Examples:
  jotgate token verify \"$TOKEN\" --keys https://auth.example.com/.well-known/jwks.json \\
    --issuer https://auth.example.com --audience https://api.example.com --type at+jwt --explain
  jotgate token verify - --keys jwks.json --issuer https://auth.example.com --audience shop < tokens.txt")]
pub(crate) struct Args {
    #[command(flatten)]
    token: TokenArg,
    #[command(flatten)]
    keys: VerifyingArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    /// List every check in order, with what was expected and found, and how to mend what failed
    #[arg(long)]
    explain: bool,
}

/// Everything that judging a token takes.
struct Judge {
    keys: Source,
    policy: Policy,
    now: i64,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let keys = args.keys.read(output)?;
    let judge = Judge { policy: args.policy.policy(&keys.algorithms), keys: keys.keys, now: args.policy.now() };
    let mut buffer = Buffer::new();
    match (args.token.read()?, args.explain) {
        (Token::Lines, false) => batch::run(|token, answer| judge.answer(token, &mut buffer, answer)),
        (Token::Lines, true) => batch::run(|token, answer| judge.answer_explained(token, &mut buffer, answer)),
        (Token::One(token), explain) if output.is_json() => {
            let mut answer = Vec::new();
            let valid = if explain {
                judge.answer_explained(&token, &mut buffer, &mut answer)
            } else {
                judge.answer(&token, &mut buffer, &mut answer)
            };
            answer.push(b'\n');
            output.bytes(&answer)?;
            Ok(exit(valid))
        }
        (Token::One(token), true) => judge.show_explained(&token, output),
        (Token::One(token), false) => judge.show(&token, output),
    }
}

const fn exit(valid: bool) -> Exit {
    if valid { Exit::Done } else { Exit::No }
}

impl Judge {
    /// Appends the answer for one token, header and claims as the token has them, and says whether it is good.
    fn answer(&self, token: &str, buffer: &mut Buffer, answer: &mut Vec<u8>) -> bool {
        match jwt::verify_in::<RegisteredOnly>(buffer, token, &self.keys, &self.policy, self.now) {
            Ok(verified) => {
                answer.extend_from_slice(b"{\"valid\":true,");
                batch::member(answer, "header", verified.header().as_json());
                answer.push(b',');
                batch::member(answer, "claims", verified.registered().as_json());
                answer.push(b'}');
                true
            }
            Err(refusal) => {
                batch::refused(answer, &refusal);
                false
            }
        }
    }

    /// The same with the member `checks`.
    fn answer_explained(&self, token: &str, buffer: &mut Buffer, answer: &mut Vec<u8>) -> bool {
        let valid = self.answer(token, buffer, answer);
        answer.pop();
        answer.extend_from_slice(b",\"checks\":");
        // Writing words into memory cannot fail.
        let _ = serde_json::to_writer(&mut *answer, &self.checks(token));
        answer.push(b'}');
        valid
    }

    fn checks(&self, token: &str) -> Vec<Check> {
        jwt::explain(token, &self.keys, &self.policy, self.now)
    }

    fn show(&self, token: &str, output: Output) -> Result<Exit, Failure> {
        match jwt::verify::<Map<String, Value>>(token, &self.keys, &self.policy, self.now) {
            Ok(verified) => {
                let header = serde_json::from_str(verified.header().as_json()).unwrap_or_default();
                let header = show::members("header", &header, self.now);
                let claims = show::members("claims", verified.claims(), self.now);
                output.text(&format!("{}\n\n{header}\n{claims}", green("valid")))?;
                Ok(Exit::Done)
            }
            Err(refusal) => {
                output.text(&refused(&refusal))?;
                output.note("--explain lists every check");
                Ok(Exit::No)
            }
        }
    }

    fn show_explained(&self, token: &str, output: Output) -> Result<Exit, Failure> {
        let checks = self.checks(token);
        let failed = checks.iter().find(|check| check.outcome == Outcome::Failed);
        let verdict = match failed {
            None => green("valid"),
            Some(check) => format!("{} {}", red("refused:"), code(check.code)),
        };
        output.text(&format!("{}\n{verdict}\n", explained(&checks)))?;
        Ok(exit(failed.is_none()))
    }
}

fn refused(refusal: &Refusal) -> String {
    let (expected, found) = (refusal.expected(), refusal.found());
    format!(
        "{} {}\n\n  expected  {}\n  found     {}\n",
        red("refused:"),
        refusal.code(),
        plain(&expected),
        plain(&found)
    )
}

fn code(code: Option<Code>) -> impl Serialize + std::fmt::Display {
    code.map_or("", Code::as_str)
}

/// A line for each check, and under one that failed what was expected, found, and how to mend it.
fn explained(checks: &[Check]) -> String {
    let mut page = Page::default();
    for check in checks {
        let (mark, found) = match check.outcome {
            Outcome::Passed => (green("✓"), format!("found {}", check.found)),
            Outcome::Failed => (red("✗"), format!("found {}", check.found)),
            Outcome::NotReached => (dim("–"), "not reached".to_owned()),
        };
        page.line(format_args!("{mark} {}", bold(check.name)));
        page.line(format_args!("    expected {}", plain(&check.expected)));
        page.line(format_args!("    {}", plain(&found)));
        if let Some(mend) = check.mend {
            page.line(format_args!("    {} {mend}", output::yellow("→")));
        }
    }
    page.text()
}
