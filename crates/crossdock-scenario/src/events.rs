//! Events from the systems' streams, matched with the runs that wait for them.
//! Here: one reader per source, reconnecting from the last id, and the index of armed keys. Not here: what an awaited event
//! must look like (expectations).
//! Invariant: waiting costs an entry in the index, never a task; an event that comes before its `await` step is not missed,
//! because the entry is there since `arm`; no lock is held across an await.

pub mod sse;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossdock_contract::expr::Expr;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::sync::{Notify, watch};

use crate::environment::{Environment, SecretError};

/// Between attempts to reconnect: doubled up to the longest, reset by the first event.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// How long the first connection may take before the run counts as one that could not happen.
const FIRST_CONNECTION: Duration = Duration::from_secs(3);

/// The event sources of an environment. Dropping the last clone ends the readers.
#[derive(Clone, Debug)]
pub struct EventHub {
    sources: Arc<BTreeMap<String, Source>>,
}

#[derive(Debug)]
struct Source {
    index: Arc<Index>,
    reader: tokio::task::JoinHandle<()>,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Why a source cannot be listened to.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Its key is not where the environment says.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It names a system that is not there, or its key cannot be sent.
    #[error("event source `{source_id}`: {why}")]
    Unusable {
        /// The source.
        source_id: String,
        /// What is wrong with it.
        why: String,
    },
    /// No connection.
    #[error("event source `{source_id}` cannot be listened to at {url}: {why}")]
    Unreachable {
        /// The source.
        source_id: String,
        /// Where.
        url: String,
        /// What happened.
        why: String,
    },
    /// The environment has no such source.
    #[error("the environment has no event source `{source_id}`")]
    Unknown {
        /// The source.
        source_id: String,
    },
}

/// What is waited for: events of this type whose key has this value.
#[derive(Clone, Debug)]
pub struct Key {
    /// The event's type.
    pub event: Arc<str>,
    /// Expression over the event.
    pub of: Expr,
    /// The value, as [`key_text`] writes it.
    pub equals: String,
}

/// An event that came, with both clocks.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The event (a CloudEvent).
    pub event: Arc<Value>,
    /// When it reached us.
    pub at: Instant,
    /// When it reached us, by the wall clock.
    pub received: Timestamp,
    /// When it happened, by the clock of its source.
    pub source_time: Option<Timestamp>,
}

/// What became of an armed key so far.
#[derive(Clone, Debug, Default)]
pub struct Sightings {
    /// The first event.
    pub first: Option<Seen>,
    /// How often the same event came again (same source and id): an at-least-once stream may do that.
    pub duplicates: u32,
    /// How many other events had the same type and key.
    pub repeats: u32,
}

/// A registered key; it leaves the index when this is dropped.
#[derive(Debug)]
pub struct Armed {
    index: Arc<Index>,
    entry: Arc<Entry>,
    slot: Slot,
}

#[derive(Debug, Default)]
struct Entry {
    sightings: Mutex<Sightings>,
    came: Notify,
}

/// Where an entry stands in the index: the type, the key expression, and the value.
type Slot = (Arc<str>, Arc<str>, String);

#[derive(Debug)]
struct Index {
    /// Type -> key expression -> value -> those who wait. Types and expressions are a handful, values are many.
    waiting: Mutex<HashMap<Arc<str>, Vec<ByExpression>>>,
    connected: AtomicBool,
    /// How often the stream was lost since the start.
    gaps: AtomicU64,
    /// The smallest (our clock − the sender's clock) seen, in milliseconds: the clocks' offset plus the fastest way here.
    offset_ms: Mutex<Option<i64>>,
}

#[derive(Debug)]
struct ByExpression {
    of: Expr,
    values: HashMap<String, Vec<Arc<Entry>>>,
}

impl EventHub {
    /// Connects to every source of the environment, and returns when each is listened to: an `arm` after that misses nothing.
    pub async fn connect(environment: &Environment) -> Result<Self, EventError> {
        let only: Vec<&str> = environment.events().keys().map(String::as_str).collect();
        Self::connect_to(environment, &only).await
    }

    /// Connects to some sources of the environment.
    pub async fn connect_to(environment: &Environment, ids: &[&str]) -> Result<Self, EventError> {
        let mut sources = BTreeMap::new();
        for id in ids {
            let unusable = |why: &str| EventError::Unusable { source_id: (*id).to_owned(), why: why.to_owned() };
            let source =
                environment.events().get(*id).ok_or_else(|| EventError::Unknown { source_id: (*id).to_owned() })?;
            let url = environment.event_url(source).ok_or_else(|| unusable("its system is not in the environment"))?;
            let url = reqwest::Url::parse(&url).map_err(|_| unusable("its URL cannot be read"))?;
            let secret = source
                .secret
                .as_ref()
                .or_else(|| environment.system(&source.system).and_then(|system| system.secret.as_ref()));
            let bearer = match secret {
                None => None,
                Some(secret) => {
                    let secret = secret.read(&source.system)?;
                    let mut value = HeaderValue::try_from(format!("Bearer {}", secret.expose_secret()))
                        .map_err(|_| unusable("its key cannot be sent"))?;
                    value.set_sensitive(true);
                    Some(value)
                }
            };
            let client = stream_client().map_err(|error| unusable(&error.to_string()))?;
            let index = Arc::new(Index::new());
            let (tell, mut state) = watch::channel(Connection::Trying(String::from("no answer yet")));
            let reader =
                tokio::spawn(read_source(SourceAddress { client, url: url.clone(), bearer }, Arc::clone(&index), tell));
            // From here on the reader is ended by the drop of `source`, also on the error below.
            let source = Source { index, reader };
            let why = why_not_connected(&mut state).await;
            if let Some(why) = why {
                return Err(EventError::Unreachable { source_id: (*id).to_owned(), url: url.to_string(), why });
            }
            sources.insert((*id).to_owned(), source);
        }
        Ok(Self { sources: Arc::new(sources) })
    }

    /// Registers for an event. Do it before the act that causes the event.
    pub fn arm(&self, source: &str, key: &Key) -> Result<Armed, EventError> {
        let source = self.sources.get(source).ok_or_else(|| EventError::Unknown { source_id: source.to_owned() })?;
        Ok(source.index.arm(key))
    }

    /// How many keys are armed, over all sources.
    pub fn armed(&self) -> usize {
        self.sources.values().map(|source| source.index.len()).sum()
    }

    /// The estimate of (our clock − the sender's clock) for a source, in milliseconds, as soon as an event told.
    pub fn clock_offset_ms(&self, source: &str) -> Option<i64> {
        self.sources.get(source).and_then(|source| *held(&source.index.offset_ms))
    }
}

impl Armed {
    /// Waits until the event is there or `deadline` has come; `None` at the deadline.
    pub async fn wait_until(&self, deadline: Instant) -> Option<Seen> {
        loop {
            // Registered before the look, so that an event between the two wakes us.
            let came = self.entry.came.notified();
            if let Some(seen) = self.sightings().first {
                return Some(seen);
            }
            if tokio::time::timeout_at(deadline.into(), came).await.is_err() {
                return self.sightings().first;
            }
        }
    }

    /// What came so far.
    pub fn sightings(&self) -> Sightings {
        held(&self.entry.sightings).clone()
    }

    /// Whether the stream is connected now; an event that did not come over a lost stream is not lost, only unseen.
    pub fn is_connected(&self) -> bool {
        self.index.connected.load(Ordering::Relaxed)
    }

    /// How often the stream was lost since the start.
    pub fn gaps(&self) -> u64 {
        self.index.gaps.load(Ordering::Relaxed)
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.index.disarm(&self.slot, &self.entry);
    }
}

impl Index {
    fn new() -> Self {
        Self {
            waiting: Mutex::default(),
            connected: AtomicBool::new(false),
            gaps: AtomicU64::new(0),
            offset_ms: Mutex::default(),
        }
    }

    fn len(&self) -> usize {
        // A sum: the order of the map does not matter.
        #[expect(clippy::iter_over_hash_type, reason = "only counted")]
        {
            let mut count = 0;
            for lists in held(&self.waiting).values() {
                count += lists.iter().map(|list| list.values.values().map(Vec::len).sum::<usize>()).sum::<usize>();
            }
            count
        }
    }

    fn arm(self: &Arc<Self>, key: &Key) -> Armed {
        let entry = Arc::new(Entry::default());
        let text: Arc<str> = key.of.text().into();
        let mut waiting = held(&self.waiting);
        let lists = waiting.entry(Arc::clone(&key.event)).or_default();
        let at = lists.iter().position(|list| list.of.text() == &*text).unwrap_or_else(|| {
            lists.push(ByExpression { of: key.of.clone(), values: HashMap::new() });
            lists.len() - 1
        });
        lists[at].values.entry(key.equals.clone()).or_default().push(Arc::clone(&entry));
        drop(waiting);
        Armed { index: Arc::clone(self), entry, slot: (Arc::clone(&key.event), text, key.equals.clone()) }
    }

    fn disarm(&self, (event, of, value): &Slot, entry: &Arc<Entry>) {
        let mut waiting = held(&self.waiting);
        let Some(lists) = waiting.get_mut(event) else { return };
        let Some(list) = lists.iter_mut().find(|list| list.of.text() == &**of) else { return };
        if let Some(entries) = list.values.get_mut(value) {
            entries.retain(|other| !Arc::ptr_eq(other, entry));
            if entries.is_empty() {
                list.values.remove(value);
            }
        }
    }

    /// Hands an event to those who wait for it.
    fn take(&self, event: Value) {
        let (at, received) = (Instant::now(), Timestamp::now());
        let time_of =
            |name: &str| event.get(name).and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
        if let Some(sent) = time_of("receivedat").or_else(|| time_of("time")) {
            let behind = received.as_millisecond() - sent.as_millisecond();
            let mut offset = held(&self.offset_ms);
            *offset = Some(offset.map_or(behind, |least| least.min(behind)));
        }
        let Some(kind) = event.get("type").and_then(Value::as_str) else { return };
        let waiting = held(&self.waiting);
        let Some(lists) = waiting.get(kind) else { return };
        let mut found: Vec<Arc<Entry>> = Vec::new();
        for list in lists.iter().filter(|list| !list.values.is_empty()) {
            // An event without the key is somebody else's.
            if let Some(entries) = list.of.eval(&event).ok().and_then(|value| list.values.get(&key_text(&value))) {
                found.extend(entries.iter().cloned());
            }
        }
        drop(waiting);
        if found.is_empty() {
            return;
        }
        let seen = Seen { source_time: time_of("time"), event: Arc::new(event), at, received };
        for entry in found {
            entry.see(&seen);
        }
    }
}

impl Entry {
    fn see(&self, seen: &Seen) {
        let mut sightings = held(&self.sightings);
        match &sightings.first {
            None => {
                sightings.first = Some(seen.clone());
                drop(sightings);
                self.came.notify_waiters();
            }
            Some(first) if same_event(&first.event, &seen.event) => sightings.duplicates += 1,
            Some(_) => sightings.repeats += 1,
        }
    }
}

/// CloudEvents 1.0: source and id together name an event.
fn same_event(a: &Value, b: &Value) -> bool {
    a.get("id") == b.get("id") && a.get("source") == b.get("source")
}

/// A key's value as the index holds it: text as it is, anything else as JSON, so that `"7"` and `7` are one key.
pub fn key_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A poisoned lock only says that another thread panicked; the index stays usable for the clean-up.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct SourceAddress {
    client: reqwest::Client,
    url: reqwest::Url,
    bearer: Option<HeaderValue>,
}

#[derive(Debug)]
enum Connection {
    Trying(String),
    Refused(String),
    Open,
}

/// Reads one source for ever: connect, hand out, on loss reconnect from the last id.
async fn read_source(address: SourceAddress, index: Arc<Index>, tell: watch::Sender<Connection>) {
    let mut last_id: Option<String> = None;
    let mut pause = RECONNECT.0;
    loop {
        match address.open(last_id.as_deref()).await {
            Ok(response) => {
                index.connected.store(true, Ordering::Relaxed);
                tell.send_replace(Connection::Open);
                let before = last_id.clone();
                let why = read_stream(response, &index, &mut last_id).await;
                index.connected.store(false, Ordering::Relaxed);
                index.gaps.fetch_add(1, Ordering::Relaxed);
                if last_id != before {
                    pause = RECONNECT.0;
                }
                tracing::warn!(url = %address.url, why, "event stream lost, reconnecting");
            }
            Err(Refusal { why, lasting }) => {
                // Before the first connection a clear refusal (wrong key, wrong path) is told at once; later it is retried,
                // because a system that restarts may refuse for a while.
                let opened = matches!(*tell.borrow(), Connection::Open);
                if !opened {
                    tell.send_replace(if lasting { Connection::Refused(why) } else { Connection::Trying(why) });
                }
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RECONNECT.1);
    }
}

/// Waits for the first connection; says why there is none, if there is none.
async fn why_not_connected(state: &mut watch::Receiver<Connection>) -> Option<String> {
    let settled = state.wait_for(|state| !matches!(state, Connection::Trying(_)));
    // However the wait ends, the state tells.
    tokio::time::timeout(FIRST_CONNECTION, settled).await.map(drop).ok();
    match &*state.borrow() {
        Connection::Open => None,
        Connection::Trying(why) | Connection::Refused(why) => Some(why.clone()),
    }
}

struct Refusal {
    why: String,
    lasting: bool,
}

impl SourceAddress {
    async fn open(&self, last_id: Option<&str>) -> Result<reqwest::Response, Refusal> {
        let mut request = self.client.get(self.resumed(last_id)).header(ACCEPT, "text/event-stream");
        if let Some(bearer) = &self.bearer {
            request = request.header(AUTHORIZATION, bearer.clone());
        }
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.map_err(|error| Refusal { why: innermost(&error), lasting: false })?;
        if response.status() == reqwest::StatusCode::OK {
            return Ok(response);
        }
        let lasting =
            response.status().is_client_error() && response.status() != reqwest::StatusCode::TOO_MANY_REQUESTS;
        Err(Refusal { why: format!("it answers {}", response.status()), lasting })
    }

    /// The URL to go on from the last event. `from` is inclusive or exclusive as the server likes: an event that comes twice
    /// is skipped by its id.
    fn resumed(&self, last_id: Option<&str>) -> reqwest::Url {
        let mut url = self.url.clone();
        if let Some(last) = last_id {
            let others: Vec<(String, String)> = url
                .query_pairs()
                .filter(|(name, _)| name != "from")
                .map(|(n, v)| (n.into_owned(), v.into_owned()))
                .collect();
            url.query_pairs_mut().clear().extend_pairs(others).append_pair("from", last);
        }
        url
    }
}

/// Reads until the stream ends, and says why it ended.
async fn read_stream(mut response: reqwest::Response, index: &Index, last_id: &mut Option<String>) -> String {
    let mut reader = sse::Reader::default();
    let resumed_at = last_id.clone();
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return "it ended".to_owned(),
            Err(error) => return innermost(&error),
        };
        let taken = reader.take(&chunk, |message| {
            let again = message.id.is_some() && message.id == resumed_at;
            if message.id.is_some() {
                last_id.clone_from(&message.id);
            }
            if again {
                return;
            }
            match serde_json::from_str(&message.data) {
                Ok(event) => index.take(event),
                Err(error) => tracing::warn!(%error, "an event of the stream is not JSON and is skipped"),
            }
        });
        if let Err(error) = taken {
            return error.to_string();
        }
    }
}

fn stream_client() -> Result<reqwest::Client, reqwest::Error> {
    crate::caller::use_ring();
    reqwest::Client::builder().connect_timeout(Duration::from_secs(3)).no_proxy().tcp_nodelay(true).build()
}

fn innermost(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
