//! The newest events, for whoever follows the log live.
//! Here: a bounded tail in memory and the news that it grew. Not here: older events (they come from the ledger), HTTP.
//! Invariant: an event is seen here only after it is durable, and in order.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use tokio::sync::watch;

/// One durable event, ready to be sent.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) seq: u64,
    pub(crate) event_type: String,
    pub(crate) correlation_id: Option<String>,
    pub(crate) json: Bytes,
}

/// What a follower gets when it asks for the events from a place on.
#[derive(Debug)]
pub(crate) enum Page {
    /// These; there may be more.
    Events(Vec<Arc<Published>>),
    /// Nothing yet.
    None,
    /// The tail begins later: read the ledger.
    Older,
}

/// The tail of the log.
#[derive(Debug)]
pub(crate) struct Feed {
    tail: RwLock<VecDeque<Arc<Published>>>,
    bound: usize,
    head: watch::Sender<u64>,
}

impl Feed {
    /// An empty tail behind `head`.
    pub(crate) fn new(bound: usize, head: u64) -> Self {
        Self { tail: RwLock::new(VecDeque::new()), bound, head: watch::Sender::new(head) }
    }

    /// Adds durable events.
    pub(crate) fn publish(&self, events: Vec<Published>) {
        let Some(head) = events.last().map(|event| event.seq) else { return };
        {
            let mut tail = self.tail.write().unwrap_or_else(PoisonError::into_inner);
            tail.extend(events.into_iter().map(Arc::new));
            let excess = tail.len().saturating_sub(self.bound);
            tail.drain(..excess);
        }
        self.head.send_replace(head);
    }

    /// Up to `limit` events from `from` on.
    pub(crate) fn page(&self, from: u64, limit: usize) -> Page {
        if from > *self.head.borrow() {
            return Page::None;
        }
        let tail = self.tail.read().unwrap_or_else(PoisonError::into_inner);
        match tail.front() {
            Some(first) if first.seq <= from => {
                let skip = (from - first.seq) as usize;
                Page::Events(tail.iter().skip(skip).take(limit).cloned().collect())
            }
            _ => Page::Older,
        }
    }

    /// The last durable sequence number, and how to wait for the next.
    pub(crate) fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }
}

impl Published {
    /// A record as it is sent. A record that is no CloudEvent cannot be in a ledger; if one is, it is left out.
    pub(crate) fn of(record: crossdock_ledger::Record) -> Option<Self> {
        let envelope = crossdock_ledger::Envelope::of(&record.event).ok()?;
        Some(Self {
            seq: record.seq,
            event_type: envelope.event_type,
            correlation_id: envelope.correlation_id,
            json: Bytes::from(record.event),
        })
    }
}
