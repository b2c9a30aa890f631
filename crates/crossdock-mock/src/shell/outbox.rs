//! What a system still has to tell the hub, in order.
//!
//! Here: the queue and what became of its items. Not here: sending (`emitter`).
//! Invariant: an item leaves only when the hub has it or has refused it. The bound is on the callers' side: a full outbox
//! makes the system answer 503 (`station`), it never drops.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

use crate::systems::Emission;

/// So many items may wait before the system takes no more work.
pub(crate) const OUTBOX_LIMIT: usize = 100_000;
/// So many events go out in one batch.
const BATCH_EVENTS: usize = 100;
/// So many bytes go out in one batch; half of what the hub takes.
const BATCH_BYTES: usize = 512 << 10;
/// So many refusals are kept for people.
const REFUSALS_KEPT: usize = 100;

/// An item as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    Event { id: String, json: String },
    Interchange(Vec<u8>),
}

/// What goes out together.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    Event { id: String, json: String },
    Batch { ids: Vec<String>, json: String },
    Interchange(Vec<u8>),
}

impl Parcel {
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Batch { ids, .. } => ids.len(),
            Self::Event { .. } | Self::Interchange(_) => 1,
        }
    }
}

/// What the hub did not want.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Refusal {
    pub(crate) id: String,
    pub(crate) status: u16,
    pub(crate) problem: Value,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Item>,
    /// Changes with every reset, so that an answer to an item of the life before removes none of this one.
    life: u64,
    /// After a refused batch its items go one by one, so that only the guilty one is refused.
    one_by_one: usize,
    delivered: u64,
    refused: u64,
    refusals: VecDeque<Refusal>,
}

/// The outbox of one system.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    filled: Notify,
    emptied: Notify,
}

/// Figures about an outbox.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OutboxView {
    pub(crate) waiting: usize,
    pub(crate) delivered: u64,
    pub(crate) refused: u64,
    pub(crate) refusals: Vec<Refusal>,
}

impl Outbox {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, emission: Emission) {
        let item = match emission {
            Emission::Event(event) => {
                Item::Event { id: event["id"].as_str().unwrap_or_default().to_owned(), json: event.to_string() }
            }
            Emission::Interchange(bytes) => Item::Interchange(bytes),
        };
        self.queue().waiting.push_back(item);
        self.filled.notify_one();
    }

    pub(crate) fn is_full(&self) -> bool {
        self.queue().waiting.len() >= OUTBOX_LIMIT
    }

    pub(crate) fn view(&self) -> OutboxView {
        let queue = self.queue();
        OutboxView {
            waiting: queue.waiting.len(),
            delivered: queue.delivered,
            refused: queue.refused,
            refusals: queue.refusals.iter().cloned().collect(),
        }
    }

    pub(crate) fn clear(&self) {
        let mut queue = self.queue();
        *queue = Queue { life: queue.life + 1, ..Queue::default() };
        self.emptied.notify_waiters();
    }

    /// Waits until nothing waits.
    pub(crate) async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.queue().waiting.is_empty() {
                return;
            }
            emptied.await;
        }
    }

    /// Waits for something to send and says what goes next, without taking it out.
    pub(crate) async fn next(&self) -> (u64, Parcel) {
        loop {
            if let Some(next) = self.peek() {
                return next;
            }
            self.filled.notified().await;
        }
    }

    fn peek(&self) -> Option<(u64, Parcel)> {
        let queue = self.queue();
        let life = queue.life;
        let (first_id, first_json) = match queue.waiting.front()? {
            Item::Interchange(bytes) => return Some((life, Parcel::Interchange(bytes.clone()))),
            Item::Event { id, json } => (id, json),
        };
        let limit = if queue.one_by_one > 0 { 1 } else { BATCH_EVENTS };
        let mut ids = Vec::new();
        let mut joined = String::from("[");
        for item in queue.waiting.iter().take(limit) {
            let Item::Event { id, json } = item else { break };
            if !ids.is_empty() {
                if joined.len() + json.len() > BATCH_BYTES {
                    break;
                }
                joined.push(',');
            }
            joined.push_str(json);
            ids.push(id.clone());
        }
        joined.push(']');
        if ids.len() <= 1 {
            return Some((life, Parcel::Event { id: first_id.clone(), json: first_json.clone() }));
        }
        Some((life, Parcel::Batch { ids, json: joined }))
    }

    /// The hub has `count` items; `refusals` are those of them that it did not want.
    pub(crate) fn delivered(&self, life: u64, count: usize, refusals: Vec<Refusal>) {
        let mut queue = self.queue();
        if queue.life != life {
            return;
        }
        let count = count.min(queue.waiting.len());
        queue.waiting.drain(..count);
        queue.one_by_one = queue.one_by_one.saturating_sub(count);
        queue.delivered += (count - refusals.len().min(count)) as u64;
        queue.refused += refusals.len() as u64;
        for refusal in refusals {
            if queue.refusals.len() >= REFUSALS_KEPT {
                queue.refusals.pop_front();
            }
            queue.refusals.push_back(refusal);
        }
        if queue.waiting.is_empty() {
            self.emptied.notify_waiters();
        }
    }

    /// The hub refused a batch as a whole.
    pub(crate) fn send_one_by_one(&self, life: u64, count: usize) {
        let mut queue = self.queue();
        if queue.life == life {
            queue.one_by_one = count;
        }
    }
}
