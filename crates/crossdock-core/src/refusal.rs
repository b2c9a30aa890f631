//! A refusal is data for the sender: which rule, at which place of the message, in plain words.

use std::fmt;

/// Why a fact is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status that says it: 403 (not yours), 409 (known with other content), 422 (cannot be).
    pub status: u16,
    /// The rule's name: `ownership`, `id-reused`, `order/total` …
    pub rule: &'static str,
    /// JSON pointer into the event.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Refusal {
    pub(crate) fn invalid(rule: &'static str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: 422, rule, pointer: pointer.into(), message: message.into() }
    }

    pub(crate) fn not_owner(message: impl Into<String>) -> Self {
        Self { status: 403, rule: "ownership", pointer: "/source".to_owned(), message: message.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.pointer, self.rule, self.message)
    }
}
