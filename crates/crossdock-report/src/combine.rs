//! Several reports as one: `crossdock report FILES…`.
//! Here: taking together and apart. Invariant: nothing of a part is lost; the whole is as bad as its worst part.

use jiff::Timestamp;
use serde_json::Value;

use crate::model::Report;
use crate::verdict::{Summary, Verdict};

/// Where the parts stand in the JSON of the whole.
const PARTS: &str = "reports";

/// Takes reports together. The parts stay whole under `reports`; the results of all are listed with their command.
pub fn combine(reports: &[Report]) -> Report {
    let mut whole = Report::new("report");
    let mut began: Option<Timestamp> = None;
    let mut ended_ms = i64::MIN;
    let mut parts = Vec::new();
    whole.verdict = Verdict::Pass;
    whole.summary = Summary::default();
    for part in reports.iter().flat_map(Report::parts) {
        whole.verdict = whole.verdict.worse(part.verdict);
        began = Some(began.map_or(part.started, |began| began.min(part.started)));
        let took = i64::try_from(part.duration_ms).unwrap_or(i64::MAX);
        ended_ms = ended_ms.max(part.started.as_millisecond().saturating_add(took));
        whole.summary.passed += part.summary.passed;
        whole.summary.failed += part.summary.failed;
        whole.summary.errors += part.summary.errors;
        whole.summary.skipped += part.summary.skipped;
        for result in &part.results {
            let mut result = result.clone();
            result.extra.entry("command").or_insert_with(|| part.command.clone().into());
            whole.results.push(result);
        }
        parts.push(serde_json::to_value(&part).unwrap_or(Value::Null));
    }
    if let Some(began) = began {
        whole.started = began;
        whole.duration_ms = u64::try_from(ended_ms.saturating_sub(began.as_millisecond())).unwrap_or(0);
    }
    whole.extra.insert(PARTS.to_owned(), Value::Array(parts));
    whole
}

impl Report {
    /// The reports it was combined from, or itself.
    pub fn parts(&self) -> Vec<Self> {
        let Some(Value::Array(parts)) = self.extra.get(PARTS) else { return vec![self.clone()] };
        let parts: Vec<Self> = parts.iter().filter_map(|part| serde_json::from_value(part.clone()).ok()).collect();
        if parts.is_empty() { vec![self.clone()] } else { parts }
    }
}
