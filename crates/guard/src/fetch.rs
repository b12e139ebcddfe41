//! Fetching an issuer's metadata and keys: bounded in time, size and number.

use std::pin::Pin;
use std::time::Duration;

use http::header::{ACCEPT, CACHE_CONTROL};
use jotgate_jose::{Algorithm, KeySet};
use jotgate_wire::IssuerMetadata;
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Client, ClientBuilder, RequestBuilder, Response};
use url::Url;

use crate::builder::Shared;
use crate::issuer_url::IssuerUrl;
use crate::keys::{Fetch, Fetched};
use crate::reach::{Reach, Resolver};

/// Bytes of a document; Google's and Microsoft's key sets have about ten thousand.
const LARGEST_DOCUMENT: usize = 256 * 1024;
const MOST_KEYS: usize = 100;
/// How long connecting may take, TLS included: a line that lost every packet and was mended is noticed with the next attempt.
const LONGEST_CONNECT: Duration = Duration::from_secs(3);
const MOST_REDIRECTS: usize = 3;

/// An issuer as it answers over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct OverHttp {
    issuer: IssuerUrl,
    /// Where the keys are, for an issuer whose metadata are not asked for.
    keys_address: Option<Url>,
    client: Client,
    /// The longest time for a document, from the name's resolution to its last byte.
    limit: Duration,
    reach: Reach,
    /// For key sets whose keys do not name their algorithm.
    algorithms: Vec<Algorithm>,
}

impl OverHttp {
    pub(crate) fn new(
        issuer: IssuerUrl,
        keys_address: Option<Url>,
        algorithms: Vec<Algorithm>,
        reach: Reach,
        shared: &Shared,
    ) -> Result<Self, reqwest::Error> {
        let resolver = Resolver { reach, lookup: shared.lookup.clone() };
        let client = client(&issuer, &resolver, &shared.roots)?;
        Ok(Self { issuer, keys_address, client, limit: shared.fetch_timeout, reach, algorithms })
    }

    async fn fetch_keys(&self) -> Result<Fetched, String> {
        let (address, feed) = if let Some(address) = &self.keys_address {
            (address.clone(), Ok(None))
        } else {
            let metadata = self.metadata().await?;
            (self.issuer.document_address("jwks_uri", &metadata.jwks_uri)?, self.feed_of(&metadata))
        };
        let response = self.get(&address).await?;
        let life = max_age(&response);
        let keys = key_set(&text_within(response, LARGEST_DOCUMENT).await?, &self.algorithms)?;
        Ok(Fetched { keys, life, feed })
    }

    /// Whether the keys are found through the metadata.
    pub(crate) fn asks_for_metadata(&self) -> bool {
        self.keys_address.is_none()
    }

    /// Where the metadata say that the revocation feed is, if they do.
    pub(crate) async fn feed_address(&self) -> Result<Option<Url>, String> {
        self.feed_of(&self.metadata().await?)
    }

    fn feed_of(&self, metadata: &IssuerMetadata) -> Result<Option<Url>, String> {
        let named = metadata.revocation_feed_uri.as_ref();
        named.map(|address| self.issuer.document_address("revocation_feed_uri", address)).transpose()
    }

    /// `OpenID`'s address first, RFC 8414's where the issuer does not know that one.
    async fn metadata(&self) -> Result<IssuerMetadata, String> {
        let [openid, oauth] = self.issuer.metadata_addresses();
        let mut response = self.send(&openid).await?;
        if response.status().is_client_error() {
            response = self.get(&oauth).await?;
        }
        let text = text_within(succeeded(response)?, LARGEST_DOCUMENT).await?;
        let metadata = serde_json::from_str(&text).map_err(|error| format!("the metadata cannot be read: {error}"))?;
        self.issuer.is_named_by(metadata)
    }

    pub(crate) async fn get(&self, address: &Url) -> Result<Response, String> {
        succeeded(self.send(address).await?)
    }

    /// A document of one of several media types that there may be.
    pub(crate) async fn get_as(&self, address: &Url, media_type: &str) -> Result<Response, String> {
        let request = self.request(address)?.timeout(self.limit).header(ACCEPT, media_type);
        succeeded(request.send().await.map_err(|error| in_words(&error))?)
    }

    /// The address of a document that the issuer names in a `member` of something that it signed or published.
    pub(crate) fn document_address(&self, member: &str, address: &str) -> Result<Url, String> {
        self.issuer.document_address(member, address)
    }

    async fn send(&self, address: &Url) -> Result<Response, String> {
        self.request(address)?.timeout(self.limit).send().await.map_err(|error| in_words(&error))
    }

    /// A request that may take any time, to an address within reach.
    pub(crate) fn request(&self, address: &Url) -> Result<RequestBuilder, String> {
        self.reach.check(address)?;
        Ok(self.client.get(address.clone()))
    }
}

impl Fetch for OverHttp {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Fetched, String>> + Send + '_>> {
        Box::pin(self.fetch_keys())
    }
}

/// Believes the platform's roots and those that were given. Where the platform has none, as in an empty container, the given ones
/// have to do; an issuer on this machine needs none at all.
fn client(issuer: &IssuerUrl, resolver: &Resolver, roots: &[Certificate]) -> Result<Client, reqwest::Error> {
    let of_platform = match roots {
        [] => direct(issuer, resolver).build(),
        _ => direct(issuer, resolver).tls_certs_merge(roots.iter().cloned()).build(),
    };
    match of_platform {
        Err(_) if issuer.is_loopback() || !roots.is_empty() => {
            direct(issuer, resolver).tls_certs_only(roots.iter().cloned()).build()
        }
        built => built,
    }
}

/// No proxy: it would connect to where nobody checked.
fn direct(issuer: &IssuerUrl, resolver: &Resolver) -> ClientBuilder {
    Client::builder()
        .https_only(!issuer.is_loopback())
        .connect_timeout(LONGEST_CONNECT)
        .redirect(Policy::custom(stay_with_the_host))
        .no_proxy()
        .dns_resolver(resolver.clone())
        .user_agent(concat!("jotgate-guard/", env!("CARGO_PKG_VERSION")))
}

/// An issuer may move a document about on its own host; where else it leads is somebody else's word.
fn stay_with_the_host(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let stays = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if !stays {
        return attempt.error("the redirect leads to another host");
    }
    if attempt.previous().len() > MOST_REDIRECTS {
        return attempt.error("too many redirects");
    }
    attempt.follow()
}

fn succeeded(response: Response) -> Result<Response, String> {
    let status = response.status();
    if status.is_success() { Ok(response) } else { Err(format!("{} answered {status}", response.url())) }
}

/// The body, if it is not longer than `limit` bytes.
pub(crate) async fn text_within(mut response: Response, limit: usize) -> Result<String, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| in_words(&error))? {
        if bytes.len() + chunk.len() > limit {
            return Err(format!("{} is larger than {limit} bytes", response.url()));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| format!("{} is not UTF-8", response.url()))
}

fn key_set(text: &str, algorithms: &[Algorithm]) -> Result<KeySet, String> {
    let keys =
        KeySet::from_json_for(text, algorithms).map_err(|error| format!("the key set cannot be used: {error}"))?;
    if keys.is_empty() {
        return Err("the key set has no key that can be used".to_owned());
    }
    if keys.len() + keys.skipped().len() > MOST_KEYS {
        return Err(format!("the key set has more than {MOST_KEYS} keys"));
    }
    if keys.keys().iter().any(|key| key.algorithm().is_symmetric()) {
        return Err("the key set publishes a secret key: everybody could sign with it".to_owned());
    }
    Ok(keys)
}

/// `max-age` of the answer (RFC 9111 §5.2.2.1). What must not be kept counts as living for no time.
fn max_age(response: &Response) -> Option<Duration> {
    let value = response.headers().get(CACHE_CONTROL)?.to_str().ok()?.to_ascii_lowercase();
    let mut directives = value.split(',').map(str::trim);
    directives.find_map(|directive| match directive {
        "no-store" | "no-cache" => Some(Duration::ZERO),
        _ => directive.strip_prefix("max-age=")?.trim_matches('"').parse().ok().map(Duration::from_secs),
    })
}

/// An error with its causes, which is where `reqwest` has the useful part.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(": ");
        words.push_str(&error.to_string());
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests;
