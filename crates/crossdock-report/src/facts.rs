//! Keys of a report that have no section of their own: scalars and small mappings as facts, lists of mappings as plain tables.
//! Here: how keys, units and cells read. Not here: the keys that are known (`sections`).
//! Invariant: a key that a newer version adds is shown, not dropped.

use serde_json::{Map, Value};

use crate::model::{Report, TestResult};
use crate::sections::{KNOWN, list, word};
use crate::verdict::Summary;
use crate::words;

/// Columns of a plain table, at most.
const COLUMNS: usize = 7;

/// Rows of a list that has no section of its own.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// Small facts for the head of a report: what is scalar, or a small mapping of scalars.
pub(crate) fn facts(report: &Report) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    for (key, value) in report.extra.iter().filter(|(key, _)| !KNOWN.contains(&key.as_str())) {
        let text = match value {
            Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
                items.iter().map(words::text).collect::<Vec<_>>().join(", ")
            }
            Value::Object(map) => {
                map.iter().filter_map(|(key, value)| part(key, value)).collect::<Vec<_>>().join(" · ")
            }
            Value::Array(_) | Value::Null => continue,
            scalar => with_unit(scalar, measure(key).1),
        };
        if !text.is_empty() {
            let name = if value.is_number() { measure(key).0 } else { title(key) };
            facts.push((name, text));
        }
    }
    facts
}

/// "target 20/s", "late p99 0.18 ms": one entry of a small mapping.
fn part(key: &str, value: &Value) -> Option<String> {
    let (name, unit) = measure(key);
    match value {
        Value::Object(map) => {
            let inner = map.iter().filter(|(_, value)| !value.is_object() && !value.is_array());
            let inner: Vec<String> = inner.map(|(key, value)| format!("{key} {}", with_unit(value, unit))).collect();
            (!inner.is_empty()).then(|| format!("{name} {}", inner.join(", ")))
        }
        Value::Array(_) | Value::Null => None,
        scalar => Some(format!("{name} {}", with_unit(scalar, unit))),
    }
}

/// The name of a figure and its unit, which keys carry last.
fn measure(key: &str) -> (String, &str) {
    for unit in ["_per_s", "_us", "_ms", "_s"] {
        if let Some(name) = key.strip_suffix(unit) {
            return (title(name), unit);
        }
    }
    (title(key), "")
}

fn with_unit(value: &Value, unit: &str) -> String {
    if let Value::Bool(is_so) = value {
        return (if *is_so { "yes" } else { "no" }).to_owned();
    }
    let Some(figure) = words::number(value).filter(|_| value.is_number()) else { return words::text(value) };
    match unit {
        "_us" => words::micros(figure),
        "_ms" => words::millis(figure),
        "_s" => words::millis(figure * 1000.0),
        "_per_s" => format!("{}/s", rounded(value)),
        _ => rounded(value),
    }
}

/// A measured figure has no use for sixteen digits.
pub(crate) fn rounded(value: &Value) -> String {
    match value {
        Value::Number(number) if number.to_string().split('.').nth(1).is_some_and(|digits| digits.len() > 2) => {
            number.as_f64().map_or_else(|| number.to_string(), |figure| format!("{figure:.2}"))
        }
        other => words::text(other),
    }
}

/// A key as people read it.
pub(crate) fn title(key: &str) -> String {
    key.replace('_', " ")
}

/// Lists of mappings that no section of their own shows, as plain tables.
pub(crate) fn tables(report: &Report) -> Vec<Table> {
    let keys = report.extra.keys().filter(|key| !KNOWN.contains(&key.as_str()));
    let plain = keys.filter_map(|key| {
        let rows: Vec<&Map<String, Value>> = list(report, key).collect();
        let mut columns: Vec<&String> = Vec::new();
        for column in rows.iter().flat_map(|row| row.keys()) {
            if !columns.contains(&column) && columns.len() < COLUMNS {
                columns.push(column);
            }
        }
        let cells = |row: &&Map<String, Value>| {
            columns.iter().map(|column| row.get(*column).map(cell).unwrap_or_default()).collect()
        };
        (!rows.is_empty()).then(|| Table {
            title: title(key),
            columns: columns.iter().map(|column| title(column)).collect(),
            rows: rows.iter().map(cells).collect(),
        })
    });
    systems(report).into_iter().chain(plain).collect()
}

/// The systems that were held to something: how much of it holds. A column in which nobody has anything is left out.
fn systems(report: &Report) -> Option<Table> {
    const COUNTS: [&str; 7] = ["failed", "errors", "passed", "skipped", "operations", "calls", "left open"];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for system in list(report, "systems") {
        let name = word(system, "system");
        let mut summary = Summary::default();
        let about = |result: &&TestResult| result.system.as_deref() == Some(name.as_str());
        report.results.iter().filter(about).for_each(|result| summary.add(result.verdict));
        let sign = summary.verdict().sign().to_owned();
        let counts = [summary.failed, summary.errors, summary.passed, summary.skipped].map(|count| count.to_string());
        let told = ["operations", "calls", "left"].map(|key| word(system, key));
        rows.push([sign, name].into_iter().chain(counts).chain(told).collect());
    }
    let names = ["", "system"].into_iter().chain(COUNTS);
    let is_told = |index: usize| index < 2 || rows.iter().any(|row| !matches!(row[index].as_str(), "" | "0"));
    let kept: Vec<usize> = (0..COUNTS.len() + 2).filter(|index| is_told(*index)).collect();
    (!rows.is_empty()).then(|| Table {
        title: "by system".to_owned(),
        columns: names.enumerate().filter(|(index, _)| kept.contains(index)).map(|(_, name)| name.to_owned()).collect(),
        rows: rows.iter().map(|row| kept.iter().map(|index| row[*index].clone()).collect()).collect(),
    })
}

fn cell(value: &Value) -> String {
    match value {
        // A place in a file is the commonest mapping in a cell.
        Value::Object(map) if map.contains_key("file") => {
            let rest = ["line", "column"].iter().filter_map(|key| map.get(*key));
            rest.fold(word(map, "file"), |place, figure| format!("{place}:{}", words::text(figure)))
        }
        Value::Object(_) => value.to_string(),
        Value::Array(items) => items.iter().map(words::text).collect::<Vec<_>>().join(", "),
        scalar => words::text(scalar),
    }
}
