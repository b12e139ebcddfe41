//! Fetches a key set: https only (http on this machine), no redirect, limits on time and size.

use std::time::Duration;

use url::{Host, Url};

use crate::exit::Failure;
use crate::runtime;

/// How long everything together may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The body at that address.
pub(super) fn get(address: &str, limit: usize) -> Result<Vec<u8>, Failure> {
    let url = Url::parse(address).map_err(|error| Failure::usage(format!("`{address}` is not an address: {error}")))?;
    if url.scheme() == "http" && !is_this_machine(&url) {
        return Err(Failure::usage(format!(
            "`{address}` is plain http: keys that anybody on the way can replace verify nothing; use https"
        )));
    }
    let cannot = |why: &str| Failure::environment(format!("{address} cannot be fetched: {why}"));
    runtime::small()?.block_on(body(url, limit)).map_err(|why| cannot(&why))
}

async fn body(url: Url, limit: usize) -> Result<Vec<u8>, String> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIMEOUT).build();
    let client = client.map_err(|error| reasons(&error))?;
    let mut response = client.get(url).send().await.map_err(|error| reasons(&error))?;
    let status = response.status();
    if !status.is_success() {
        return Err(format!("the answer is {status}"));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| reasons(&error))? {
        if body.len() + chunk.len() > limit {
            return Err(format!("the answer is larger than {limit} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The last of the reasons says what a person can mend: `connection refused`.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut reasons = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        reasons.push(error.to_string());
        source = error.source();
    }
    reasons.dedup();
    reasons.join(": ")
}
