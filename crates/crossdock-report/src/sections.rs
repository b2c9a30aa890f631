//! What commands add to a report, read leniently: a missing or strange key leaves a section out, never breaks a report.
//! Here: steps, latencies, service levels, the timeline, verdicts in words. Not here: keys nobody knows (`facts`), how anything looks.

use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::model::{Report, TestResult};
use crate::verdict::Verdict;
use crate::{facts, words};

/// A step of a transaction, or of a benchmark's flow.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) system: String,
    pub(crate) kind: String,
    /// Milliseconds since the epoch.
    pub(crate) started: Option<f64>,
    pub(crate) duration_ms: Option<f64>,
    pub(crate) sla_ms: Option<f64>,
    pub(crate) verdict: Option<String>,
    pub(crate) message: String,
    pub(crate) latency: Option<Latency>,
    pub(crate) errors: String,
}

/// Latency figures in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Latency {
    pub(crate) p50: Option<f64>,
    pub(crate) p90: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) p999: Option<f64>,
    pub(crate) max: Option<f64>,
    pub(crate) mean: Option<f64>,
    pub(crate) count: Option<f64>,
}

/// Something that happened to an order in a system.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    pub(crate) lane: String,
    /// Milliseconds since the epoch.
    pub(crate) at: f64,
    pub(crate) duration_ms: f64,
    pub(crate) label: String,
    pub(crate) kind: String,
}

/// One line of the latency curve.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    /// Percentile and microseconds.
    pub(crate) points: Vec<(f64, f64)>,
}

/// A service level and what was measured.
#[derive(Clone, Debug)]
pub(crate) struct Sla {
    pub(crate) name: String,
    pub(crate) target: String,
    pub(crate) measured: String,
    pub(crate) holds: Option<bool>,
    /// The share of the target that was used, where both are times.
    pub(crate) used: Option<f64>,
    /// Where it stands in the latency curve, if it is a bound on a percentile.
    pub(crate) bound: Option<(f64, f64)>,
}

/// Keys that have a section of their own.
pub(crate) const KNOWN: [&str; 10] =
    ["steps", "timeline", "latency_us", "service_us", "curve", "slas", "attribution", "residue", "reports", "systems"];
pub(crate) fn list<'r>(report: &'r Report, key: &str) -> impl Iterator<Item = &'r Map<String, Value>> {
    report.extra.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

pub(crate) fn word(map: &Map<String, Value>, key: &str) -> String {
    map.get(key).map(words::text).unwrap_or_default()
}

fn figure(map: &Map<String, Value>, key: &str) -> Option<f64> {
    map.get(key).and_then(words::number)
}

/// A time as text of RFC 3339, or as milliseconds.
fn moment(value: Option<&Value>) -> Option<f64> {
    match value? {
        Value::String(text) => Timestamp::from_str(text).ok().map(|at| at.as_microsecond() as f64 / 1000.0),
        other => words::number(other),
    }
}

/// The steps.
pub(crate) fn steps(report: &Report) -> Vec<Step> {
    list(report, "steps")
        .map(|step| Step {
            name: word(step, "name"),
            system: word(step, "system"),
            kind: word(step, "kind"),
            started: moment(step.get("started")),
            duration_ms: figure(step, "duration_ms"),
            sla_ms: figure(step, "sla_ms"),
            verdict: step.get("verdict").map(words::text),
            message: word(step, "message"),
            latency: step.get("latency_us").and_then(Value::as_object).map(latency_of),
            errors: step.get("errors").map(counts).unwrap_or_default(),
        })
        .collect()
}

/// `{"timeout": 3}` as "timeout 3"; nothing for nothing.
fn counts(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            map.iter().map(|(key, count)| format!("{key} {}", words::text(count))).collect::<Vec<_>>().join(", ")
        }
        Value::Null => String::new(),
        other => words::text(other),
    }
}

fn latency_of(map: &Map<String, Value>) -> Latency {
    Latency {
        p50: figure(map, "p50"),
        p90: figure(map, "p90"),
        p99: figure(map, "p99"),
        p999: figure(map, "p999"),
        max: figure(map, "max"),
        mean: figure(map, "mean"),
        count: figure(map, "count"),
    }
}

/// Latency by name: the whole flow first, then its service time, then each step that has figures.
pub(crate) fn latencies(report: &Report) -> Vec<(String, Latency)> {
    let figures = |key: &str| report.extra.get(key).and_then(Value::as_object).map(latency_of);
    let whole = figures("latency_us").map(|figures| ("whole flow".to_owned(), figures));
    let service = figures("service_us").map(|figures| ("service time".to_owned(), figures));
    let steps = steps(report).into_iter().filter_map(|step| Some((step.name, step.latency?)));
    whole.into_iter().chain(service).chain(steps).collect()
}

/// The timeline; where there is none, the steps are one.
pub(crate) fn timeline(report: &Report) -> Vec<Moment> {
    let steps = steps(report);
    let trouble = |label: &str| {
        let step = steps.iter().find(|step| step.name == label)?;
        step.verdict.clone().filter(|verdict| !matches!(verdict.as_str(), "pass" | "passed" | "ok"))
    };
    let told: Vec<Moment> = list(report, "timeline")
        .filter_map(|entry| {
            Some(Moment {
                lane: word(entry, "lane"),
                at: moment(entry.get("at"))?,
                duration_ms: figure(entry, "duration_ms").unwrap_or(0.0).max(0.0),
                // Trouble is seen before what kind of thing had it.
                kind: trouble(&word(entry, "label")).unwrap_or_else(|| word(entry, "kind")),
                label: word(entry, "label"),
            })
        })
        .collect();
    if !told.is_empty() {
        return told;
    }
    steps
        .into_iter()
        .filter_map(|step| {
            Some(Moment {
                at: step.started?,
                duration_ms: step.duration_ms.unwrap_or(0.0).max(0.0),
                lane: if step.system.is_empty() { "run".to_owned() } else { step.system },
                label: step.name,
                kind: step.verdict.unwrap_or_default(),
            })
        })
        .collect()
}

/// The lines of the latency curve; where there are none, the figures are a coarse one.
pub(crate) fn curves(report: &Report) -> Vec<Series> {
    let mut drawn: Vec<Series> = list(report, "curve")
        .map(|series| {
            let points = series.get("points").and_then(Value::as_array).into_iter().flatten();
            let points =
                points.filter_map(|point| Some((words::number(point.get(0)?)?, words::number(point.get(1)?)?)));
            Series {
                name: word(series, "name"),
                points: points.filter(|point| (0.0..=100.0).contains(&point.0)).collect(),
            }
        })
        .filter(|series| series.points.len() > 1)
        .collect();
    // A service level of the whole flow has the flow's own curve: one line is enough.
    let all: Vec<Vec<(f64, f64)>> = drawn.iter().map(|series| series.points.clone()).collect();
    let mut index = 0;
    drawn.retain(|series| {
        index += 1;
        !all[..index - 1].contains(&series.points)
    });
    if !drawn.is_empty() {
        return drawn;
    }
    let coarse = |(name, figures): (String, Latency)| {
        let points =
            [(50.0, figures.p50), (90.0, figures.p90), (99.0, figures.p99), (99.9, figures.p999), (100.0, figures.max)];
        let points = points.into_iter().filter_map(|(percentile, us)| Some((percentile, us?))).collect();
        Series { name, points }
    };
    latencies(report).into_iter().map(coarse).filter(|series| series.points.len() > 1).collect()
}

/// The service levels.
pub(crate) fn slas(report: &Report) -> Vec<Sla> {
    list(report, "slas")
        .map(|sla| Sla {
            name: word(sla, "name"),
            target: sla.get("target").map(|target| amount(target, &word(sla, "unit"), "≤ ")).unwrap_or_default(),
            measured: sla.get("measured").map(|measured| amount(measured, &word(sla, "unit"), "")).unwrap_or_default(),
            holds: sla.get("holds").and_then(Value::as_bool),
            used: micros_of(sla, "measured")
                .zip(micros_of(sla, "target"))
                .map(|(measured, target)| measured / target)
                .filter(|share| share.is_finite()),
            bound: bound(sla),
        })
        .collect()
}

/// A number with its unit; what is text already stays as it is.
fn amount(value: &Value, unit: &str, before: &str) -> String {
    match (value, in_micros(value, unit)) {
        (Value::Number(_), Some(us)) => format!("{before}{}", words::micros(us)),
        (Value::Number(_), None) => format!("{before}{} {unit}", facts::rounded(value)).trim_end().to_owned(),
        (Value::String(text), _) => {
            // "≤ 120000 ms" is read as "≤ 2 min"; what says more than a time stays as it is.
            let (sign, rest) = text.strip_prefix("≤ ").map_or(("", text.as_str()), |rest| ("≤ ", rest));
            let time = micros_in(rest).filter(|_| rest.split_whitespace().count() <= 2);
            time.map_or_else(|| text.clone(), |us| format!("{sign}{}", words::micros(us)))
        }
        _ => words::text(value),
    }
}

/// A time of a service level, as a number with the unit beside it or as text.
fn micros_of(sla: &Map<String, Value>, key: &str) -> Option<f64> {
    let value = sla.get(key)?;
    match value {
        Value::String(text) => micros_in(text),
        _ => in_micros(value, &word(sla, "unit")),
    }
}

fn in_micros(value: &Value, unit: &str) -> Option<f64> {
    let factor = match unit {
        "us" | "µs" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return None,
    };
    words::number(value).map(|figure| figure * factor)
}

/// `percentile` and `target_us` say it; else it is read from the words: "order-allocation p99" with a target of "≤ 500 ms".
fn bound(sla: &Map<String, Value>) -> Option<(f64, f64)> {
    let target = word(sla, "target");
    let percentile =
        figure(sla, "percentile").or_else(|| percentile_in(&word(sla, "name"))).or_else(|| percentile_in(&target))?;
    let us = figure(sla, "target_us")
        .or_else(|| in_micros(sla.get("target")?, &word(sla, "unit")))
        .or_else(|| micros_in(&target))?;
    Some((percentile, us))
}

/// `p50`, `p99`, `p999` (99.9) as a word of its own.
fn percentile_in(text: &str) -> Option<f64> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').find_map(|word| {
        let digits = word.strip_prefix('p').or_else(|| word.strip_prefix('P'))?;
        if digits.contains('.') || digits.len() <= 2 {
            return digits.parse().ok();
        }
        let (whole, rest) = digits.split_at(2);
        format!("{whole}.{rest}").parse().ok()
    })
}

/// The first "500 ms", "500ms" or "2 s" of a text.
fn micros_in(text: &str) -> Option<f64> {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.iter().enumerate().find_map(|(index, word)| {
        let word = word.trim_start_matches(|c: char| !c.is_ascii_digit());
        let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
        let value: f64 = word[..end].parse().ok()?;
        let unit =
            if word[end..].is_empty() { words.get(index + 1).copied().unwrap_or_default() } else { &word[end..] };
        match unit {
            "us" | "µs" => Some(value),
            "ms" => Some(value * 1e3),
            "s" => Some(value * 1e6),
            _ => None,
        }
    })
}

/// Who is to blame, in one sentence.
pub(crate) fn attribution(report: &Report) -> Option<String> {
    let map = report.extra.get("attribution")?.as_object()?;
    let named = |key: &str| Some(word(map, key)).filter(|word| !word.is_empty());
    let mut sentence = named("segment").unwrap_or_else(|| "a segment".to_owned());
    if let Some(system) = named("system") {
        sentence = format!("{sentence} ({system})");
    }
    if let Some(cause) = named("cause") {
        sentence = format!("{sentence}: {cause}");
    }
    if let Some(late) = figure(map, "late_ms").filter(|late| *late > 0.0) {
        sentence = format!("{sentence}, {} late", words::millis(late));
    }
    Some(sentence)
}

/// What a run left behind, in one sentence, and whether that is nothing.
pub(crate) fn residue(report: &Report) -> Option<(String, bool)> {
    let map = report.extra.get("residue")?.as_object()?;
    let open = figure(map, "open").unwrap_or(0.0);
    let checked = figure(map, "checked").map_or(String::new(), |checked| format!(" of {checked:.0} checked"));
    let sentence =
        if open == 0.0 { format!("nothing left open{checked}") } else { format!("{open:.0} left open{checked}") };
    Some((sentence, open == 0.0))
}

/// The command, and what it was about where the report names it: "probe once · order-to-receipt".
pub(crate) fn heading(report: &Report) -> String {
    let scenario = report.extra.get("scenario");
    let about = scenario.and_then(|scenario| scenario.get("name").unwrap_or(scenario).as_str());
    about.map_or_else(|| report.command.clone(), |about| format!("{} · {about}", report.command))
}

/// The verdict in one word. A measurement that says nothing has a name of its own: people must not read it as a broken system.
pub(crate) fn verdict_word(report: &Report) -> &'static str {
    match (report.verdict, report.reason.as_deref()) {
        (Verdict::Error, Some("generator")) => "invalid",
        (verdict, _) => verdict.word(),
    }
}

/// What was expected and what was seen, of each check that an evidence lists.
pub(crate) fn checks(evidence: &Value) -> Vec<(String, String)> {
    let checks = evidence.get("checks").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    checks
        .filter(|check| check.contains_key("expected") && check.contains_key("seen"))
        .map(|check| (word(check, "expected"), check.get("seen").map(ToString::to_string).unwrap_or_default()))
        .collect()
}

/// What an evidence has beside its checks.
pub(crate) fn beside_checks(evidence: &Value) -> Option<Value> {
    let Value::Object(map) = evidence else { return Some(evidence.clone()) };
    if checks(evidence).is_empty() {
        return Some(evidence.clone());
    }
    let mut rest = map.clone();
    rest.remove("checks");
    match rest.len() {
        0 => None,
        1 => rest.into_iter().next().map(|(_, value)| value),
        _ => Some(Value::Object(rest)),
    }
}

/// How long the judging of a result took, where a command says it.
pub(crate) fn took(result: &TestResult) -> Option<f64> {
    result.extra.get("duration_ms").and_then(words::number)
}

/// What the report says in one line: "2 failed, 38 passed", and its reason.
pub(crate) fn verdict_line(report: &Report) -> String {
    let summary = report.summary;
    let mut parts: Vec<String> = [
        (summary.failed, "failed"),
        (summary.errors, if summary.errors == 1 { "error" } else { "errors" }),
        (summary.passed, "passed"),
        (summary.skipped, "skipped"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    if parts.is_empty() {
        parts.push("nothing judged".to_owned());
    }
    match &report.reason {
        Some(reason) => format!("{} ({reason})", parts.join(", ")),
        None => parts.join(", "),
    }
}
