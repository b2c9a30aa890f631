//! The simulated systems: what every one of them is, whatever its trade.
//!
//! Here: the [`System`] trait, requests, answers, emissions, and the identity one life of a system has. Not here: HTTP,
//! keys, idempotency, faults of the wire (`shell`), files (`declaration`).
//! Invariant: nothing below this module reads a clock, does input or output, or draws a random number. `now` is a
//! parameter, delays are entries of an [`agenda::Agenda`], so that a virtual clock can drive a system as well as a real one.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod agenda;
pub mod answer;
pub mod ap;
pub mod carrier;
pub mod commerce;
pub mod erp;
pub mod event;
pub mod procurement;
pub mod supplier;
pub mod wms;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

pub use answer::Answer;
pub use event::Context;

use crate::faults::Behaviour;

/// One simulated system: a state machine that answers requests and, when time has passed, says something by itself.
pub trait System: Send {
    /// Puts on the agenda what the system has to say when its life begins (opening balances of a WMS).
    fn open(&mut self, _now: Timestamp) {}

    /// Answers one request. What follows from it later is put on the agenda.
    fn handle(&mut self, request: &Request, now: Timestamp) -> Answer;

    /// When the agenda has something to do next.
    fn next_due(&self) -> Option<Timestamp>;

    /// Does everything that is due at `now` and returns what the hub shall be told, in order.
    fn advance(&mut self, now: Timestamp) -> Vec<Emission>;

    /// What the system knows, for the admin API and for tests.
    fn state(&self) -> Value;

    /// Switches a fault of the business (not of the wire) on or off. Most systems have none.
    fn switch(&mut self, _behaviour: &Behaviour, _on: bool) {}
}

/// A request as a system sees it: authenticated, parsed, and checked by its contract.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The contract's `operationId`.
    pub operation: String,
    /// Parameters in the path, decoded.
    pub path: BTreeMap<String, String>,
    /// Parameters of the query, decoded.
    pub query: BTreeMap<String, String>,
    /// Correlation and synthetic marks of the call, to be echoed into everything that follows from it.
    pub context: Context,
    /// The body.
    pub body: Body,
}

impl Request {
    /// A path parameter; empty if the contract does not have it.
    #[must_use]
    pub fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A query parameter, if the caller gave it.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

/// A request's body.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// No body was sent.
    #[default]
    None,
    /// JSON; numbers keep their literal.
    Json(Value),
    /// Anything else (an X12 interchange).
    Bytes(Vec<u8>),
}

/// What a system tells the hub by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Emission {
    /// A `CloudEvent`, as the JSON it is sent as.
    Event(Value),
    /// An X12 interchange.
    Interchange(Vec<u8>),
}

/// What differs from one life of a system to the next.
///
/// A restarted simulator has forgotten its counters, but its partners have not forgotten the numbers it gave out. The tag
/// keeps order and document numbers of two lives apart, `control_start` the X12 control numbers. Ids of opening balances
/// carry neither: they are the same facts in every life, and the hub takes them as duplicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// A short word inside every number that the system gives out.
    pub tag: String,
    /// The first interchange control number of this life.
    pub control_start: u32,
}

impl Life {
    /// The life that begins at `now`, told apart from every other to a millisecond.
    ///
    /// Control numbers have nine digits, so theirs comes round after ten days. Until then a partner finds none twice as long as
    /// fewer than a thousand a second are used up.
    #[must_use]
    pub fn beginning_at(now: Timestamp) -> Self {
        const BEGIN_OF_COUNT_S: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z: keeps the numbers short
        const CONTROL_NUMBERS: u64 = 900_000_000;
        let count = (now.as_millisecond() - BEGIN_OF_COUNT_S * 1000).unsigned_abs();
        Self { tag: base36(count), control_start: (count % CONTROL_NUMBERS) as u32 + 1 }
    }
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = (number % 36) as u32;
        digits.push(char::from_digit(digit, 36).unwrap_or('0').to_ascii_uppercase());
        number /= 36;
        if number == 0 {
            break;
        }
    }
    digits.iter().rev().collect()
}
