//! `GET /v1/revocations?after=SEQ`: what has ended since, as one signed document, or as a stream of them.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use http_body::Frame;
use jotgate_wire::{ErrorCode, FeedDocument};

use super::error::ApiError;
use super::extract::ClientAddress;
use crate::app::App;
use crate::revocations::live::Events;

const EVENT_STREAM: &str = "text/event-stream";
/// What a client that reconnects by itself says it has (HTML, "Server-sent events").
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells nginx to pass events on as they come.
const UNBUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");

pub(crate) async fn get(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let after = after(&uri, &headers)?;
    if wants_stream(&headers) {
        return stream(&app, after, address);
    }
    let document = app.revocations_after(after).await?;
    let fields = [(header::CONTENT_TYPE, FeedDocument::MEDIA_TYPE), (header::CACHE_CONTROL, "no-store")];
    Ok((fields, document.jwt()).into_response())
}

fn stream(app: &App, after: u64, address: Option<IpAddr>) -> Result<Response, ApiError> {
    let events = app.follow_live(after, address);
    let events = events.ok_or_else(|| ApiError::overloaded("no more can follow here; ask without a stream"))?;
    let fields = [
        (header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (UNBUFFERED, HeaderValue::from_static("no")),
    ];
    Ok((fields, Body::new(Stream(events))).into_response())
}

/// The number that the client has everything up to. What the last event said goes before what the address says, which
/// a client that reconnects by itself repeats.
fn after(uri: &Uri, headers: &HeaderMap) -> Result<u64, ApiError> {
    let refused =
        || ApiError::new(ErrorCode::InvalidRequest, "`after` has to be the number of an entry, or 0 for the beginning");
    if let Some(last) = headers.get(LAST_EVENT_ID) {
        return last.to_str().ok().and_then(number).ok_or_else(refused);
    }
    let mut given = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.strip_prefix("after="));
    match (given.next(), given.next()) {
        (None, _) => Ok(0),
        (Some(after), None) => number(after).ok_or_else(refused),
        (Some(_), Some(_)) => Err(refused()),
    }
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok())?
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let ranges = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut ranges = ranges.flat_map(|value| value.split(','));
    ranges.any(|range| range.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(EVENT_STREAM))
}

/// The body of a stream: events until there are no more.
struct Stream(Events);

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let event = ready!(self.0.poll_recv(context));
        Poll::Ready(event.map(|event| Ok(Frame::data(event))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_and_given_once() {
        for (query, last, expected) in [
            ("", None, Some(0)),
            ("after=", None, None),
            ("after=12", None, Some(12)),
            ("x=1&after=12&y", None, Some(12)),
            ("after=18446744073709551615", None, Some(u64::MAX)),
            ("after=18446744073709551616", None, None),
            ("after=1&after=2", None, None),
            ("after=+1", None, None),
            ("after=-1", None, None),
            ("after=1.0", None, None),
            ("after=%31", None, None),
            ("after=5", Some("9"), Some(9)),
            ("after=5", Some("x"), None),
        ] {
            let uri = format!("/v1/revocations?{query}").parse().unwrap();
            let mut headers = HeaderMap::new();
            if let Some(last) = last {
                headers.insert(LAST_EVENT_ID, HeaderValue::from_static(last));
            }
            assert_eq!(after(&uri, &headers).ok(), expected, "{query} {last:?}");
        }
    }

    #[test]
    fn a_stream_is_only_for_those_who_name_it() {
        for (accept, expected) in [
            ("text/event-stream", true),
            ("application/jwt, Text/Event-Stream;q=0.5", true),
            ("*/*", false),
            ("text/*", false),
            ("application/jwt", false),
            ("text/event-streams", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(wants_stream(&headers), expected, "{accept}");
        }
        assert!(!wants_stream(&HeaderMap::new()));
    }
}
