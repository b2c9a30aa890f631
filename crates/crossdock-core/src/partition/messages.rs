//! What is said to the machine of a partition, and by it.
//! Here: inputs, outputs, a person's commands, answers. Not here: what becomes of them (`partition.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use crossdock_model::{
    BusinessKey, DeliveryId, Digest, Effect, ExceptionId, FacilityId, Fact, LineNumber, LineQuantity, MessageRejected,
    Path, Resolution, RunId, SyntheticRunOpened, SystemId, Timestamp,
};
use serde_json::Value;

use crate::archive::Recall;
use crate::delivery::{Attempt, AttemptOutcome, ReplayScan};
use crate::{Entry, OrderKey, Refusal, Seq};

/// Who waits for an answer: the driver's own number.
pub type Ticket = u64;

/// A fact on its way in: read, checked against its contract, not yet decided.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The sender, authenticated.
    pub system: SystemId,
    /// The transport id: unique per sender.
    pub id: String,
    /// The fact.
    pub fact: Fact,
    /// Fingerprint of its data.
    pub digest: Digest,
    /// By the sender's clock, where it says.
    pub source_time: Option<Timestamp>,
    /// The business act, where the sender says.
    pub correlation_id: Option<String>,
    /// What caused it, where the sender says.
    pub causation_id: Option<String>,
    /// The sender's own running number.
    pub source_sequence: Option<u64>,
    /// Part of a synthetic transaction.
    pub synthetic: bool,
    /// Its run.
    pub run_id: Option<RunId>,
    /// A functional acknowledgement owed for the interchange that carried it, in the form that the connector renders.
    pub acknowledge: Option<Value>,
}

/// What the key index knew when the submission came in.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Keys of the submission that are taken, with the fingerprint and place of what took them.
    pub keys: BTreeMap<BusinessKey, (Digest, Seq)>,
}

/// What a person orders the hub to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// Send a dead letter again, with the same idempotency key.
    ReplayDeadLetter {
        /// Which.
        id: DeliveryId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Send another message in the place of a dead letter, under a new idempotency key.
    EditDeadLetter {
        /// Which.
        id: DeliveryId,
        /// What to send instead.
        body: Value,
        /// Values of the path's parameters, where they differ.
        path: Path,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Give a dead letter up for good: those behind it go on.
    DiscardDeadLetter {
        /// Which.
        id: DeliveryId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Send dead letters again, by filter.
    Replay {
        /// Which.
        filter: ReplayFilter,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Send into one target what the log says that it never got.
    ReplayInto {
        /// What was found in the log.
        scan: Box<ReplayScan>,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Say where the messages of a synthetic run go.
    OpenRun(SyntheticRunOpened),
    /// Stop synthetic transactions, or let them begin again.
    SwitchSynthetic {
        /// True: stop.
        stop: bool,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Plan lines of an order for another consignment, which goes out on its own.
    SplitOrder {
        /// Which order.
        order: OrderKey,
        /// From this consignment, from 1 on …
        from: u32,
        /// … into this one; into a new one, where none is said.
        to: Option<u32>,
        /// How much of which lines.
        lines: Vec<LineQuantity>,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Move a line of an order to another facility: what no facility was told to pick, and what waits.
    MoveLine {
        /// The order.
        order: OrderKey,
        /// Its line.
        line: LineNumber,
        /// Where it is wanted from.
        to: FacilityId,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// Decide an exception.
    ResolveException {
        /// Which.
        id: ExceptionId,
        /// How.
        resolution: Resolution,
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// What the decision carries beside its word: `{"product": …}` of a substitute, `{"body": …}` of an edited message.
        with: Value,
    },
}

/// Which dead letters to send again: those that fit all that is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplayFilter {
    /// Of these numbers; empty: of any.
    pub ids: Vec<DeliveryId>,
    /// To this system.
    pub target: Option<SystemId>,
    /// Of this operation.
    pub operation: Option<String>,
    /// About an object whose name starts so.
    pub about: Option<String>,
    /// Refused with this status.
    pub status: Option<u16>,
    /// Of this synthetic run.
    pub run_id: Option<RunId>,
    /// Given up at this time or later …
    pub from: Option<Timestamp>,
    /// … and before this one.
    pub to: Option<Timestamp>,
    /// So many at once; 1000 at most.
    pub limit: usize,
}

/// What a replay of many did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// On their way again.
    pub sent: usize,
    /// Left for the next order: the limit was reached.
    pub left: usize,
    /// Took place already, and were not sent.
    pub done: usize,
    /// Are owed, and go by themselves.
    pub waiting: usize,
    /// Something newer of the same key took place: they would turn the target back.
    pub overtaken: usize,
    /// The position at which the next replay from the log begins, where the limit was reached.
    pub next: Option<Seq>,
}

/// What the driver tells the machine.
#[derive(Clone, Debug)]
pub enum Input {
    /// A fact came.
    Admit {
        /// Who waits.
        ticket: Ticket,
        /// The fact.
        submission: Box<Submission>,
        /// What the key index says.
        known: Known,
    },
    /// A message was refused before it was a fact: keep it.
    Reject {
        /// Who waits.
        ticket: Ticket,
        /// What to keep.
        rejected: Box<MessageRejected>,
    },
    /// A person orders something.
    Command {
        /// Who waits.
        ticket: Ticket,
        /// What.
        command: Command,
    },
    /// Archived objects that the next input speaks of: see [`crate::Partition::missing`].
    Recall {
        /// What the index has of them.
        found: Vec<Recall>,
    },
    /// Everything up to here is durable.
    Appended {
        /// The last durable place.
        upto: Seq,
    },
    /// The last append did not happen.
    AppendFailed,
    /// An attempt ended.
    Delivered {
        /// Of which delivery.
        id: DeliveryId,
        /// How.
        outcome: AttemptOutcome,
    },
    /// Time passed.
    Tick,
}

/// What the machine tells the driver.
#[derive(Clone, Debug)]
pub enum Output {
    /// Make these durable, all or none, right behind `expected`; then say [`Input::Appended`].
    Append {
        /// The ledger's head before.
        expected: Seq,
        /// In order.
        entries: Vec<Arc<Entry>>,
    },
    /// Answer who waits.
    Answer {
        /// Who.
        ticket: Ticket,
        /// What.
        answer: Answer,
    },
    /// Make this attempt; then say [`Input::Delivered`].
    Send(Box<Attempt>),
    /// These are durable now: readers and streams may see them.
    Publish {
        /// In order.
        entries: Vec<Arc<Entry>>,
    },
}

/// The answer to a message or a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Taken; durable at this place.
    Accepted {
        /// Of the fact, or of the first event of a command.
        seq: Seq,
        /// The business act.
        correlation_id: String,
        /// Why it has no effect yet, where another system owns what it writes.
        without_effect: Option<Effect>,
    },
    /// A replay of many: what became of them. Durable at this place, where something was sent.
    Replayed {
        /// Of the last event.
        seq: Seq,
        /// What became of them.
        replayed: Replayed,
    },
    /// Known already, with the same content; nothing happened.
    Duplicate {
        /// Where the first one stands, if the index says.
        first: Option<Seq>,
    },
    /// Not taken, and kept as a rejection.
    Rejected(Refusal),
    /// Not decided: send it again.
    Unavailable,
}
