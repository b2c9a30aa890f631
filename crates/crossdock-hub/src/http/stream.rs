//! The event stream: `GET /process/v1/events?from=SEQ`, CloudEvents over server-sent events.
//! Here: one follower, from the ledger and then live, pulled by the connection. Not here: who may follow.
//! Invariant: a slow reader costs one page of memory and a place in the log, whatever it misses: it reads that from the ledger.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::archive::Archive;
use crate::feed::{Feed, Page, Published};
use crate::http::problem::Problem;

/// How many events one frame of a stream carries at most.
const PAGE: usize = 200;
/// A comment in between, so that both ends notice a dead connection.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What a follower asks for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct StreamQuery {
    from: Option<String>,
    #[serde(rename = "type")]
    event_type: Option<String>,
    #[serde(rename = "correlationId")]
    correlation_id: Option<String>,
}

/// One open stream.
pub(crate) struct Follower {
    next: u64,
    types: BTreeSet<String>,
    correlation_id: Option<String>,
    feed: Arc<Feed>,
    archive: Archive,
    head: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    greeted: bool,
    /// Its place among the streams that may be open.
    _place: OwnedSemaphorePermit,
}

impl Follower {
    /// A follower from where the query, or the `Last-Event-ID` of a reconnect, says.
    pub(crate) fn new(
        query: StreamQuery,
        headers: &HeaderMap,
        feed: Arc<Feed>,
        archive: Archive,
        stop: watch::Receiver<bool>,
        place: OwnedSemaphorePermit,
    ) -> Result<Self, Problem> {
        let head = feed.head();
        let last = *head.borrow();
        let number = |text: &str, name: &str| {
            text.parse::<u64>()
                .map_err(|_| Problem::bad_request(format!("`{name}` is a sequence number or `now`, not `{text}`")))
        };
        let resumed = headers.get("last-event-id").and_then(|value| value.to_str().ok());
        let next = match (resumed, query.from.as_deref()) {
            (Some(seen), _) => number(seen, "Last-Event-ID")?.saturating_add(1),
            (None, None | Some("now")) => last + 1,
            (None, Some(from)) => number(from, "from")?,
        };
        let types = query.event_type.iter().flat_map(|types| types.split(',')).map(str::to_owned).collect();
        let correlation_id = query.correlation_id;
        Ok(Self { next: next.max(1), types, correlation_id, feed, archive, head, stop, greeted: false, _place: place })
    }

    /// The response that carries it.
    pub(crate) fn into_response(self) -> Response {
        let frames = stream::unfold(self, |mut follower| async move {
            let frame = follower.frame().await?;
            Some((Ok::<_, std::convert::Infallible>(frame), follower))
        });
        let mut response = Body::from_stream(frames).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// The next bytes, or the end.
    async fn frame(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            // At once, so that a follower knows it is connected before anything happens. It names where the stream begins.
            return Some(Bytes::from(format!(": from {}\nretry: 1000\n\n", self.next)));
        }
        loop {
            if *self.stop.borrow() {
                return None;
            }
            // Seen before the page is read: what is published meanwhile wakes the wait below.
            self.head.mark_unchanged();
            let page = match self.feed.page(self.next, PAGE) {
                Page::Events(page) => page,
                Page::Older => self.older().await?,
                Page::None => {
                    tokio::select! {
                        changed = self.head.changed() => changed.ok()?,
                        stopped = self.stop.wait_for(|stop| *stop) => { stopped.ok()?; return None; }
                        () = tokio::time::sleep(KEEP_ALIVE) => return Some(Bytes::from_static(b": keep-alive\n\n")),
                    }
                    continue;
                }
            };
            let last = page.last()?;
            self.next = last.seq + 1;
            let mut frame = BytesMut::new();
            for event in page.iter().filter(|event| self.wants(event)) {
                frame.put_slice(format!("id: {}\nevent: {}\ndata: ", event.seq, event.event_type).as_bytes());
                frame.put_slice(&event.json);
                frame.put_slice(b"\n\n");
            }
            if !frame.is_empty() {
                return Some(frame.freeze());
            }
        }
    }

    async fn older(&self) -> Option<Vec<Arc<Published>>> {
        match self.archive.read(self.next, PAGE).await {
            Ok(records) => Some(records.into_iter().filter_map(Published::of).map(Arc::new).collect()),
            Err(error) => {
                tracing::error!(%error, from = self.next, "a stream ends: the ledger cannot be read");
                None
            }
        }
    }

    fn wants(&self, event: &Published) -> bool {
        (self.types.is_empty() || self.types.contains(&event.event_type))
            && (self.correlation_id.is_none() || self.correlation_id == event.correlation_id)
    }
}
