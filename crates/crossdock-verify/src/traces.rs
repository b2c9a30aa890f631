//! What a test run knows while it goes on: its own ids, what it made, and which values are reserved for synthetic use.
//! Here: unique ids that a schema takes, captured answers, reserved references. Not here: when they are used (`body`, `examples`).
//! Invariant: the same run id and the same order of questions give the same ids; no id of another run is ever made up.

use std::collections::BTreeMap;

use crossdock_contract::Contracts;
use serde_json::Value;

/// Prefix of everything that is reserved for synthetic use (docs/concepts/domain.md, "Synthetic transactions").
pub(crate) const RESERVED: &str = "SYN-";

/// The reserved values that the contracts' own examples name, by property: `product` → `SYN-0001`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reserved(BTreeMap<String, String>);

impl Reserved {
    pub(crate) fn of(contracts: &Contracts) -> Self {
        let mut found = BTreeMap::new();
        for operation in contracts.apis().iter().flat_map(|api| &api.operations) {
            for (_, example) in operation.example_requests() {
                collect(&example.value, &mut found);
            }
            for parameter in &operation.parameters {
                if let Some(Value::String(text)) = &parameter.example {
                    keep(&parameter.name, text, &mut found);
                }
            }
        }
        Self(found)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn collect(value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(object) => {
            for (name, child) in object {
                match child {
                    Value::String(text) => keep(name, text, found),
                    other => collect(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

fn keep(name: &str, text: &str, found: &mut BTreeMap<String, String>) {
    if text.starts_with(RESERVED) {
        found.entry(name.to_owned()).or_insert_with(|| text.to_owned());
    }
}

/// Something that this run made in a system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// Path of the collection: `/orders`.
    pub(crate) collection: String,
    /// Name and value of its id.
    pub(crate) id: (String, String),
}

/// What one system knows of this run.
#[derive(Debug)]
pub(crate) struct Traces {
    run_id: String,
    tag: String,
    numbered: u64,
    first: BTreeMap<String, String>,
    captured: BTreeMap<String, String>,
    seen: BTreeMap<String, String>,
    made: Vec<Made>,
}

impl Traces {
    pub(crate) fn new(run_id: &str, system: &str) -> Self {
        Self {
            run_id: run_id.to_owned(),
            tag: tag(run_id, system),
            numbered: 0,
            first: BTreeMap::new(),
            captured: BTreeMap::new(),
            seen: BTreeMap::new(),
            made: Vec::new(),
        }
    }

    pub(crate) fn run_id(&self) -> &str {
        &self.run_id
    }

    /// A text that nobody has used: for idempotency keys, which every contract takes as free text.
    pub(crate) fn key(&mut self) -> String {
        self.numbered += 1;
        format!("ct-{}-{}", self.tag, self.numbered)
    }

    /// An id for a property that identifies what is made. With `fresh` it is a new one, else the one that this run has for that
    /// name: an allocation and its release are of the same order. `None` if no spelling of ours is taken.
    pub(crate) fn id(
        &mut self,
        name: &str,
        example: &str,
        fresh: bool,
        takes: &dyn Fn(&str) -> bool,
    ) -> Option<String> {
        if !fresh && let Some(known) = self.first.get(name).filter(|known| takes(known)) {
            return Some(known.clone());
        }
        self.numbered += 1;
        let (tag, number) = (&self.tag, self.numbered);
        let digits: String = tag.bytes().map(|byte| char::from(b'0' + byte % 10)).collect();
        let spellings = [
            format!("{RESERVED}{tag}-{number}"),
            format!("{example}-{tag}{number}"),
            format!("{tag}{number}"),
            format!("{digits}{number}"),
        ];
        let id = spellings.into_iter().find(|spelling| takes(spelling))?;
        self.first.entry(name.to_owned()).or_insert_with(|| id.clone());
        Some(id)
    }

    /// Keeps the top-level values of what was made, so that later calls can name it.
    pub(crate) fn capture(&mut self, made: &Value) {
        self.captured.extend(texts(made));
    }

    pub(crate) fn captured(&self, name: &str) -> Option<&str> {
        self.captured.get(name).map(String::as_str)
    }

    /// Keeps the values of the first object of a list: it exists, so it can be read. It is not ours, so it is not changed.
    pub(crate) fn see(&mut self, list: &Value) {
        let lists = list.as_object().into_iter().flatten().filter_map(|(_, value)| value.as_array());
        for first in lists.chain(list.as_array()).filter_map(|items| items.first()) {
            for (name, text) in texts(first) {
                self.seen.entry(name).or_insert(text);
            }
        }
    }

    pub(crate) fn seen(&self, name: &str) -> Option<&str> {
        self.seen.get(name).map(String::as_str)
    }

    pub(crate) fn made(&mut self, made: Made) {
        if !self.made.contains(&made) {
            self.made.push(made);
        }
    }

    /// Whether this run made the object of that collection that has this id.
    pub(crate) fn has_made(&self, collection: &str, id: &str) -> bool {
        self.made.iter().any(|made| made.collection == collection && made.id.1 == id)
    }

    /// Everything made, the last first: it is undone in that order.
    pub(crate) fn to_undo(&self) -> Vec<Made> {
        self.made.iter().rev().cloned().collect()
    }
}

/// The top-level texts and numbers of an object, as they stand in a path or a query.
fn texts(object: &Value) -> impl Iterator<Item = (String, String)> {
    object.as_object().into_iter().flatten().filter_map(|(name, value)| match value {
        Value::String(text) if !text.is_empty() => Some((name.clone(), text.clone())),
        Value::Number(number) => Some((name.clone(), number.to_string())),
        _ => None,
    })
}

/// Six letters and digits that stand for a run and a system (FNV-1a; ids need to differ, not to be secret).
fn tag(run_id: &str, system: &str) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in run_id.bytes().chain([0]).chain(system.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let alphabet = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    (0..6).map(|place| char::from(alphabet[(hash >> (place * 5 + 8)) as usize % alphabet.len()])).collect()
}
