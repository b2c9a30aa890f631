//! Declared data of a case: what `policy:` says, by its words.

use crossdock_model::Severity;
use serde_json::Value;

use super::id;
use crate::{EscalationLevel, Policy, RateLimit, RemediationRule, RetryBudget, TargetPolicy};

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("a word of the model")
}

/// `decisionDueMs`, `dueBySeverityMs`, `escalation: [{to, afterMs}]`, `remediation: [{name, kind, …, then}]`.
pub(super) fn exceptions(policy: &mut Policy, overrides: &Value) {
    if let Some(ms) = overrides["decisionDueMs"].as_i64() {
        policy.decision_due_ms = ms;
    }
    for severity in [Severity::Low, Severity::Medium, Severity::High] {
        let word = serde_json::to_value(severity).expect("a word");
        if let Some(ms) = overrides["dueBySeverityMs"][word.as_str().expect("a word")].as_i64() {
            policy.due_by_severity_ms.insert(severity, ms);
        }
    }
    let level =
        |value: &Value| EscalationLevel { to: text(&value["to"]), after_ms: value["afterMs"].as_i64().unwrap_or(0) };
    policy.escalation = list(&overrides["escalation"]).map(level).collect();
    let count = |value: &Value, usual: u64| usize::try_from(value.as_u64().unwrap_or(usual)).expect("a count");
    let rule = |value: &Value| RemediationRule {
        name: text(&value["name"]),
        kind: read(&value["kind"]),
        owner: value.get("owner").map(text),
        about: value.get("about").map(text),
        at_most: value.get("atMost").map(read),
        details: value.get("details").map(read).unwrap_or_default(),
        then: read(&value["then"]),
        reason: value.get("reason").map_or_else(|| "declared".to_owned(), text),
        cap_per_object: count(&value["capPerObject"], 1),
        cap: count(&value["cap"], 10),
        window_ms: value["windowMs"].as_i64().unwrap_or(3_600_000),
    };
    policy.remediation = list(&overrides["remediation"]).map(rule).collect();
}

/// `rate: {calls, perMs, burst}`, `retryBudget: {percent, reserve, perSecond}`, `maxInFlight`, `breakerFailures`, of every target.
pub(super) fn targets(policy: &mut Policy, overrides: &Value) {
    let count = |value: &Value| u32::try_from(value.as_u64().expect("a count")).expect("a count");
    for target in policy.targets.values_mut() {
        if let Some(rate) = overrides.get("rate") {
            let per_ms = rate["perMs"].as_i64().expect("perMs");
            target.rate = Some(RateLimit { calls: count(&rate["calls"]), per_ms, burst: count(&rate["burst"]) });
        }
        if let Some(budget) = overrides.get("retryBudget") {
            target.retry_budget = RetryBudget {
                percent: count(&budget["percent"]),
                reserve: count(&budget["reserve"]),
                per_second: count(&budget["perSecond"]),
            };
        }
        if let Some(most) = overrides.get("maxInFlight") {
            target.max_in_flight = usize::try_from(count(most)).expect("a count");
        }
        if let Some(failures) = overrides.get("breakerFailures") {
            target.breaker_failures = count(failures);
        }
    }
}

/// `synthetic: {targets: {erp: sink}, standIns: {supplier-acme: supplier-sim}, begun, open, money: {USD: "100.00"}, windowMs}`.
pub(super) fn synthetic(policy: &mut Policy, overrides: &Value, target: &TargetPolicy) {
    let declared = &overrides["synthetic"];
    let pairs = |key: &str| declared[key].as_object().cloned().unwrap_or_default().into_iter();
    let count = |key: &str| declared[key].as_u64().and_then(|n| usize::try_from(n).ok());
    let synthetic = &mut policy.synthetic;
    synthetic.targets = pairs("targets").map(|(system, word)| (id(&system), read(&word))).collect();
    synthetic.stand_ins = pairs("standIns").map(|(system, other)| (id(&system), id(&text(&other)))).collect();
    synthetic.budget.begun = count("begun");
    synthetic.budget.open = count("open");
    synthetic.budget.money = pairs("money").map(|(currency, most)| (id(&currency), id(&text(&most)))).collect();
    if let Some(ms) = declared["windowMs"].as_i64() {
        synthetic.budget.window_ms = ms;
    }
    let simulators: Vec<_> = synthetic.stand_ins.values().cloned().collect();
    policy.targets.extend(simulators.into_iter().map(|system| (system, target.clone())));
}
