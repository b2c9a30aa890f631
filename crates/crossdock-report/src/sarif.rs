//! SARIF 2.1.0: findings, for code scanning. One about a live system has no place in a file, so it names its logical place only.
//! What could not run is a notification of the invocation, never a finding.
//! Invariant: a report that fails has a finding here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{Report, TestResult};
use crate::verdict::{ResultVerdict, Verdict};

pub(crate) fn render(report: &Report) -> Value {
    let runs: Vec<Value> = report.parts().iter().map(run).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": runs,
    })
}

fn run(report: &Report) -> Value {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for result in findings(report) {
        rules.insert(rule_of(result), 0);
    }
    for (index, value) in rules.values_mut().enumerate() {
        *value = index;
    }
    let results: Vec<Value> = findings(report).map(|result| finding(result, &rules)).collect();
    let notifications: Vec<Value> =
        report.results.iter().filter(|result| result.verdict == ResultVerdict::Error).map(notification).collect();
    json!({
        "tool": {"driver": {
            "name": "crossdock",
            "version": report.crossdock,
            "rules": rules.keys().map(|id| json!({"id": id})).collect::<Vec<_>>(),
        }},
        "automationDetails": {"id": format!("crossdock/{}/", report.command.replace(' ', "-"))},
        "invocations": [{
            "executionSuccessful": report.verdict != Verdict::Error,
            "startTimeUtc": report.started.to_string(),
            "toolExecutionNotifications": notifications,
        }],
        "results": results,
    })
}

/// False expectations, and what passed with a warning.
fn findings(report: &Report) -> impl Iterator<Item = &TestResult> {
    report.results.iter().filter(|result| level(result).is_some())
}

fn level(result: &TestResult) -> Option<&'static str> {
    let said = result.extra.get("level").and_then(Value::as_str);
    match (result.verdict, said) {
        (ResultVerdict::Fail, _) => Some("error"),
        (ResultVerdict::Pass, Some("warning")) => Some("warning"),
        (ResultVerdict::Pass, Some("info")) => Some("note"),
        _ => None,
    }
}

fn rule_of(result: &TestResult) -> &str {
    result.rule.as_deref().unwrap_or("crossdock")
}

fn finding(result: &TestResult, rules: &BTreeMap<&str, usize>) -> Value {
    let rule = rule_of(result);
    json!({
        "ruleId": rule,
        "ruleIndex": rules.get(rule),
        "level": level(result),
        "message": {"text": result.message.as_deref().unwrap_or(&result.name)},
        "locations": [location(result)],
    })
}

fn location(result: &TestResult) -> Value {
    let mut location = serde_json::Map::new();
    if let Some(file) = &result.file {
        let mut region = serde_json::Map::new();
        region.insert("startLine".to_owned(), result.line.unwrap_or(1).max(1).into());
        region.extend(result.extra.get("column").map(|column| ("startColumn".to_owned(), column.clone())));
        location
            .insert("physicalLocation".to_owned(), json!({"artifactLocation": {"uri": uri(file)}, "region": region}));
    }
    let logical = match &result.file {
        Some(_) => result.pointer.clone(),
        None => Some(logical(result)),
    };
    location.extend(logical.map(|name| ("logicalLocations".to_owned(), json!([{"fullyQualifiedName": name}]))));
    location.into()
}

/// Where in a landscape: system, operation, pointer; the case where none of them is known.
fn logical(result: &TestResult) -> String {
    let known = [&result.system, &result.operation, &result.pointer].map(Option::as_deref);
    let parts: Vec<&str> = known.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { result.name.clone() } else { parts.join(" ") }
}

fn notification(result: &TestResult) -> Value {
    let mut notification = json!({
        "level": "error",
        "message": {"text": result.message.as_deref().unwrap_or(&result.name)},
        "descriptor": {"id": rule_of(result)},
    });
    if result.file.is_some() {
        notification["locations"] = json!([location(result)]);
    }
    notification
}

/// A relative URI reference (RFC 3986): separators of every system are `/`, the rest is escaped.
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let path = path.strip_prefix("./").unwrap_or(&path);
    path.bytes()
        .map(|byte| match byte {
            b'/' | b'.' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
