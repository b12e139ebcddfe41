//! An issuer's feed over HTTP: where it is, a document of it, and its stream. Bounded in time and size.

use std::fmt;
use std::sync::Arc;

use http::header::{ACCEPT, CONTENT_TYPE};
use jotgate_wire::FeedDocument;
use reqwest::Response;
use url::Url;

use super::events::Events;
use crate::fetch::{OverHttp, in_words, text_within};
use crate::trusted::Keys;

const EVENT_STREAM: &str = "text/event-stream";

/// An issuer's feed as it answers over HTTP.
pub(crate) struct Remote {
    http: OverHttp,
    /// Keys that come with the metadata, which say where the feed is. Other keys need the metadata for nothing else.
    keys: Arc<Keys>,
}

/// An open stream.
#[derive(Debug)]
pub(super) struct Stream {
    response: Response,
    events: Events,
}

impl Remote {
    pub(crate) fn new(http: OverHttp, keys: Arc<Keys>) -> Self {
        Self { http, keys }
    }

    /// Where the issuer's metadata say that the feed is, if they do. `again` asks for them anew.
    pub(super) async fn address(&self, again: bool) -> Result<Option<Url>, String> {
        match &*self.keys {
            Keys::Issuer(keys) if self.http.asks_for_metadata() => keys.feed_address(again).await,
            _ => self.http.feed_address().await,
        }
    }

    /// The document to go on with after a number.
    pub(super) async fn document(&self, address: &Url, after: u64) -> Result<String, String> {
        let response = self.http.get(&going_on(address, after)).await?;
        text_within(response, FeedDocument::MAX_BYTES).await
    }

    /// Opens the stream of what follows after a number.
    pub(super) async fn stream(&self, address: &Url, after: u64) -> Result<Stream, String> {
        let request = self.http.request(&going_on(address, after))?.header(ACCEPT, EVENT_STREAM);
        let response = request.send().await.map_err(|error| in_words(&error))?;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !response.status().is_success() || !kind.trim_start().starts_with(EVENT_STREAM) {
            return Err(format!("no stream, but {} and {kind:?}", response.status()));
        }
        Ok(Stream { response, events: Events::default() })
    }
}

impl Stream {
    /// The next document; nothing when the stream is over.
    pub(super) async fn next(&mut self) -> Result<Option<String>, String> {
        loop {
            if let Some(data) = self.events.next()? {
                return Ok(Some(data));
            }
            match self.response.chunk().await.map_err(|error| in_words(&error))? {
                Some(bytes) => self.events.push(&bytes)?,
                None => return Ok(None),
            }
        }
    }
}

fn going_on(address: &Url, after: u64) -> Url {
    let mut address = address.clone();
    address.query_pairs_mut().append_pair("after", &after.to_string());
    address
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("http", &self.http).finish_non_exhaustive()
    }
}
