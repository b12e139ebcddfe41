//! What `token verify` holds a token against.

use jotgate_jose::Algorithm;
use jotgate_jose::jwt::Policy;

use crate::clock;

/// What is expected of the token.
#[derive(Debug, clap::Args)]
pub(super) struct PolicyArgs {
    /// An issuer to accept (`iss`), compared exactly; may be given several times
    #[arg(long = "issuer", value_name = "ISS", required = true)]
    issuers: Vec<String>,
    /// An audience to accept (`aud`), compared exactly; may be given several times
    #[arg(long = "audience", value_name = "AUD", required = true)]
    audiences: Vec<String>,
    /// The type expected (`typ`), such as at+jwt for access tokens; any when left out
    #[arg(long = "type", value_name = "TYPE")]
    typ: Option<String>,
    /// A claim that must be there; may be given several times
    #[arg(long, value_name = "CLAIM")]
    require: Vec<String>,
    /// How far clocks may differ, in seconds
    #[arg(
        long, value_name = "SECONDS", default_value_t = Policy::DEFAULT_LEEWAY,
        value_parser = clap::value_parser!(u32).range(0..=i64::from(Policy::MAX_LEEWAY))
    )]
    leeway: u32,
    /// Verify as at this time, in seconds since 1970, instead of now
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
    at: Option<i64>,
}

impl PolicyArgs {
    /// The policy.
    pub(super) fn policy(&self, algorithms: &[Algorithm]) -> Policy {
        let policy = Policy::builder()
            .issuers(&self.issuers)
            .audiences(&self.audiences)
            .algorithms(algorithms.iter().copied())
            .require(&self.require)
            .leeway(self.leeway);
        match &self.typ {
            Some(typ) => policy.token_type(typ).build(),
            None => policy.build(),
        }
    }

    /// The time to verify at, in seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.at.unwrap_or_else(clock::now)
    }
}
