//! One simulated system with everything that is its own: state machine, keys, faults, journal, outbox.
//!
//! Here: the lock around them and the order of things inside it. Not here: HTTP (`serve`).
//! Invariant: what a system says goes into the outbox under the same lock under which it was decided, so that the order of
//! the outbox is the order of the decisions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use super::journal::{Entry, Journal};
use super::outbox::Outbox;
use crate::declaration::{Declaration, Trade};
use crate::dice::Dice;
use crate::faults::{Consequence, FaultFile, FaultTable, Strike, Switches};
use crate::idempotency::{KeyTable, Seen, fingerprint};
use crate::systems::ap::Ap;
use crate::systems::carrier::Carrier;
use crate::systems::commerce::Commerce;
use crate::systems::erp::Erp;
use crate::systems::procurement::Procurement;
use crate::systems::supplier::Supplier;
use crate::systems::wms::Wms;
use crate::systems::{Answer, Emission, Life, Request, System};

/// One simulated system.
pub(crate) struct Station {
    declaration: Declaration,
    faults: Arc<FaultFile>,
    inside: Mutex<Inside>,
    journal: Mutex<Journal>,
    pub(crate) outbox: Arc<Outbox>,
    /// Rung when the agenda may have something earlier to do than anybody waits for.
    earlier: Notify,
    /// Until when connections are refused.
    refusing: watch::Sender<Option<Timestamp>>,
}

struct Inside {
    machine: Box<dyn System>,
    keys: KeyTable,
    faults: FaultTable,
    latency: Dice,
}

/// What came of a request.
pub(crate) enum Outcome {
    /// It was answered, after this long. The key, if any, stays in flight until [`Station::end`].
    Answered { answer: Answer, after: Duration },
    /// It had been answered before.
    Replayed(Answer),
    /// Its key is in flight.
    InFlight,
    /// Its key names something else.
    OtherBody,
}

impl Station {
    pub(crate) fn new(declaration: Declaration, faults: Arc<FaultFile>) -> Arc<Self> {
        let now = now();
        let inside = Inside::new(&declaration, &faults, now);
        let station = Self {
            declaration,
            faults,
            inside: Mutex::new(inside),
            journal: Mutex::new(Journal::default()),
            outbox: Arc::new(Outbox::default()),
            earlier: Notify::new(),
            refusing: watch::Sender::new(None),
        };
        station.begin(now);
        Arc::new(station)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.faults.seed
    }

    pub(crate) fn refusing(&self) -> watch::Receiver<Option<Timestamp>> {
        self.refusing.subscribe()
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // A panic inside a system is our bug; the others, and the look at this one, go on.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a life: opening balances, faults that are on from the beginning.
    fn begin(&self, now: Timestamp) {
        let mut inside = self.inside();
        inside.machine.open(now);
        let at_start = inside.faults.at_start();
        self.follow(&mut inside, at_start, now);
        self.say(&mut inside, now);
    }

    /// Forgets everything and begins a new life.
    pub(crate) fn reset(&self) {
        let now = now();
        {
            let mut inside = self.inside();
            *inside = Inside::new(&self.declaration, &self.faults, now);
            self.outbox.clear();
        }
        *self.journal.lock().unwrap_or_else(PoisonError::into_inner) = Journal::default();
        self.begin(now);
        self.earlier.notify_one();
    }

    /// Which faults strike a request of `operation`.
    pub(crate) fn strike(&self, operation: &str) -> Strike {
        self.inside().faults.strike(operation)
    }

    /// Answers a request.
    pub(crate) fn handle(&self, request: &Request, key: Option<&str>) -> Outcome {
        let fingerprint = key.map(|_| fingerprint(request));
        let now = now();
        let mut inside = self.inside();
        if let (Some(key), Some(fingerprint)) = (key, fingerprint) {
            match inside.keys.begin(key, fingerprint) {
                Seen::Never => {}
                Seen::InFlight => return Outcome::InFlight,
                Seen::OtherBody => return Outcome::OtherBody,
                Seen::Before(answer) => return Outcome::Replayed(answer),
            }
        }
        let due_before = inside.machine.next_due();
        let answer = inside.machine.handle(request, now);
        if let Some(key) = key {
            inside.keys.commit(key, &answer);
        }
        self.say(&mut inside, now);
        let draw = inside.latency.next_share();
        let due = inside.machine.next_due();
        drop(inside);
        if due.is_some() && due != due_before {
            self.earlier.notify_one();
        }
        Outcome::Answered { answer, after: self.declaration.latency.at(draw) }
    }

    /// The answer to the request with this key is out.
    pub(crate) fn end(&self, key: &str) {
        self.inside().keys.end(key);
    }

    /// Does what is due, for ever.
    pub(crate) async fn run_agenda(&self) {
        loop {
            let due = {
                let now = now();
                let mut inside = self.inside();
                self.say(&mut inside, now);
                inside.machine.next_due()
            };
            let wait = due.map(|due| Duration::try_from(due.duration_since(now())).unwrap_or_default());
            match wait {
                // Timers tick in milliseconds: the one after the due time is the first that finds the task due.
                Some(wait) => tokio::select! {
                    () = tokio::time::sleep(wait + Duration::from_millis(1)) => {}
                    () = self.earlier.notified() => {}
                },
                None => self.earlier.notified().await,
            }
        }
    }

    fn say(&self, inside: &mut Inside, now: Timestamp) {
        for emission in inside.machine.advance(now) {
            if let Emission::Event(event) = &emission
                && inside.faults.duplicates(event["type"].as_str().unwrap_or_default())
            {
                self.outbox.push(emission.clone());
            }
            self.outbox.push(emission);
        }
    }

    /// Switches faults.
    pub(crate) fn switch(&self, switches: &Switches) -> Result<Value, String> {
        let now = now();
        let mut inside = self.inside();
        let consequences = inside.faults.switch(&self.declaration.system, switches)?;
        self.follow(&mut inside, consequences, now);
        Ok(inside.faults.view())
    }

    fn follow(&self, inside: &mut Inside, consequences: Vec<Consequence>, now: Timestamp) {
        for consequence in consequences {
            match consequence {
                Consequence::Behave(behaviour, on) => inside.machine.switch(&behaviour, on),
                Consequence::Refuse(lasts) => {
                    self.refusing.send_replace(lasts.map(|lasts| now.checked_add(lasts).unwrap_or(Timestamp::MAX)));
                }
            }
        }
    }

    pub(crate) fn fault_view(&self) -> Value {
        self.inside().faults.view()
    }

    pub(crate) fn state(&self) -> Value {
        let mut state = {
            let inside = self.inside();
            let mut state = inside.machine.state();
            state["idempotencyKeys"] = json!(inside.keys.len());
            state
        };
        state["system"] = json!(self.declaration.system);
        state["outbox"] = json!(self.outbox.view());
        state
    }

    pub(crate) fn note(&self, entry: Entry) {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner).note(entry);
    }

    pub(crate) fn journal(&self) -> Value {
        let (entries, seen) = self.journal.lock().unwrap_or_else(PoisonError::into_inner).entries();
        json!({ "seen": seen, "entries": entries })
    }
}

impl Inside {
    fn new(declaration: &Declaration, faults: &FaultFile, now: Timestamp) -> Self {
        Self {
            machine: machine(declaration, Life::beginning_at(now)),
            keys: KeyTable::default(),
            faults: FaultTable::new(&declaration.system, faults),
            latency: Dice::new(faults.seed, &format!("latency of {}", declaration.system)),
        }
    }
}

/// The state machine of a declared system.
#[must_use]
pub fn machine(declaration: &Declaration, life: Life) -> Box<dyn System> {
    let system = declaration.system.as_str();
    match &declaration.trade {
        Trade::Commerce(trade) => Box::new(Commerce::new(system, trade, life)),
        Trade::Erp(trade) => Box::new(Erp::new(trade, life)),
        Trade::Wms(trade) => Box::new(Wms::new(system, trade, life)),
        Trade::Procurement(trade) => Box::new(Procurement::new(system, trade, life)),
        Trade::Supplier(trade) => Box::new(Supplier::new(system, trade, &life)),
        Trade::Carrier(trade) => Box::new(Carrier::new(system, trade)),
        Trade::Ap(trade) => Box::new(Ap::new(trade)),
    }
}

/// The one clock of the shell.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
