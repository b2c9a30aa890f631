//! The loop of one partition as a machine without input or output:
//! admit → decide → append → acknowledge → deliver, and restart.
//!
//! Here: order and durability. Not here: what a fact leads to (`decide/`), carrying bytes, the ledger itself.
//! The driver feeds [`Input`]s and takes [`Output`]s until there are none; a hub and a simulation drive the same one.
//!
//! Decisions are folded at once, so that the next message sees them, and leave the machine only when their entries are
//! durable: answers, sends and publication wait for [`Input::Appended`]. One append is out at a time; what is decided
//! meanwhile goes with the next one (group commit).
//!
//! Invariant: nothing is acknowledged, sent or published that a crash could take back. If an append fails, the machine
//! has failed: it answers everyone `Unavailable` and is rebuilt from the ledger.

mod messages;
mod recall;

pub use messages::{Answer, Command, Input, Known, Output, ReplayFilter, Replayed, Submission, Ticket};

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crossdock_model::{
    BusinessKey, DeliveryId, Digest, Event, Fact, HubEvent, MessageRejected, Meta, Text, Timestamp, UnitFactor,
    numbered,
};
use jiff::SignedDuration;

use crate::decide::{self, Verdict};
use crate::delivery::{self, AttemptOutcome, Lanes};
use crate::index::Index;
use crate::slas::Slas;
use crate::{Context, Draft, Due, Entry, Policy, Seq, State};

/// Entries in one append at most.
const MAX_BATCH: usize = 4096;
/// Timers that speak before one input at most: what else is due speaks before the next, which is asked for at once.
const MAX_DUE_AT_ONCE: usize = 256;

fn accepted(seq: Seq, context: &Context) -> Answer {
    Answer::Accepted { seq, correlation_id: context.correlation_id.to_string(), without_effect: None }
}

/// One partition.
pub struct Partition {
    policy: Arc<Policy>,
    seed: u64,
    state: State,
    durable: Seq,
    /// What had been planned when the machine was rebuilt may have been sent before.
    restored: Seq,
    pending: Vec<Arc<Entry>>,
    appending: VecDeque<Arc<Entry>>,
    /// Keys of what is not durable yet: the index on disk does not know them.
    tail: Index<BusinessKey, (Digest, Seq)>,
    /// Names of what left memory and is not durable yet, each with the record that has it.
    left: BTreeMap<Text, Arc<Entry>>,
    waiting: VecDeque<(Seq, Ticket, Answer)>,
    lanes: Lanes,
    ready: VecDeque<Output>,
    /// The entry that all of this input's entries follow from: the whole message of an exception that it opens.
    root: Option<Seq>,
    /// Timers that fell due and led to nothing: a defect, which must not keep the machine busy.
    stuck: BTreeSet<(Timestamp, Due)>,
    failed: bool,
    /// Measured beside the state: what they say is a fold of the ledger, whoever folds it and whenever.
    signals: Option<Slas>,
    /// Archive entries that were recorded, and entries without effect that are to be recorded in their place: see `tests::twin`.
    #[cfg(test)]
    pub(crate) archival: usize,
    #[cfg(test)]
    pub(crate) pads: usize,
    /// The last entry after which the invariants were checked.
    #[cfg(debug_assertions)]
    checked: Seq,
}

/// Objects (orders, positions, purchase orders) up to which a debug build checks every invariant after every input …
#[cfg(debug_assertions)]
const CHECKED_WHOLE: usize = 300;
/// … and entries between two checks of a larger state.
#[cfg(debug_assertions)]
const CHECKED_EVERY: Seq = 10_000;

impl Partition {
    /// An empty partition. `seed` spreads retries.
    pub fn new(policy: Arc<Policy>, seed: u64) -> Self {
        let mut state = State::default();
        state.stock.keep_for(SignedDuration::from_millis(policy.history_ms));
        Self {
            policy,
            seed,
            state,
            durable: 0,
            restored: 0,
            pending: Vec::new(),
            appending: VecDeque::new(),
            tail: Index::default(),
            left: BTreeMap::new(),
            waiting: VecDeque::new(),
            lanes: Lanes::default(),
            ready: VecDeque::new(),
            root: None,
            stuck: BTreeSet::new(),
            failed: false,
            signals: None,
            #[cfg(test)]
            archival: 0,
            #[cfg(test)]
            pads: 0,
            #[cfg(debug_assertions)]
            checked: 0,
        }
    }

    /// Measures signals of everything that is folded from now on (domain.md 13).
    #[must_use]
    pub fn measuring(mut self, signals: Slas) -> Self {
        self.signals = Some(signals);
        self
    }

    /// The signals, up to this time, where they are measured: as [`Partition::state`], with decisions that are not durable yet.
    pub fn signals(&mut self, now: Timestamp) -> Option<(&Slas, &State)> {
        let signals = self.signals.as_mut()?;
        signals.tick(now);
        Some((signals, &self.state))
    }

    /// Rebuilds a partition: fold one entry of the ledger. Call it for each in order, before any [`Partition::handle`].
    pub fn restore(&mut self, entry: &Entry) {
        self.state.apply(entry);
        self.measure(entry);
        self.durable = entry.seq;
        self.restored = entry.seq;
    }

    /// The state, with decisions that are not durable yet: for questions whose answers may be a moment early.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The keys that a submission will claim, for the look-up in the index before [`Input::Admit`].
    pub fn keys_of(submission: &Submission) -> Vec<BusinessKey> {
        decide::keys_of(submission)
    }

    /// Takes one input in. What fell due before it speaks first.
    pub fn handle(&mut self, input: Input, now: Timestamp) {
        self.root = None;
        self.fall_due(now);
        self.let_go(now);
        self.recall_left(&input, now);
        #[cfg(test)]
        self.pad(now);
        self.root = Some(self.state.seq + 1);
        match input {
            Input::Admit { ticket, submission, known } => self.admit(ticket, &submission, known, now),
            Input::Reject { ticket, rejected } => self.reject(ticket, *rejected, now),
            Input::Command { ticket, command } => self.command(ticket, &command, now),
            Input::Recall { found } => self.recall(found, now),
            Input::Appended { upto } => self.appended(upto),
            Input::AppendFailed => self.fail(),
            Input::Delivered { id, outcome } => self.delivered(id, outcome, now),
            Input::Tick => {}
        }
        #[cfg(debug_assertions)]
        self.check_invariants();
    }

    /// What must hold between two inputs, after each that changed something; of a large state after some, or nothing would get done.
    #[cfg(debug_assertions)]
    fn check_invariants(&mut self) {
        let seq = self.state.seq;
        let due = self.state.objects() <= CHECKED_WHOLE || seq / CHECKED_EVERY > self.checked / CHECKED_EVERY;
        if seq > self.checked && due {
            self.checked = seq;
            let broken = crate::invariants::check(&self.state);
            assert!(broken.is_empty(), "after entry {seq}: {broken:#?}");
        }
    }

    /// The next thing to do, `None` when there is nothing.
    pub fn next_output(&mut self, now: Timestamp) -> Option<Output> {
        if let Some(output) = self.ready.pop_front() {
            return Some(output);
        }
        if self.failed {
            return None;
        }
        if self.appending.is_empty() && !self.pending.is_empty() {
            let rest =
                if self.pending.len() > MAX_BATCH { self.pending.split_off(self.batch_end()) } else { Vec::new() };
            let entries = std::mem::replace(&mut self.pending, rest);
            self.appending.extend(entries.iter().cloned());
            return Some(Output::Append { expected: self.durable, entries });
        }
        let attempts = self.lanes.due(&self.state.deliveries, &self.policy, (self.durable, self.restored), now);
        for attempt in attempts {
            self.ready.push_back(Output::Send(Box::new(attempt)));
        }
        self.ready.pop_front()
    }

    /// When to say [`Input::Tick`], if nothing else happens before.
    pub fn wake_at(&self, now: Timestamp) -> Option<Timestamp> {
        let overdue = self.state.timers.due(now).any(|timer| !self.stuck.contains(timer));
        let timer = if overdue { Some(now) } else { self.state.timers.next_after(now) };
        let kept = self.policy.keep_closed().zip(self.state.closed.oldest());
        let leaves = kept.map(|(keep, since)| since.saturating_add(keep).unwrap_or(Timestamp::MAX).max(now));
        timer.into_iter().chain(leaves).chain(self.lanes.wake_at()).min()
    }

    /// A batch ends where one message's entries end, so that a crash never splits a message.
    fn batch_end(&self) -> usize {
        let is_first = |entry: &Entry| entry.meta.causation_id.is_none() || matches!(entry.event, Event::Fact(_));
        (MAX_BATCH..self.pending.len()).find(|i| is_first(&self.pending[*i])).unwrap_or(self.pending.len())
    }

    fn admit(&mut self, ticket: Ticket, submission: &Submission, mut known: Known, now: Timestamp) {
        if self.failed {
            return self.answer_now(ticket, Answer::Unavailable);
        }
        let keys = decide::keys_of(submission);
        for key in &keys {
            if let Some(taken) = self.tail.get(key) {
                known.keys.insert(key.clone(), *taken);
            }
        }
        // Its keys stay those of whoever sent it; what it says is the word of the system that it stands in for.
        let (verdict, spoken) = match decide::stood_in(&self.state, &self.policy, submission) {
            Err(refusal) => (Verdict::Refuse { refusal, exception: None }, None),
            Ok(spoken) => {
                let submission = spoken.as_ref().unwrap_or(submission);
                (decide::admit(&self.state, &self.policy, submission, (&keys, &known), now), spoken)
            }
        };
        let submission = spoken.as_ref().unwrap_or(submission);
        match verdict {
            Verdict::Accept { context, factors } => {
                let meta = decide::meta_of(&self.policy, submission, &context, now);
                let seq = self.state.seq + 1;
                let correlation_id = context.correlation_id.to_string();
                let keys = keys.into_iter().map(|key| (key, submission.digest)).collect();
                let entry = self.record_fact(meta, submission.fact.clone(), factors, keys);
                if let Some(plan) = decide::acknowledgement(&self.state, &self.policy, &context, submission) {
                    self.record_draft(plan.into(), &entry, now);
                }
                self.follow(Arc::clone(&entry), now);
                self.publish_positions(&entry, now);
                let answer = Answer::Accepted { seq, correlation_id, without_effect: None };
                self.waiting.push_back((self.state.seq, ticket, answer));
            }
            Verdict::SetAside { context, fact } => {
                let seq = self.state.seq + 1;
                let effect = Some(fact.effect);
                let correlation_id = context.correlation_id.to_string();
                let keys = keys.into_iter().map(|key| (key, submission.digest)).collect();
                let meta = Meta { id: numbered(&["hub-"], seq), ..decide::hub_meta(&context, None, now) };
                let entry = self.record(meta, Event::Hub(HubEvent::FactSetAside(*fact)), keys);
                // It was read without an error, whatever becomes of it.
                if let Some(plan) = decide::acknowledgement(&self.state, &self.policy, &context, submission) {
                    self.record_draft(plan.into(), &entry, now);
                }
                self.follow(Arc::clone(&entry), now);
                let answer = Answer::Accepted { seq, correlation_id, without_effect: effect };
                self.waiting.push_back((self.state.seq, ticket, answer));
            }
            Verdict::Duplicate { first } => {
                // The first may not be durable yet: its answer must not be faster than its entry.
                self.waiting.push_back((first.min(self.state.seq), ticket, Answer::Duplicate { first: Some(first) }));
                self.release_answers();
            }
            Verdict::Refuse { refusal, exception } => {
                let rejected = decide::rejection(submission, &refusal);
                let meta =
                    decide::hub_meta(&decide::context_of(&self.state, submission, self.state.seq + 1), None, now);
                let entry = self.record_hub(meta, HubEvent::MessageRejected(rejected));
                if let Some(exception) = exception {
                    let opened = self.record_draft(Draft::from(HubEvent::ExceptionOpened(*exception)), &entry, now);
                    self.follow(opened, now);
                }
                self.waiting.push_back((self.state.seq, ticket, Answer::Rejected(refusal)));
            }
        }
    }

    fn reject(&mut self, ticket: Ticket, rejected: MessageRejected, now: Timestamp) {
        if self.failed {
            return self.answer_now(ticket, Answer::Unavailable);
        }
        let context = decide::fresh_context(self.state.seq + 1, false, None);
        let entry = self.record_hub(decide::hub_meta(&context, None, now), HubEvent::MessageRejected(rejected));
        let answer = accepted(entry.seq, &context);
        self.waiting.push_back((self.state.seq, ticket, answer));
    }

    fn command(&mut self, ticket: Ticket, command: &Command, now: Timestamp) {
        if self.failed {
            return self.answer_now(ticket, Answer::Unavailable);
        }
        match decide::command(&self.state, &self.policy, command) {
            Ok(decide::Carried { events, replayed }) => {
                let mut first = None;
                for (context, event) in events {
                    let entry = self.record_hub(decide::hub_meta(&context, None, now), event);
                    first.get_or_insert((entry.seq, context.correlation_id.to_string()));
                    self.follow(Arc::clone(&entry), now);
                    self.publish_positions(&entry, now);
                }
                let seq = self.state.seq;
                let answer = match (replayed, first) {
                    (None, Some((seq, correlation_id))) => {
                        Answer::Accepted { seq, correlation_id, without_effect: None }
                    }
                    (replayed, _) => Answer::Replayed { seq, replayed: replayed.unwrap_or_default() },
                };
                self.waiting.push_back((seq, ticket, answer));
                self.release_answers();
            }
            Err(refusal) => self.answer_now(ticket, Answer::Rejected(refusal)),
        }
    }

    fn delivered(&mut self, id: DeliveryId, outcome: AttemptOutcome, now: Timestamp) {
        self.lanes.end(id);
        if self.failed {
            return;
        }
        let Some(delivery) = self.state.deliveries.get(id) else { return };
        let (context, plan) = (delivery.context.clone(), Arc::clone(&delivery.plan));
        for event in delivery::settle(&self.state.deliveries, &self.policy, &self.lanes, (id, outcome), now, self.seed)
        {
            let own = match &event {
                HubEvent::DeadLetterOpened(e) => self.state.deliveries.get(e.delivery_id).map(|d| d.context.clone()),
                _ => None,
            };
            let meta = decide::hub_meta(own.as_ref().unwrap_or(&context), None, now);
            // The plan leaves the state with its success: what follows from it is decided with the plan in hand.
            let entry = self.record_hub(meta, event);
            for draft in decide::after_delivery(&self.state, &self.policy, &plan, &entry, now) {
                let next = self.record_draft(draft, &entry, now);
                self.follow(next, now);
            }
            self.publish_positions(&entry, now);
        }
    }

    /// Lets every timer speak that is due, the earliest first.
    fn fall_due(&mut self, now: Timestamp) {
        if self.failed {
            return;
        }
        let due = self.state.timers.due(now).filter(|timer| !self.stuck.contains(*timer));
        for (at, due) in due.take(MAX_DUE_AT_ONCE).cloned().collect::<Vec<_>>() {
            // What followed from an earlier one may have cleared or moved it.
            if self.state.timers.at(&due) != Some(at) {
                continue;
            }
            for draft in decide::due(&self.state, &self.policy, &due, now) {
                let context = draft.context.unwrap_or_else(|| decide::fresh_context(self.state.seq + 1, false, None));
                let entry = self.record_hub(decide::hub_meta(&context, None, now), draft.event);
                self.follow(Arc::clone(&entry), now);
                self.publish_positions(&entry, now);
            }
            if self.state.timers.at(&due) == Some(at) {
                debug_assert!(false, "{due:?} fell due and led to nothing");
                self.stuck.insert((at, due));
            }
        }
    }

    /// Decides what follows from an entry, records it, and so on until nothing follows.
    fn follow(&mut self, entry: Arc<Entry>, now: Timestamp) {
        let mut queue = VecDeque::from([entry]);
        while let Some(entry) = queue.pop_front() {
            for draft in decide::decide(&self.state, &self.policy, &entry, now) {
                let next = self.record_draft(draft, &entry, now);
                queue.push_back(next);
            }
        }
    }

    /// Every position that this input changed is published once, with its final figures.
    fn publish_positions(&mut self, cause: &Entry, now: Timestamp) {
        while let Some((key, context)) = self.state.stock.next_touched() {
            let draft = Draft::of(context, decide::position_changed(&self.state, &self.policy, key));
            let entry = self.record_draft(draft, cause, now);
            self.follow(entry, now);
        }
    }

    fn record_draft(&mut self, draft: Draft, cause: &Entry, now: Timestamp) -> Arc<Entry> {
        let context = draft.context.unwrap_or_else(|| cause.context());
        let meta = decide::hub_meta(&context, Some(cause.meta.id.clone()), now);
        self.record_hub(meta, draft.event)
    }

    fn record_hub(&mut self, meta: Meta, mut event: HubEvent) -> Arc<Entry> {
        if let HubEvent::ExceptionOpened(opened) = &mut event {
            opened.original = opened.original.or(self.root);
        }
        let meta = Meta { id: numbered(&["hub-"], self.state.seq + 1), ..meta };
        self.record(meta, Event::Hub(event), Vec::new())
    }

    fn record(&mut self, meta: Meta, event: Event, keys: Vec<(BusinessKey, Digest)>) -> Arc<Entry> {
        self.record_entry(Entry { seq: self.state.seq + 1, meta, event, said: None, keys })
    }

    fn record_fact(
        &mut self,
        meta: Meta,
        fact: Fact,
        factors: Vec<UnitFactor>,
        keys: Vec<(BusinessKey, Digest)>,
    ) -> Arc<Entry> {
        let mut entry = Entry { seq: self.state.seq + 1, meta, event: Event::Fact(fact), said: None, keys };
        entry.count(factors);
        self.record_entry(entry)
    }

    #[cfg(test)]
    fn pad(&mut self, now: Timestamp) {
        for _ in 0..std::mem::take(&mut self.pads) {
            let meta = decide::hub_meta(&decide::fresh_context(self.state.seq + 1, false, None), None, now);
            let nothing = crossdock_model::ArchivePostponed { about: Text::default(), why: String::new() };
            self.record_hub(meta, HubEvent::ArchivePostponed(nothing));
        }
    }

    fn record_entry(&mut self, entry: Entry) -> Arc<Entry> {
        #[cfg(test)]
        if matches!(
            &entry.event,
            Event::Hub(HubEvent::ObjectArchived(_) | HubEvent::ObjectRecalled(_) | HubEvent::ArchivePostponed(_))
        ) {
            self.archival += 1;
        }
        let entry = Arc::new(entry);
        self.state.apply(&entry);
        self.measure(&entry);
        for (key, digest) in &entry.keys {
            self.tail.insert(key.clone(), (*digest, entry.seq));
        }
        self.pending.push(Arc::clone(&entry));
        entry
    }

    /// Each entry is measured with the state that it made, live as in a restart: a figure does not depend on who computed it.
    fn measure(&mut self, entry: &Entry) {
        if let Some(signals) = &mut self.signals {
            signals.observe(entry, &self.state);
        }
    }

    fn appended(&mut self, upto: Seq) {
        self.durable = self.durable.max(upto);
        let mut published = Vec::new();
        while self.appending.front().is_some_and(|entry| entry.seq <= upto) {
            published.extend(self.appending.pop_front());
        }
        for entry in &published {
            self.lanes.stir(&self.state.deliveries, entry);
        }
        for (key, _) in published.iter().flat_map(|entry| &entry.keys) {
            self.tail.swap_remove(key);
        }
        self.left.retain(|_, entry| entry.seq > upto);
        if !published.is_empty() {
            self.ready.push_back(Output::Publish { entries: published });
        }
        self.release_answers();
    }

    fn release_answers(&mut self) {
        // Answers wait in the order of their places, but for duplicates of something older, which may overtake.
        let durable = self.durable;
        let mut kept = VecDeque::with_capacity(self.waiting.len());
        for (seq, ticket, answer) in self.waiting.drain(..) {
            if seq <= durable {
                self.ready.push_back(Output::Answer { ticket, answer });
            } else {
                kept.push_back((seq, ticket, answer));
            }
        }
        self.waiting = kept;
    }

    fn answer_now(&mut self, ticket: Ticket, answer: Answer) {
        self.ready.push_back(Output::Answer { ticket, answer });
    }

    fn fail(&mut self) {
        self.failed = true;
        for (_, ticket, _) in std::mem::take(&mut self.waiting) {
            self.ready.push_back(Output::Answer { ticket, answer: Answer::Unavailable });
        }
    }
}
