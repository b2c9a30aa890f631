//! How each step takes place: a ledger that may be slow, targets that honour keys and answer as they like, and crashes.

use std::sync::Arc;

use crossdock_model::{ExceptionId, Ordering};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::world::id;
use super::steps::{How, Step};
use super::{Effect, MAX_OUTPUTS, Sim};
use crate::delivery::{Attempt, AttemptOutcome, ReplayScan};
use crate::partition::{Command, ReplayFilter};
use crate::{Answer, Entry, Input, OrderKey, Output, Seq};

impl Sim {
    fn durable(&self) -> Seq {
        self.ledger.last().map_or(0, |entry| entry.seq)
    }

    pub(super) fn step(&mut self, step: &Step) {
        match step {
            Step::Deliver { which, how } => self.deliver(*which, *how),
            Step::Wait { ms } => {
                self.now += SignedDuration::from_millis(i64::from(*ms));
                self.feed(Input::Tick);
            }
            Step::Replay { which } => {
                let dead: Vec<_> = self.partition.state().deliveries().dead_letters().map(|d| d.id).collect();
                if let Some(id) = pick(&dead, *which) {
                    let command = Command::ReplayDeadLetter { id: *id, by: "ann".into(), reason: "again".into() };
                    self.command(command);
                }
            }
            Step::Resolve { which, how } => {
                let open = self.partition.state().exceptions().filter(|x| x.resolved.is_none());
                let open: Vec<_> = open.map(|x| (x.id, x.opened.resolutions.clone())).collect();
                if let Some((id, resolutions)) = pick(&open, *which) {
                    let Some(resolution) = pick(resolutions, *how) else { return };
                    let (id, resolution): (ExceptionId, _) = (*id, *resolution);
                    let command = Command::ResolveException {
                        id,
                        resolution,
                        by: "ann".into(),
                        reason: "looked".into(),
                        with: Value::Null,
                    };
                    self.command(command);
                }
            }
            Step::Edit { .. } | Step::Discard { .. } | Step::ReplayAll { .. } | Step::ReplayInto { .. } => {
                self.order(step);
            }
            Step::MoveLine { number, line, east } => {
                let (by, reason) = ("ann".to_owned(), "it is nearer".to_owned());
                let order = OrderKey { source: id("commerce"), id: id(&format!("O-{number}")) };
                let to = id(if *east { "DC-EAST" } else { "DC-WEST" });
                self.command(Command::MoveLine { order, line: u32::from(*line), to, by, reason });
            }
            Step::Slow => self.slow = true,
            Step::Durable => {
                self.slow = false;
                self.finish_append(true);
            }
            Step::Crash { appended, effects } => self.crash(*appended, *effects),
            Step::Stock(stocking) => self.stock(stocking),
            Step::Life(life) => self.life(life),
            fact => {
                let (system, event_type, transport, synthetic, data) = self.fact(fact);
                self.submit(&system, event_type, &transport, synthetic, &data);
            }
        }
        self.check();
    }

    /// What a person orders about deliveries.
    fn order(&mut self, step: &Step) {
        let (by, reason) = ("ann".to_owned(), "again".to_owned());
        let dead: Vec<_> = self.partition.state().deliveries().dead_letters().map(|d| (d.id, d.plan.clone())).collect();
        let command = match step {
            Step::Edit { which } => pick(&dead, *which).map(|(id, plan)| {
                let mut body = plan.body.to_json();
                body["edited"] = self.tickets.into();
                Command::EditDeadLetter { id: *id, body, path: crossdock_model::Path::default(), by, reason }
            }),
            Step::Discard { which } => {
                pick(&dead, *which).map(|(id, _)| Command::DiscardDeadLetter { id: *id, by, reason })
            }
            Step::ReplayAll { limit } => {
                let filter = ReplayFilter { limit: usize::from(*limit), ..ReplayFilter::default() };
                Some(Command::Replay { filter, by, reason })
            }
            Step::ReplayInto { target, from, behind } => {
                let targets: Vec<_> = self.partition.state().deliveries().targets().cloned().collect();
                pick(&targets, *target).map(|target| {
                    let mut scan = ReplayScan::new(target.clone(), 5);
                    let read = self.ledger.len().saturating_sub(usize::from(*behind));
                    self.ledger[..read].iter().skip(usize::from(*from)).for_each(|entry| scan.take(entry));
                    Command::ReplayInto { scan: Box::new(scan), by, reason }
                })
            }
            _ => None,
        };
        if let Some(command) = command {
            self.command(command);
        }
    }

    pub(super) fn command(&mut self, command: Command) {
        let ticket = self.ticket();
        self.feed(Input::Command { ticket, command });
    }

    pub(super) fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.open_tickets.insert(self.tickets);
        self.tickets
    }

    pub(super) fn feed(&mut self, input: Input) {
        self.partition.handle(input, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        for _ in 0..MAX_OUTPUTS {
            let Some(output) = self.partition.next_output(self.now) else { return };
            match output {
                Output::Append { expected, entries } => {
                    assert_eq!(expected, self.durable(), "appends follow the head");
                    assert!(self.appending.replace(entries).is_none(), "one append at a time");
                    if !self.slow {
                        self.finish_append(false);
                    }
                }
                Output::Answer { ticket, answer } => self.answered(ticket, &answer),
                Output::Send(attempt) => self.sent(*attempt),
                Output::Publish { entries } => {
                    assert!(entries.iter().all(|e| e.seq <= self.durable()), "published before it is durable");
                }
            }
        }
        panic!("the partition never comes to rest");
    }

    pub(super) fn finish_append(&mut self, drain: bool) {
        let Some(entries) = self.appending.take() else { return };
        self.keep(entries);
        self.partition.handle(Input::Appended { upto: self.durable() }, self.now);
        if drain {
            self.drain();
        }
    }

    fn keep(&mut self, entries: Vec<Arc<Entry>>) {
        for entry in entries {
            for (key, digest) in &entry.keys {
                self.index.entry(key.clone()).or_insert((*digest, entry.seq));
            }
            self.ledger.push(entry);
        }
    }

    fn answered(&mut self, ticket: u64, answer: &Answer) {
        assert!(self.open_tickets.remove(&ticket), "ticket {ticket} is answered once");
        let durable = self.durable();
        match answer {
            Answer::Accepted { seq, .. } => assert!(*seq <= durable, "answered before {seq} is durable"),
            Answer::Duplicate { first } => {
                assert!(first.is_none_or(|seq| seq <= durable), "a duplicate of nothing durable");
            }
            Answer::Rejected(_) | Answer::Replayed { .. } => {}
            Answer::Unavailable => panic!("nothing failed"),
        }
    }

    fn sent(&mut self, attempt: Attempt) {
        assert!(attempt.id.0 <= self.durable(), "sent before it is durable");
        let plan = &attempt.plan;
        if plan.ordering != Ordering::Independent {
            let twin = self.under_way.iter().find(|a| a.plan.target == plan.target && a.plan.key == plan.key);
            assert!(twin.is_none(), "two of one key under way: {:?} and {attempt:?}", twin.map(|a| a.id));
        }
        if plan.ordering == Ordering::NewestWins {
            let last = self.newest.insert((plan.target.to_string(), plan.key.to_string()), attempt.id);
            assert!(last <= Some(attempt.id), "{last:?} was sent before the older {}", attempt.id);
        }
        self.under_way.push(attempt);
    }

    pub(super) fn deliver(&mut self, which: u8, how: How) {
        if self.under_way.is_empty() {
            return;
        }
        let attempt = self.under_way.remove(usize::from(which) % self.under_way.len());
        let problem = |status: u16, retry_after_ms| AttemptOutcome::Answered {
            status,
            problem: true,
            retry_after_ms,
            body: json!({ "detail": "no" }),
        };
        let known = self.effects.contains_key(&effect_key(&attempt));
        let outcome = match how {
            How::TooLate if attempt.plan.operation == "cancelRelease" && !known => problem(409, None),
            // Whoever took a call never refuses its repetition.
            How::Refused if !known => problem(422, None),
            How::Good | How::TooLate | How::Refused => {
                let (status, body) = self.effect(&attempt);
                AttemptOutcome::Answered { status, problem: false, retry_after_ms: None, body }
            }
            How::Locked => problem(401, None),
            How::Broken => problem(503, None),
            How::Busy => problem(429, Some(700)),
            How::Unreachable => AttemptOutcome::NotSent { why: "refused".into() },
            How::TimeoutBefore => AttemptOutcome::Ambiguous { why: "timeout".into() },
            How::TimeoutAfter => {
                self.effect(&attempt);
                AttemptOutcome::Ambiguous { why: "timeout".into() }
            }
        };
        self.feed(Input::Delivered { id: attempt.id, outcome });
    }

    /// A target that honours keys: the first call has its effect, each further one gets the first answer.
    fn effect(&mut self, attempt: &Attempt) -> (u16, Value) {
        let plan = &attempt.plan;
        let number = self.effects.len();
        let made = || Effect {
            operation: plan.operation.to_string(),
            path: plan.path.clone(),
            body: plan.body.to_json(),
            answer: match plan.operation.as_str() {
                "createOrder" => (201, json!({ "erpOrderNumber": format!("E-{number}") })),
                "createPurchaseOrder" => (201, json!({ "poNumber": format!("PO-{number}") })),
                _ => (200, Value::Null),
            },
        };
        let effect = self.effects.entry(effect_key(attempt)).or_insert_with(made);
        assert_eq!(
            (effect.operation.as_str(), &effect.path, &effect.body),
            (plan.operation.as_str(), &plan.path, &plan.body.to_json()),
            "one key says two things: {}",
            plan.idempotency_key
        );
        effect.answer.clone()
    }

    fn crash(&mut self, appended: bool, effects: u8) {
        if let Some(entries) = self.appending.take().filter(|_| appended) {
            self.keep(entries);
        }
        for (i, attempt) in std::mem::take(&mut self.under_way).into_iter().enumerate() {
            if effects >> (i % 8) & 1 == 1 {
                self.effect(&attempt);
            }
        }
        self.slow = false;
        self.open_tickets.clear();
        self.statuses.clear();
        self.cancelled.clear();
        self.closed.clear();
        self.partition.restore(&self.policy, 8, &self.ledger);
        self.feed(Input::Tick);
    }
}

fn effect_key(attempt: &Attempt) -> (String, String) {
    (attempt.plan.target.to_string(), attempt.plan.idempotency_key.to_string())
}

pub(super) fn pick<T>(list: &[T], which: u8) -> Option<&T> {
    if list.is_empty() { None } else { list.get(usize::from(which) % list.len()) }
}
