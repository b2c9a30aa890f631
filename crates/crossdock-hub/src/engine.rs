//! The writer: one thread that owns a partition and its ledger.
//! Here: the loop (drain what waits, decide, one append, then answers and sends), timers, restart. Not here: what is decided
//! (`crossdock-core`), carrying messages (`delivery.rs`).
//! Invariant: nothing leaves this thread before it is durable; after a failed append the partition is rebuilt from the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossdock_core::delivery::{Attempt, AttemptOutcome};
use crossdock_core::slas::Slas;
use crossdock_core::{Answer, Command, Entry, Input, Known, Output, Partition, Policy, State, Submission, Ticket};
use crossdock_ledger::{Ledger, LedgerError, NewRecord};
use crossdock_model::{CloudEvent, DeliveryId, MessageRejected, Timestamp};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use crate::feed::{Feed, Published};
use crate::metrics::Metrics;
use crate::recall::{self, RecallError};
use crate::records::{self, OriginalKey, Originals};
use crate::{HubError, clock};

/// How long a failed ledger is left alone before it is tried again.
const REBUILD_PAUSE: Duration = Duration::from_millis(500);
/// Records read at a time when the state is rebuilt.
const RESTORE_PAGE: usize = 1000;

/// A question to the partition, answered between two messages.
type Question = Box<dyn FnOnce(&mut Partition, Timestamp) + Send>;

enum Work {
    Admit { submission: Box<Submission>, original: Box<CloudEvent>, waiting: Waiting },
    Reject { rejected: Box<MessageRejected>, waiting: Waiting },
    Command { command: Command, waiting: Waiting },
    Delivered { id: DeliveryId, outcome: AttemptOutcome },
    Ask(Question),
    Stop,
}

/// Who waits, and the place in the queue that is given back with the answer.
struct Waiting {
    reply: oneshot::Sender<Answer>,
    _place: OwnedSemaphorePermit,
}

/// Makes an attempt, and says how it ended through [`Outcomes`].
pub(crate) type Sender = Box<dyn Fn(Attempt, Outcomes) + Send>;

/// The way to the engine, for everybody else. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Engine {
    work: mpsc::Sender<Work>,
    places: Arc<Semaphore>,
    bound: usize,
    ready: Arc<AtomicBool>,
    appended: Arc<AtomicU64>,
    died: watch::Receiver<bool>,
}

/// Where an attempt's end is told.
#[derive(Clone)]
pub(crate) struct Outcomes(mpsc::Sender<Work>);

/// Why the engine did not take something.
#[derive(Debug)]
pub(crate) enum Busy {
    /// As much waits as may wait.
    Full,
    /// It has stopped, or stopped before it answered.
    Stopped,
}

/// What an engine starts with.
pub(crate) struct Parts {
    pub(crate) policy: Arc<Policy>,
    /// What is measured, empty.
    pub(crate) signals: Slas,
    pub(crate) ledger: Box<dyn Ledger>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) send: Sender,
    pub(crate) queue: usize,
    pub(crate) group_commit: usize,
}

impl Engine {
    /// Rebuilds the partition from the ledger and starts the thread.
    pub(crate) fn start(parts: Parts) -> Result<(Self, JoinHandle<()>), HubError> {
        let (work, incoming) = channel();
        let (told, died) = watch::channel(false);
        let engine = Self {
            work: work.clone(),
            places: Arc::new(Semaphore::new(parts.queue)),
            bound: parts.queue,
            ready: Arc::new(AtomicBool::new(true)),
            appended: Arc::default(),
            died,
        };
        let mut writer = Writer {
            partition: Partition::new(Arc::clone(&parts.policy), seed()).measuring(parts.signals.clone()),
            parts,
            incoming,
            outcomes: Outcomes(work),
            waiting: BTreeMap::new(),
            originals: Originals::new(),
            unrecorded: BTreeMap::new(),
            next_ticket: 0,
            questions: Vec::new(),
            ready: Arc::clone(&engine.ready),
            appended: Arc::clone(&engine.appended),
        };
        writer.restore()?;
        let thread = std::thread::Builder::new()
            .name("crossdock-writer".to_owned())
            .spawn(move || {
                let watched = Watched { ready: Arc::clone(&writer.ready), died: told };
                writer.run();
                drop(watched);
            })
            .map_err(HubError::Thread)?;
        Ok((engine, thread))
    }

    /// A place in the queue, if one is free.
    pub(crate) fn place(&self) -> Result<OwnedSemaphorePermit, Busy> {
        Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy::Full)
    }

    /// Hands a fact in. The answer comes when it is durable.
    pub(crate) async fn admit(&self, submission: Submission, original: CloudEvent) -> Result<Answer, Busy> {
        let (submission, original) = (Box::new(submission), Box::new(original));
        self.wait(|waiting| Work::Admit { submission, original, waiting }).await
    }

    /// Hands a message in that is no fact, to be kept.
    pub(crate) async fn reject(&self, rejected: MessageRejected) -> Result<Answer, Busy> {
        let rejected = Box::new(rejected);
        self.wait(|waiting| Work::Reject { rejected, waiting }).await
    }

    /// Hands a person's order in.
    pub(crate) async fn command(&self, command: Command) -> Result<Answer, Busy> {
        self.wait(|waiting| Work::Command { command, waiting }).await
    }

    async fn wait(&self, work: impl FnOnce(Waiting) -> Work) -> Result<Answer, Busy> {
        let place = self.place()?;
        let (reply, answer) = oneshot::channel();
        self.work.send(work(Waiting { reply, _place: place })).map_err(|_| Busy::Stopped)?;
        answer.await.map_err(|_| Busy::Stopped)
    }

    /// Asks the partition: it answers when everything that it has decided is durable.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Partition, Timestamp) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (reply, answer) = oneshot::channel();
        let ask = move |partition: &mut Partition, now: Timestamp| {
            // Whoever asked may have left meanwhile.
            drop(reply.send(question(partition, now)));
        };
        self.work.send(Work::Ask(Box::new(ask))).map_err(|_| Busy::Stopped)?;
        answer.await.map_err(|_| Busy::Stopped)
    }

    /// The same of the signals that it measures, up to now.
    pub(crate) async fn ask_signals<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Slas, &State, Timestamp) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (reply, answer) = oneshot::channel();
        let ask = move |partition: &mut Partition, now: Timestamp| {
            if let Some((signals, state)) = partition.signals(now) {
                drop(reply.send(question(signals, state, now)));
            }
        };
        self.work.send(Work::Ask(Box::new(ask))).map_err(|_| Busy::Stopped)?;
        answer.await.map_err(|_| Busy::Stopped)
    }

    /// How many messages wait, and how many may.
    pub(crate) fn queue(&self) -> (usize, usize) {
        (self.bound - self.places.available_permits(), self.bound)
    }

    /// Whether facts are taken.
    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    /// Returns when the writer has died of a defect; never, if it ends as it should. A hub without its writer is no hub.
    pub(crate) async fn died(&self) {
        let mut died = self.died.clone();
        if died.wait_for(|died| *died).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// How many records were appended since the start.
    pub(crate) fn appended(&self) -> u64 {
        self.appended.load(Ordering::Relaxed)
    }

    /// Ends the thread behind everything that waits already.
    pub(crate) fn stop(&self) {
        if self.work.send(Work::Stop).is_err() {
            tracing::debug!("the writer has stopped already");
        }
    }
}

impl Outcomes {
    /// Tells how an attempt ended.
    pub(crate) fn tell(&self, id: DeliveryId, outcome: AttemptOutcome) {
        if self.0.send(Work::Delivered { id, outcome }).is_err() {
            // The hub stops. The delivery is still owed in the ledger and is looked up and tried again after the restart.
            tracing::debug!(delivery = %id, "outcome after the stop");
        }
    }
}

/// Stands beside the writer in its thread: whatever ends it, nobody is told that facts are taken.
struct Watched {
    ready: Arc<AtomicBool>,
    died: watch::Sender<bool>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.ready.store(false, Ordering::Relaxed);
        if std::thread::panicking() {
            tracing::error!("the writer has died of a defect; what it answered is in the ledger, the rest is not");
            self.died.send_replace(true);
        }
    }
}

struct Writer {
    parts: Parts,
    partition: Partition,
    incoming: Receiver<Work>,
    outcomes: Outcomes,
    waiting: BTreeMap<Ticket, Waiting>,
    originals: Originals,
    unrecorded: BTreeMap<Ticket, OriginalKey>,
    next_ticket: Ticket,
    /// Asked while something was decided that is not durable yet: answered behind the next append.
    questions: Vec<Question>,
    ready: Arc<AtomicBool>,
    appended: Arc<AtomicU64>,
}

impl Writer {
    fn run(mut self) {
        loop {
            if !self.settle() {
                self.rebuild();
                continue;
            }
            let now = clock::now();
            for question in std::mem::take(&mut self.questions) {
                question(&mut self.partition, now);
            }
            let first = match self.partition.wake_at(now) {
                Some(at) => {
                    let pause = Duration::try_from(at.duration_since(now)).unwrap_or_default();
                    match self.incoming.recv_timeout(pause) {
                        Ok(work) => Some(work),
                        Err(RecvTimeoutError::Timeout) => None,
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
                None => match self.incoming.recv() {
                    Ok(work) => Some(work),
                    Err(_) => return,
                },
            };
            let Some(first) = first else {
                self.partition.handle(Input::Tick, clock::now());
                continue;
            };
            // Group commit: what came while the last append was on its way shares the next one.
            let mut taken = 1;
            let mut next = Some(first);
            while let Some(work) = next {
                if !self.take(work) {
                    self.settle();
                    return;
                }
                taken += 1;
                next = if taken <= self.parts.group_commit { self.incoming.try_recv().ok() } else { None };
            }
        }
    }

    /// Takes one piece of work in; false: stop.
    fn take(&mut self, work: Work) -> bool {
        let now = clock::now();
        let input = match work {
            Work::Stop => return false,
            Work::Ask(question) => {
                // Not now: what this batch decided may still be lost, and readers see only what cannot be.
                self.questions.push(question);
                return true;
            }
            Work::Delivered { id, outcome } => Input::Delivered { id, outcome },
            Work::Command { command, waiting } => Input::Command { ticket: self.ticket(waiting), command },
            Work::Reject { rejected, waiting } => Input::Reject { ticket: self.ticket(waiting), rejected },
            Work::Admit { submission, original, waiting } => match self.known(&submission) {
                Ok(known) => {
                    let key = (submission.system.to_string(), submission.id.clone(), submission.digest);
                    self.originals.insert(key.clone(), *original);
                    let ticket = self.ticket(waiting);
                    self.unrecorded.insert(ticket, key);
                    Input::Admit { ticket, submission, known }
                }
                Err(error) => {
                    tracing::error!(%error, "the key index cannot be read");
                    drop(waiting.reply.send(Answer::Unavailable));
                    return true;
                }
            },
        };
        if let Err(error) = self.recall(&input, now) {
            tracing::error!(%error, "the archive cannot be read");
            if let Input::Admit { ticket, .. } | Input::Command { ticket, .. } = &input {
                if let Some(key) = self.unrecorded.remove(ticket) {
                    self.originals.remove(&key);
                }
                if let Some(waiting) = self.waiting.remove(ticket) {
                    drop(waiting.reply.send(Answer::Unavailable));
                }
                return true;
            }
        }
        self.partition.handle(input, now);
        true
    }

    /// Puts back what left memory and is spoken of. What is known already has no effect, and brings nothing back.
    fn recall(&mut self, input: &Input, now: Timestamp) -> Result<(), RecallError> {
        if let Input::Admit { submission, known, .. } = input
            && known.keys.values().any(|(digest, _)| *digest == submission.digest)
        {
            return Ok(());
        }
        let mut asked = BTreeSet::new();
        loop {
            let missing = self.partition.missing(input).into_iter();
            let missing: Vec<_> = missing.filter(|name| asked.insert(name.clone())).collect();
            if missing.is_empty() {
                return Ok(());
            }
            let mut found = Vec::new();
            for name in &missing {
                found.extend(recall::look_up(name, |kind, source| self.parts.ledger.newest(kind, source))?);
            }
            if !found.is_empty() {
                self.parts.metrics.add("crossdock_objects_recalled_total", &[], found.len() as u64);
                self.partition.handle(Input::Recall { found }, now);
            }
        }
    }

    fn ticket(&mut self, waiting: Waiting) -> Ticket {
        self.next_ticket += 1;
        self.waiting.insert(self.next_ticket, waiting);
        self.next_ticket
    }

    fn known(&mut self, submission: &Submission) -> Result<Known, LedgerError> {
        let mut known = Known::default();
        for key in Partition::keys_of(submission) {
            if let Some(hit) = self.parts.ledger.lookup(&records::ledger_key(&key))?
                && let Some(digest) = records::parse_digest(&hit.digest)
            {
                known.keys.insert(key, (digest, hit.seq));
            }
        }
        Ok(known)
    }

    /// Does what the partition wants done; false: the ledger has failed.
    fn settle(&mut self) -> bool {
        let mut healthy = true;
        while let Some(output) = self.partition.next_output(clock::now()) {
            match output {
                Output::Append { expected, entries } => match self.append(expected, &entries) {
                    Ok(upto) => self.partition.handle(Input::Appended { upto }, clock::now()),
                    Err(error) => {
                        tracing::error!(error = %chain(&error), "the ledger cannot be written");
                        healthy = false;
                        self.partition.handle(Input::AppendFailed, clock::now());
                    }
                },
                Output::Answer { ticket, answer } => {
                    // Of a duplicate or a refused one no record was made: its original is not needed any more.
                    if let Some(key) = self.unrecorded.remove(&ticket) {
                        self.originals.remove(&key);
                    }
                    if let Some(waiting) = self.waiting.remove(&ticket) {
                        // Whoever waited may have left; what is durable stays so.
                        drop(waiting.reply.send(answer));
                    }
                }
                Output::Send(attempt) => {
                    let labels =
                        [("target", attempt.plan.target.as_str()), ("operation", attempt.plan.operation.as_str())];
                    self.parts.metrics.count("crossdock_delivery_attempts_total", &labels);
                    (self.parts.send)(*attempt, self.outcomes.clone());
                }
                Output::Publish { .. } => {}
            }
        }
        healthy
    }

    fn append(&mut self, expected: u64, entries: &[Arc<Entry>]) -> Result<u64, HubError> {
        let started = Instant::now();
        let records: Result<Vec<NewRecord>, _> =
            entries.iter().map(|entry| records::record(entry, &mut self.originals)).collect();
        let records = records.map_err(|source| HubError::Record { seq: expected + 1, source })?;
        let upto = self.parts.ledger.append(expected, &records)?;
        self.parts.metrics.observe("crossdock_append_seconds", &[], started.elapsed());
        self.parts.metrics.add("crossdock_records_total", &[], records.len() as u64);
        self.appended.fetch_add(records.len() as u64, Ordering::Relaxed);
        // The bytes that were made durable are those that are published.
        let published = entries.iter().zip(records).map(|(entry, record)| {
            let event_type = entry.event.event_type();
            self.parts.metrics.count("crossdock_events_total", &[("type", event_type)]);
            Published {
                seq: entry.seq,
                event_type: event_type.to_owned(),
                correlation_id: Some(entry.meta.correlation_id.to_string()),
                json: record.event.into(),
            }
        });
        self.parts.feed.publish(published.collect());
        Ok(upto)
    }

    /// Folds the ledger into the (empty) partition.
    fn restore(&mut self) -> Result<(), HubError> {
        let mut from = 1;
        loop {
            let page = self.parts.ledger.read(from, RESTORE_PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            from = last.seq + 1;
            for record in &page {
                let entry = records::entry(record).map_err(|source| HubError::Record { seq: record.seq, source })?;
                self.partition.restore(&entry);
            }
        }
    }

    /// Publishes what the ledger holds and nobody was told: an append may fail after it has become durable.
    fn catch_up(&mut self) -> Result<(), HubError> {
        loop {
            let from = *self.parts.feed.head().borrow() + 1;
            let page = self.parts.ledger.read(from, RESTORE_PAGE)?;
            if page.is_empty() {
                return Ok(());
            }
            self.parts.feed.publish(page.into_iter().filter_map(Published::of).collect());
        }
    }

    /// After a failed append: nobody knows what the partition had decided, so it starts again from what is durable.
    fn rebuild(&mut self) {
        self.ready.store(false, Ordering::Relaxed);
        self.originals.clear();
        self.unrecorded.clear();
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            drop(waiting.reply.send(Answer::Unavailable));
        }
        loop {
            std::thread::sleep(REBUILD_PAUSE);
            let partition = Partition::new(Arc::clone(&self.parts.policy), seed());
            self.partition = partition.measuring(self.parts.signals.clone());
            match self.restore().and_then(|()| self.catch_up()) {
                Ok(()) => break,
                Err(error) => tracing::error!(error = %chain(&error), "the ledger cannot be read; trying again"),
            }
        }
        tracing::warn!("the state was rebuilt from the ledger");
        self.ready.store(true, Ordering::Relaxed);
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// Spreads the retries of hubs that were started together.
fn seed() -> u64 {
    uuid::Uuid::now_v7().as_u64_pair().1
}
