//! Faults: what goes wrong with a simulated system, declared, seeded, and switched on and off.
//!
//! Here: the file `mocks/faults.yaml`, and the decision which fault strikes which request or event. Not here: doing it
//! (`shell` for faults of the wire, `systems` for those of the business).
//! Invariant: pure; the same seed and the same sequence of requests give the same faults.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;
use std::time::Duration;

use crossdock_diag::{Diagnostic, Diagnostics, Document};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::declaration::{Amount, Delay};
use crate::dice::Dice;

/// The file `mocks/faults.yaml`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultFile {
    /// The version of this file format.
    pub crossdock: u32,
    /// Everything that looks random comes from here.
    pub seed: u64,
    /// The faults.
    pub faults: Vec<Fault>,
}

/// One fault. Exactly one kind is declared.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Its name, by which it is switched.
    pub fault: String,
    /// The system that has it.
    pub system: String,
    /// Whether it is on from the beginning.
    #[serde(default)]
    pub on: bool,
    /// Only these operations; without it, all.
    #[serde(default)]
    pub operations: Vec<String>,
    /// How often it strikes, 0.0 to 1.0; without it, always.
    pub rate: Option<f64>,
    /// After so many strikes it is over; without it, never.
    pub times: Option<u64>,
    /// The system is gone.
    pub outage: Option<Outage>,
    /// Requests are answered with an error.
    pub error: Option<ErrorAnswer>,
    /// Requests are answered late.
    pub slow: Option<Slow>,
    /// Events are told twice.
    pub duplicate_events: Option<DuplicateEvents>,
    /// The connection is reset before anything was done.
    pub reset_before_commit: Option<Reset>,
    /// The connection is reset after everything was done: the caller cannot know.
    pub reset_after_commit: Option<Reset>,
    /// Fewer arrive than were announced.
    pub short_receipt: Option<ShortReceipt>,
    /// A field of an answer has another name: a broken contract.
    pub rename_field: Option<RenameField>,
}

/// The system is gone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// How it is gone.
    pub seen_as: OutageKind,
    /// How long, when connections are refused: nobody can switch it off over the wire meanwhile, so it ends by itself.
    pub lasts: Option<Delay>,
}

/// How an outage looks from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutageKind {
    /// Nobody listens: connections are refused, open ones are reset.
    Refused,
    /// Somebody answers 503.
    Unavailable,
}

/// Requests are answered with an error, before anything was done.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorAnswer {
    /// Its status, 400 to 599.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
    /// A `Retry-After` header, in whole seconds.
    pub retry_after_s: Option<u32>,
}

/// Requests are answered late.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// How much later than otherwise.
    pub by: Delay,
}

/// Events are told twice.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DuplicateEvents {
    /// Only these types; without it, all.
    #[serde(default)]
    pub types: Vec<String>,
}

/// A reset has nothing to declare.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {}

/// Fewer arrive than were announced.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShortReceipt {
    /// Of which product.
    pub product: String,
    /// So many fewer.
    pub by: Amount,
}

/// A field of an answer has another name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameField {
    /// Where it stands, as a JSON pointer.
    pub pointer: String,
    /// What it is called instead.
    pub to: String,
}

/// What to switch: the body of `PUT /_mock/faults`.
///
/// An entry with nothing but its name and `on` switches a declared fault; one with a kind declares a new one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switches {
    /// The entries, in order.
    pub faults: Vec<Value>,
}

/// A fault of the business: the system itself has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Fewer of a product arrive than were announced.
    ShortReceipt {
        /// Of which product.
        product: String,
        /// So many fewer.
        by: Amount,
    },
}

/// What strikes one request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strike {
    /// Answer this instead of doing anything.
    pub error: Option<(u16, Option<u32>)>,
    /// Answer this much later.
    pub slow: Duration,
    /// Reset the connection instead of doing anything.
    pub reset_before: bool,
    /// Do everything, then reset the connection.
    pub reset_after: bool,
    /// Rename these fields of the answer: pointer and new name.
    pub rename: Vec<(String, String)>,
}

/// What a switch made necessary outside of this table.
#[derive(Clone, Debug, PartialEq)]
pub enum Consequence {
    /// Tell the system.
    Behave(Behaviour, bool),
    /// Stop listening for so long; nothing: listen again at once.
    Refuse(Option<Duration>),
}

#[derive(Clone, Debug)]
struct Entry {
    fault: Fault,
    on: bool,
    strikes: u64,
    dice: Dice,
}

/// The faults of one system.
#[derive(Clone, Debug, Default)]
pub struct FaultTable {
    seed: u64,
    entries: BTreeMap<String, Entry>,
}

/// How long a refused outage lasts unless declared.
const DEFAULT_OUTAGE: Duration = Duration::from_secs(2);

impl FaultFile {
    /// No faults at all, and a seed for everything else.
    #[must_use]
    pub fn none() -> Self {
        Self { crossdock: 1, seed: 0, faults: Vec::new() }
    }

    /// Reads the file, reporting all its mistakes at once. `systems` are those that exist.
    pub fn read(document: &Document, systems: &[String]) -> Result<Self, Diagnostics> {
        let file: Self = crossdock_diag::decode(document)?;
        let mut wrong = Diagnostics::default();
        if file.crossdock != 1 {
            wrong.push(
                Diagnostic::error("mock::unknown_format", format!("format {} is not known", file.crossdock))
                    .at(&document.file, document.root.nearest("/crossdock").span, "here")
                    .help("this version reads `crossdock: 1`"),
            );
        }
        let mut seen = Vec::new();
        for (at, fault) in file.faults.iter().enumerate() {
            let place = |key: &str| document.root.nearest(&format!("/faults/{at}/{key}")).span;
            if let Err(message) = fault.check() {
                wrong.push(Diagnostic::error("mock::bad_fault", message).at(
                    &document.file,
                    place("fault"),
                    "this fault",
                ));
            }
            if seen.contains(&&fault.fault) {
                wrong.push(Diagnostic::error("mock::fault_twice", format!("`{}` is declared twice", fault.fault)).at(
                    &document.file,
                    place("fault"),
                    "again here",
                ));
            }
            seen.push(&fault.fault);
            if !systems.contains(&fault.system) {
                let known = systems.iter().map(String::as_str);
                let mut diagnostic = Diagnostic::error(
                    "mock::unknown_system",
                    format!("no simulated system `{}`", fault.system),
                )
                .at(&document.file, place("system"), "not declared under mocks/");
                if let Some(meant) = crossdock_diag::did_you_mean(&fault.system, known) {
                    diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
                }
                wrong.push(diagnostic);
            }
        }
        wrong.into_result(()).map(|()| file)
    }
}

impl Fault {
    fn check(&self) -> Result<(), String> {
        let kinds = self.kinds();
        if kinds.len() != 1 {
            return Err(format!(
                "`{}` declares {} kinds, it needs exactly one of outage, error, slow, duplicate_events, \
                 reset_before_commit, reset_after_commit, short_receipt, rename_field",
                self.fault,
                kinds.len()
            ));
        }
        if let Some(rate) = self.rate
            && !(0.0..=1.0).contains(&rate)
        {
            return Err(format!("the rate of `{}` is {rate}, it must lie between 0 and 1", self.fault));
        }
        if let Some(error) = &self.error
            && !(400..=599).contains(&error.status)
        {
            return Err(format!("status {} of `{}` is no error", error.status, self.fault));
        }
        Ok(())
    }

    fn kinds(&self) -> Vec<&'static str> {
        [
            ("outage", self.outage.is_some()),
            ("error", self.error.is_some()),
            ("slow", self.slow.is_some()),
            ("duplicate_events", self.duplicate_events.is_some()),
            ("reset_before_commit", self.reset_before_commit.is_some()),
            ("reset_after_commit", self.reset_after_commit.is_some()),
            ("short_receipt", self.short_receipt.is_some()),
            ("rename_field", self.rename_field.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, declared)| declared.then_some(name))
        .collect()
    }

    fn behaviour(&self) -> Option<Behaviour> {
        let ShortReceipt { product, by } = self.short_receipt.as_ref()?;
        Some(Behaviour::ShortReceipt { product: product.clone(), by: *by })
    }
}

impl Entry {
    fn new(seed: u64, fault: Fault) -> Self {
        Self { on: fault.on, strikes: 0, dice: Dice::new(seed, &fault.fault), fault }
    }

    /// Whether it strikes now. Draws only while on, so that switching on later starts the same sequence.
    fn strikes(&mut self) -> bool {
        if !self.on || self.fault.times.is_some_and(|times| self.strikes >= times) {
            return false;
        }
        let struck = self.fault.rate.is_none_or(|rate| self.dice.next_share() < rate);
        self.strikes += u64::from(struck);
        struck
    }
}

impl FaultTable {
    /// The table of `system`, as declared.
    #[must_use]
    pub fn new(system: &str, file: &FaultFile) -> Self {
        let own = file.faults.iter().filter(|fault| fault.system == system);
        Self {
            seed: file.seed,
            entries: own.map(|fault| (fault.fault.clone(), Entry::new(file.seed, fault.clone()))).collect(),
        }
    }

    /// The seed, for the draws of others.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What must happen outside for the faults that are on from the beginning.
    #[must_use]
    pub fn at_start(&self) -> Vec<Consequence> {
        self.entries.values().filter(|entry| entry.on).filter_map(|entry| consequence(&entry.fault, true)).collect()
    }

    /// Switches or declares faults. All or nothing.
    pub fn switch(&mut self, system: &str, switches: &Switches) -> Result<Vec<Consequence>, String> {
        let mut next = self.entries.clone();
        let mut consequences = Vec::new();
        for value in &switches.faults {
            let name = value["fault"].as_str().ok_or("each entry names its `fault`")?.to_owned();
            let bare = value.as_object().is_some_and(|map| map.keys().all(|key| key == "fault" || key == "on"));
            if bare {
                let on = value["on"].as_bool().ok_or_else(|| format!("`{name}` needs `on`: true or false"))?;
                let known: Vec<&str> = self.entries.keys().map(String::as_str).collect();
                let entry = next.get_mut(&name).ok_or_else(|| unknown(&name, &known))?;
                entry.on = on;
                entry.strikes = 0;
                consequences.extend(consequence(&entry.fault, on));
            } else {
                let mut value = value.clone();
                if let Some(map) = value.as_object_mut() {
                    map.entry("system").or_insert_with(|| json!(system));
                }
                let fault: Fault = serde_json::from_value(value).map_err(|error| format!("`{name}`: {error}"))?;
                fault.check()?;
                if fault.system != system {
                    return Err(format!("`{name}` is a fault of `{}`, ask that system", fault.system));
                }
                consequences.extend(consequence(&fault, fault.on));
                next.insert(name, Entry::new(self.seed, fault));
            }
        }
        self.entries = next;
        Ok(consequences)
    }

    /// What strikes a request of `operation`.
    pub fn strike(&mut self, operation: &str) -> Strike {
        let mut strike = Strike::default();
        for entry in self.entries.values_mut() {
            let operations = &entry.fault.operations;
            let of_requests = entry.fault.duplicate_events.is_none() && entry.fault.short_receipt.is_none();
            let applies = of_requests && (operations.is_empty() || operations.iter().any(|name| name == operation));
            if !applies || !entry.strikes() {
                continue;
            }
            let fault = &entry.fault;
            if let Some(outage) = &fault.outage
                && outage.seen_as == OutageKind::Unavailable
            {
                strike.error = Some((503, None));
            }
            if let Some(error) = &fault.error {
                strike.error = Some((error.status, error.retry_after_s));
            }
            if let Some(slow) = &fault.slow {
                strike.slow += slow.by.duration();
            }
            strike.reset_before |= fault.reset_before_commit.is_some();
            strike.reset_after |= fault.reset_after_commit.is_some();
            if let Some(RenameField { pointer, to }) = &fault.rename_field {
                strike.rename.push((pointer.clone(), to.clone()));
            }
        }
        strike
    }

    /// Whether an event of `event_type` is told twice.
    pub fn duplicates(&mut self, event_type: &str) -> bool {
        let mut twice = false;
        for entry in self.entries.values_mut() {
            if let Some(DuplicateEvents { types }) = &entry.fault.duplicate_events
                && (types.is_empty() || types.iter().any(|name| name == event_type))
            {
                twice |= entry.strikes();
            }
        }
        twice
    }

    /// The table for people.
    #[must_use]
    pub fn view(&self) -> Value {
        let faults: Vec<Value> = self
            .entries
            .values()
            .map(|entry| {
                json!({
                    "fault": entry.fault.fault,
                    "kind": entry.fault.kinds().first(),
                    "on": entry.on,
                    "strikes": entry.strikes,
                })
            })
            .collect();
        json!({ "seed": self.seed, "faults": faults })
    }
}

fn consequence(fault: &Fault, on: bool) -> Option<Consequence> {
    if let Some(behaviour) = fault.behaviour() {
        return Some(Consequence::Behave(behaviour, on));
    }
    let outage = fault.outage.as_ref()?;
    (outage.seen_as == OutageKind::Refused)
        .then(|| Consequence::Refuse(on.then(|| outage.lasts.map_or(DEFAULT_OUTAGE, Delay::duration))))
}

fn unknown(name: &str, known: &[&str]) -> String {
    match crossdock_diag::did_you_mean(name, known.iter().copied()) {
        Some(meant) => format!("no fault `{name}`; did you mean `{meant}`?"),
        None => format!("no fault `{name}`; declared are: {}", known.join(", ")),
    }
}

/// Gives the field at `pointer` the name `to`, where the answer has it.
pub fn rename(body: &mut Value, pointer: &str, to: &str) {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return };
    if let Some(Value::Object(map)) = body.pointer_mut(parent)
        && let Some(value) = map.remove(name)
    {
        map.insert(to.to_owned(), value);
    }
}
