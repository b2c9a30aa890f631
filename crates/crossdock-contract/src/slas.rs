//! `slas.yaml`: what "in time" means.
//! Here: its types and look-up. Not here: measuring (bench, probe, hub).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All service levels.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slas {
    /// Version of this file format; always 1.
    pub crossdock: u32,
    /// The service levels.
    pub slas: Vec<Sla>,
}

/// One service level.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sla {
    /// Its id.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// Whom it matters to.
    pub kind: SlaKind,
    /// What is measured.
    pub measure: Measure,
    /// Where the clock starts.
    pub from: Mark,
    /// Where the clock stops.
    pub to: Mark,
    /// The bounds.
    pub targets: Targets,
    /// Who is charged for an overrun of this segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Why the figure is what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Whom a service level matters to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlaKind {
    /// A hop or a call.
    Technical,
    /// Something that a customer, buyer or auditor notices.
    Business,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The time between two marks.
    Latency,
    /// How old the oldest copy may be.
    Age,
}

/// A moment: of an event or of an operation, by one clock.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Type of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// `API.OPERATION`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Whose time.
    pub clock: Clock,
}

/// Whose time a mark is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The producer's own.
    SourceTime,
    /// The hub's.
    ReceivedAt,
    /// When a call should have started.
    Intended,
    /// When its answer, or the awaited event, was there.
    Done,
}

/// Upper bounds in milliseconds; at least one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Targets {
    /// Half of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<u64>,
    /// 90 of 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90_ms: Option<u64>,
    /// 95 of 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<u64>,
    /// 99 of 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<u64>,
    /// 999 of 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p999_ms: Option<u64>,
    /// Every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<u64>,
    /// Oldest copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_ms: Option<u64>,
}

/// Who is charged when a segment overruns (docs/concepts/domain.md, "Attribution").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A message was late or a delivery failed.
    Integration,
    /// The supplier answered late.
    SupplierResponse,
    /// It travelled too long.
    Transport,
    /// It was received late.
    Receiving,
    /// It was inspected too long.
    Quality,
    /// It was invoiced late.
    Invoice,
}

impl Slas {
    /// The service level of this id.
    pub fn get(&self, id: &str) -> Option<&Sla> {
        self.slas.iter().find(|sla| sla.id == id)
    }

    /// The ids, in the order of the file.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.slas.iter().map(|sla| sla.id.as_str())
    }
}

impl Targets {
    /// The latency bounds, the most forgiving percentile first: `("p95", 2000)`.
    pub fn percentiles(&self) -> Vec<(&'static str, u64)> {
        [
            ("p50", self.p50_ms),
            ("p90", self.p90_ms),
            ("p95", self.p95_ms),
            ("p99", self.p99_ms),
            ("p999", self.p999_ms),
            ("max", self.max_ms),
        ]
        .into_iter()
        .filter_map(|(name, bound)| Some((name, bound?)))
        .collect()
    }

    /// The bound that a single measurement is held to: `max`, else the highest percentile.
    pub fn single_ms(&self) -> Option<u64> {
        self.percentiles().last().map(|(_, bound)| *bound).or(self.max_age_ms)
    }

    /// The smallest bound.
    pub fn tightest_ms(&self) -> Option<u64> {
        self.percentiles().iter().map(|(_, bound)| *bound).chain(self.max_age_ms).min()
    }
}
