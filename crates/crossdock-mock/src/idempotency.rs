//! Idempotency keys: one effect a key, decided once for all simulated systems.
//!
//! Here: the table. Not here: which operation wants a key (its contract), HTTP statuses (`shell`).
//! Invariants: only answers of success are kept, because a refusal had no effect that a second try could double; a key in
//! flight is never forgotten; the table never holds more than its bound.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::systems::{Answer, Body, Request};

/// How many keys a system remembers. The oldest answered one goes first.
const KEYS_KEPT: usize = 100_000;

/// The keys that a system has seen.
#[derive(Debug, Default)]
pub struct KeyTable {
    keys: BTreeMap<String, Entry>,
    order: VecDeque<String>,
}

#[derive(Debug)]
struct Entry {
    fingerprint: u64,
    answer: Option<Answer>,
    in_flight: bool,
}

/// What a key says about a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Never: go on.
    Never,
    /// The first request with it is still being answered.
    InFlight,
    /// It named something else.
    OtherBody,
    /// It named the same: this was the answer.
    Before(Answer),
}

impl KeyTable {
    /// Looks a key up, and takes it if it is new.
    pub fn begin(&mut self, key: &str, fingerprint: u64) -> Seen {
        match self.keys.get(key) {
            Some(entry) if entry.fingerprint != fingerprint => Seen::OtherBody,
            Some(Entry { answer: Some(answer), in_flight: false, .. }) => Seen::Before(answer.clone()),
            Some(_) => Seen::InFlight,
            None => {
                self.make_room();
                self.keys.insert(key.to_owned(), Entry { fingerprint, answer: None, in_flight: true });
                self.order.push_back(key.to_owned());
                Seen::Never
            }
        }
    }

    /// Keeps the answer that a key's effect had. The key stays in flight until the answer is out.
    pub fn commit(&mut self, key: &str, answer: &Answer) {
        if let Some(entry) = self.keys.get_mut(key)
            && !answer.is_problem()
        {
            entry.answer = Some(answer.clone());
        }
    }

    /// The answer is out, or nobody waits for it any more.
    pub fn end(&mut self, key: &str) {
        match self.keys.get_mut(key) {
            Some(entry) if entry.answer.is_some() => entry.in_flight = false,
            Some(_) => {
                self.keys.remove(key);
            }
            None => {}
        }
    }

    /// How many keys are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    fn make_room(&mut self) {
        let mut looked_at = 0;
        while self.order.len() >= KEYS_KEPT && looked_at < KEYS_KEPT {
            let Some(oldest) = self.order.pop_front() else { return };
            match self.keys.get(&oldest) {
                Some(entry) if entry.in_flight => self.order.push_back(oldest),
                _ => {
                    self.keys.remove(&oldest);
                }
            }
            looked_at += 1;
        }
    }
}

/// What a request asks for, as a number: operation, parameters of the path, and the body. The order of keys in a JSON
/// object and white space make no difference, the literal of a number does.
#[must_use]
pub fn fingerprint(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    request.operation.hash(&mut hasher);
    request.path.hash(&mut hasher);
    match &request.body {
        Body::None => 0_u8.hash(&mut hasher),
        Body::Json(value) => hash_value(value, &mut hasher),
        Body::Bytes(bytes) => bytes.hash(&mut hasher),
    }
    hasher.finish()
}

fn hash_value(value: &Value, hasher: &mut DefaultHasher) {
    match value {
        Value::Null => 1_u8.hash(hasher),
        Value::Bool(flag) => (2_u8, flag).hash(hasher),
        Value::Number(number) => (3_u8, number.to_string()).hash(hasher),
        Value::String(text) => (4_u8, text).hash(hasher),
        Value::Array(items) => {
            (5_u8, items.len()).hash(hasher);
            for item in items {
                hash_value(item, hasher);
            }
        }
        Value::Object(map) => {
            (6_u8, map.len()).hash(hasher);
            let mut names: Vec<&String> = map.keys().collect();
            names.sort_unstable();
            for name in names {
                name.hash(hasher);
                hash_value(&map[name], hasher);
            }
        }
    }
}
