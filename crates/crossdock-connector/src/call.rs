//! One call to a target, and how it can end.
//! Here: plain shapes. Not here: the bytes on the wire (`transport.rs`).
//! Invariant: an outcome never says "not sent" when the target may have acted.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::Value;

/// What travels in the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// `application/json`.
    Json(Value),
    /// `application/edi-x12`: one interchange.
    X12(Vec<u8>),
}

/// One call of one operation of a target's contract.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// The target's id: `wms-east`.
    pub target: String,
    /// The operation of its contract: `createAllocation`.
    pub operation: String,
    /// Values of the path's parameters.
    pub path: BTreeMap<String, String>,
    /// Query parameters, in order.
    pub query: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// Header `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// Header `X-Correlation-Id`.
    pub correlation_id: Option<String>,
    /// Header `X-Synthetic`.
    pub synthetic: bool,
    /// Header `X-Run-Id`.
    pub run_id: Option<String>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The target answered, whatever it said.
    Answered(Answer),
    /// Nothing reached the target: trying again cannot repeat an effect.
    NotSent(NotSent),
    /// The request went out and no answer came back: the target may have acted.
    Ambiguous {
        /// In plain words.
        why: String,
    },
}

/// What a target answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Header `Retry-After`, when it is a number of seconds.
    pub retry_after: Option<Duration>,
    /// Header `Location`.
    pub location: Option<String>,
    /// Whether the body is a problem document (RFC 9457): the route exists and speaks.
    pub problem: bool,
    /// The body: JSON, or text as a JSON string; null when it was empty or above the limit.
    pub body: Value,
}

/// Why nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotSent {
    /// What kind of obstacle.
    pub reason: Obstacle,
    /// In plain words.
    pub why: String,
}

/// What stood in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Nobody listens there, or the connection could not be made in time.
    Unreachable,
    /// The name could not be resolved.
    Dns,
    /// No secure connection could be agreed on.
    Tls,
    /// Our own fault: no such target, operation or parameter. Trying again does not help.
    Misconfigured,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "unreachable",
            Self::Dns => "name not resolved",
            Self::Tls => "no secure connection",
            Self::Misconfigured => "misconfigured",
        })
    }
}

impl Outcome {
    /// A call that our own configuration or contracts do not allow.
    pub(crate) fn misconfigured(why: impl Into<String>) -> Self {
        Self::NotSent(NotSent { reason: Obstacle::Misconfigured, why: why.into() })
    }
}
