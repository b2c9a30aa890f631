//! Whatever arrives, the partition answers it, keeps its invariants, and folds to the same state again.
//!
//! The input is lines of JSON: a CloudEvent is a fact that its `source` sends, `{"do": …}` is what targets, people and time do. A line that
//! cannot be read is left out. The seeds are the ledgers of earlier versions: `cargo xtask fuzz` puts them into the corpus.

#![no_main]

use std::collections::BTreeMap;
use std::sync::Arc;

use crossdock_core::delivery::{Attempt, AttemptOutcome};
use crossdock_core::{Command, Entry, Input, Known, Output, Partition, Policy, Submission, TargetPolicy, invariants};
use crossdock_model::{BusinessKey, CloudEvent, DeliveryId, Digest, Event, ExceptionId, Meta, Timestamp};
use jiff::SignedDuration;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

/// Lines of one input at most: a long one finds nothing that a short one cannot.
const MAX_LINES: usize = 48;

struct World {
    partition: Partition,
    policy: Arc<Policy>,
    ledger: Vec<Arc<Entry>>,
    index: BTreeMap<BusinessKey, (Digest, u64)>,
    under_way: Vec<Attempt>,
    now: Timestamp,
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a well-formed id")
}

fn policy() -> Policy {
    let systems = ["commerce", "erp", "wms-east", "wms-west", "procurement", "supplier-acme", "carrier-swift", "ap"];
    Policy {
        erp: Some(id("erp")),
        procurement: Some(id("procurement")),
        ap: Some(id("ap")),
        facilities: vec![(id("DC-EAST"), id("wms-east")), (id("DC-WEST"), id("wms-west"))],
        storefronts: vec![id("commerce")],
        targets: systems.iter().map(|system| (id(system), TargetPolicy { max_attempts: 2, ..TargetPolicy::default() })).collect(),
        ..Policy::default()
    }
}

impl World {
    fn new() -> Self {
        let policy = Arc::new(policy());
        let partition = Partition::new(Arc::clone(&policy), 7);
        let now = id("2026-03-01T10:00:00Z");
        Self { partition, policy, ledger: Vec::new(), index: BTreeMap::new(), under_way: Vec::new(), now }
    }

    fn line(&mut self, line: Value) {
        let what = line.get("do").and_then(Value::as_str).map(ToOwned::to_owned);
        match what.as_deref() {
            None => self.fact(line),
            Some("wait") => {
                let ms = line["ms"].as_i64().unwrap_or(1_000).clamp(0, 30 * 86_400_000);
                self.now = self.now.saturating_add(SignedDuration::from_millis(ms)).unwrap_or(self.now);
                self.feed(Input::Tick);
            }
            Some("answer") => self.answer(&line),
            Some("resolve") => {
                let Ok(resolution) = serde_json::from_value(line["resolution"].clone()) else { return };
                let id = ExceptionId(line["id"].as_u64().unwrap_or(0));
                let command = Command::ResolveException { id, resolution, by: "ann".into(), reason: "seen".into(), with: line["with"].clone() };
                self.feed(Input::Command { ticket: 1, command });
            }
            Some("replay") => {
                let id = DeliveryId(line["id"].as_u64().unwrap_or(0));
                self.feed(Input::Command { ticket: 1, command: Command::ReplayDeadLetter { id, by: "ann".into(), reason: String::new() } });
            }
            Some("restart") => self.restart(),
            Some(_) => {}
        }
    }

    fn fact(&mut self, line: Value) {
        let Ok(envelope) = CloudEvent::from_json(line) else { return };
        let Ok(meta) = Meta::from_cloud_event(&envelope, self.now) else { return };
        let data = envelope.data.clone();
        let Ok(Event::Fact(fact)) = Event::from_data(&envelope.event_type, data) else { return };
        let submission = Submission {
            system: meta.system.clone(),
            id: meta.id.to_string(),
            digest: digest(&envelope.data),
            fact,
            source_time: Some(meta.source_time),
            correlation_id: Some(meta.correlation_id.to_string()),
            causation_id: None,
            source_sequence: meta.source_sequence,
            synthetic: meta.synthetic,
            run_id: meta.run_id,
            acknowledge: None,
        };
        let keys = Partition::keys_of(&submission).into_iter();
        let known = Known { keys: keys.filter_map(|key| Some((key.clone(), *self.index.get(&key)?))).collect() };
        self.feed(Input::Admit { ticket: 1, submission: Box::new(submission), known });
    }

    fn answer(&mut self, line: &Value) {
        if self.under_way.is_empty() {
            return;
        }
        let which = line["which"].as_u64().unwrap_or(0) as usize % self.under_way.len();
        let attempt = self.under_way.swap_remove(which);
        let outcome = match line["status"].as_u64() {
            Some(status) => AttemptOutcome::Answered {
                status: u16::try_from(status).unwrap_or(500),
                problem: line["problem"].as_bool().unwrap_or(true),
                retry_after_ms: line["retry"].as_i64(),
                body: match (line.get("body"), attempt.plan.operation.as_str()) {
                    (Some(body), _) => body.clone(),
                    (None, "createOrder") => json!({ "erpOrderNumber": format!("E-{}", attempt.id) }),
                    (None, "createPurchaseOrder") => json!({ "poNumber": format!("PO-{}", attempt.id) }),
                    _ => Value::Null,
                },
            },
            None if line["lost"].as_bool() == Some(true) => AttemptOutcome::NotSent { why: "refused".into() },
            None => AttemptOutcome::Ambiguous { why: "timeout".into() },
        };
        self.feed(Input::Delivered { id: attempt.id, outcome });
    }

    fn feed(&mut self, input: Input) {
        self.partition.handle(input, self.now);
        while let Some(output) = self.partition.next_output(self.now) {
            match output {
                Output::Append { entries, .. } => {
                    let upto = entries.last().expect("no empty append").seq;
                    for entry in entries {
                        self.index.extend(entry.keys.iter().map(|(key, digest)| (key.clone(), (*digest, entry.seq))));
                        self.ledger.push(entry);
                    }
                    self.partition.handle(Input::Appended { upto }, self.now);
                }
                Output::Send(attempt) => self.under_way.push(*attempt),
                Output::Answer { .. } | Output::Publish { .. } => {}
            }
        }
        let broken = invariants::check(self.partition.state());
        assert!(broken.is_empty(), "{broken:#?}");
    }

    fn restart(&mut self) {
        self.under_way.clear();
        self.partition = Partition::new(Arc::clone(&self.policy), 8);
        for entry in &self.ledger {
            self.partition.restore(entry);
        }
        self.feed(Input::Tick);
    }

    /// What is kept, read again and folded anew, is the state (I11).
    fn refold(&self) {
        let mut twin = Partition::new(Arc::clone(&self.policy), 9);
        for entry in &self.ledger {
            let json = entry.to_cloud_event().expect("an entry is an event").to_json();
            let envelope = CloudEvent::from_json(json).expect("an event is read again");
            let read = Entry::from_cloud_event(entry.seq, envelope).expect("an entry is read again");
            twin.restore(&read);
        }
        assert_eq!(format!("{:?}", twin.state()), format!("{:?}", self.partition.state()));
    }
}

/// Equal content, equal digest: FNV-1a over the text.
fn digest(data: &Value) -> Digest {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = data.to_string().bytes().fold(0xcbf2_9ce4_8422_2325, step);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&hash.to_be_bytes());
    Digest(bytes)
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut world = World::new();
    for line in text.lines().take(MAX_LINES) {
        if let Ok(line) = serde_json::from_str(line) {
            world.line(line);
        }
    }
    world.refold();
});
