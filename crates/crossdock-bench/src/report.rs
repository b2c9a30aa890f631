//! The report of a bench: results for people and pipelines, figures under stable keys.
//! Here: names, messages and keys. Not here: the conclusions (`verdict`), the formats (`crossdock-report`).
//! Invariant: a key that has been published stays, with its meaning and unit; new ones are added beside it.

use std::fmt::Write as _;
use std::time::Duration;

use crossdock_report::{Report, ResultVerdict, TestResult, Verdict};
use crossdock_scenario::Scenario;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::engine::{Measured, Plan};
use crate::sample::StepSums;
use crate::verdict::{Bound, Judgement, Level};

/// All that a report tells.
pub(crate) struct Told<'a> {
    pub(crate) started: Timestamp,
    pub(crate) took: Duration,
    pub(crate) environment: &'a str,
    pub(crate) scenario: &'a Scenario,
    pub(crate) plan: &'a Plan,
    pub(crate) levels: &'a [Level],
    pub(crate) measured: &'a Measured,
    pub(crate) judged: &'a Judgement,
    /// The judgements of invalid runs that were done again.
    pub(crate) rejected: &'a [Judgement],
    /// What the hub measured of the run, where there is one that measures.
    pub(crate) signals: Option<&'a Result<Value, String>>,
}

pub(crate) fn report(told: &Told<'_>) -> Report {
    let mut report = Report::new("bench run");
    for result in results(told) {
        report.push(result);
    }
    for (key, value) in figures(told) {
        report.set(&key, value);
    }
    let report = report.finish(told.started, told.took);
    match reason(told) {
        Some(reason) => report.with_verdict(Verdict::Error, reason),
        None => report,
    }
}

/// The stable word for why there is no judgement.
fn reason(told: &Told<'_>) -> Option<&'static str> {
    if told.measured.stopped {
        Some("interrupted")
    } else if told.judged.unanswered {
        Some("no_answer")
    } else if !told.judged.is_valid() {
        Some("generator")
    } else {
        None
    }
}

fn results(told: &Told<'_>) -> Vec<TestResult> {
    let judged = told.judged;
    let concludes = reason(told).is_none();
    let mut results = vec![generator(told), flows(told, concludes)];
    results.extend(judged.bounds.iter().map(|bound| service_level(told, bound, concludes)));
    if let Some(Ok(sheet)) = told.signals {
        let levels = sheet.get("slas").and_then(Value::as_array).into_iter().flatten();
        results.extend(levels.filter_map(|level| by_hub(told, level, concludes)));
    }
    results
}

fn generator(told: &Told<'_>) -> TestResult {
    let judged = told.judged;
    let again = match told.rejected {
        [] => String::new(),
        rejected => {
            let whys: Vec<String> =
                rejected.iter().flat_map(|judged| &judged.invalid).map(ToString::to_string).collect();
            format!("; repeated {} because {}", times(rejected.len()), whys.join(" and "))
        }
    };
    let late = told
        .measured
        .sums
        .late
        .percentile_us(99.0)
        .map_or_else(|| "nothing started".to_owned(), |us| format!("{} late (p99)", ms(us)));
    let message = if told.measured.stopped {
        format!("stopped before the schedule ended{again}")
    } else if judged.is_valid() {
        format!("kept to the schedule: {late}, tolerated are {}{again}", ms(judged.tolerated.as_micros() as u64))
    } else {
        let whys: Vec<String> = judged.invalid.iter().map(ToString::to_string).collect();
        format!("the measurement is invalid: {}{again}", whys.join(" and "))
    };
    let holds = judged.is_valid() && !told.measured.stopped;
    result(
        told,
        "generator",
        if holds { ResultVerdict::Pass } else { ResultVerdict::Error },
        "bench/generator",
        message,
    )
}

fn flows(told: &Told<'_>, concludes: bool) -> TestResult {
    let sums = &told.measured.sums;
    let verdict = if told.judged.unanswered {
        ResultVerdict::Error
    } else if !concludes {
        ResultVerdict::Skipped
    } else if told.judged.too_many_failed.is_some() {
        ResultVerdict::Fail
    } else {
        ResultVerdict::Pass
    };
    let mut message = format!("{} of {} flows came to their end", sums.completed, sums.started);
    let mut reasons: Vec<(&String, &u64)> = sums.reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (why, count) in reasons.into_iter().take(3) {
        // Writing to a text cannot fail.
        write!(message, "; {count} × {why}").ok();
    }
    result(told, "flows", verdict, "bench/flows", message)
}

fn service_level(told: &Told<'_>, bound: &Bound, concludes: bool) -> TestResult {
    let measured = bound.measured_us.map_or_else(|| "too many flows never came that far".to_owned(), ms);
    let verdict = match (concludes, bound.holds) {
        (false, _) => ResultVerdict::Skipped,
        (true, true) => ResultVerdict::Pass,
        (true, false) => ResultVerdict::Fail,
    };
    let not_judged = if concludes { "" } else { " (not judged)" };
    let message = format!("{measured}, at most {} ms{not_judged}", bound.target_ms);
    result(told, &bound.name, verdict, &format!("sla/{}", bound.sla), message)
}

/// A level of the scenario by the hub's own figures, from event to event: the same that it shows live.
fn by_hub(told: &Told<'_>, level: &Value, concludes: bool) -> Option<TestResult> {
    let id = level.get("id")?.as_str()?;
    told.levels.iter().find(|known| known.id == id)?;
    let holds = match level.get("verdict")?.as_str()? {
        "met" => true,
        "missed" => false,
        _ => return None,
    };
    let verdict = match (concludes, holds) {
        (false, _) => ResultVerdict::Skipped,
        (true, true) => ResultVerdict::Pass,
        (true, false) => ResultVerdict::Fail,
    };
    let bounds = level.get("bounds")?.as_array()?.iter().map(|bound| {
        let share = bound["perMille"].as_u64().unwrap_or(1000);
        let name = if share == 1000 { "max".to_owned() } else { format!("p{}", share as f64 / 10.0) };
        format!("{name} {} ms, at most {} ms", bound["measuredMs"], bound["targetMs"])
    });
    let message = format!("{}; {} of them", bounds.collect::<Vec<_>>().join("; "), level["count"]);
    Some(result(told, &format!("{id} by the hub"), verdict, &format!("signal/{id}"), message))
}

fn result(told: &Told<'_>, name: &str, verdict: ResultVerdict, rule: &str, message: String) -> TestResult {
    let mut result = TestResult::new(name, verdict);
    result.rule = Some(rule.to_owned());
    result.file = Some(told.scenario.file().to_owned());
    result.message = Some(message);
    result
}

fn figures(told: &Told<'_>) -> Map<String, Value> {
    let (measured, judged) = (told.measured, told.judged);
    let sums = &measured.sums;
    let window = measured.window.as_secs_f64();
    let per_s = |count: u64| if window > 0.0 { rounded(count as f64 / window) } else { Value::Null };
    let concludes = reason(told).is_none();
    let late = sums.late.summary();
    let steps: Vec<Value> = in_order(told).into_iter().map(|(name, step)| step_figures(name, step)).collect();
    let slas: Vec<Value> = judged.bounds.iter().map(|bound| sla_figures(bound, concludes)).collect();
    let mut figures = json!({
        "environment": told.environment,
        "rate": {"target_per_s": per_s(sums.due), "achieved_per_s": per_s(sums.started)},
        "generator": {
            "valid": judged.is_valid() && !measured.stopped,
            "late_us": {"p50": late["p50"], "p99": late["p99"], "max": late["max"]},
            "cpu_s": measured.cpu.map_or(Value::Null, |cpu| rounded(cpu.as_secs_f64())),
            "late_tolerance_us": judged.tolerated.as_micros() as u64,
            "repeated": told.rejected.len(),
            "in_flight_max": told.plan.in_flight_max,
        },
        "scenario": {
            "name": told.scenario.name(),
            "due": sums.due, "started": sums.started, "completed": sums.completed,
            "failed": sums.failed + sums.unanswered, "incomplete": sums.incomplete,
            "not_started": sums.refused, "warm_up": sums.warmed_up,
        },
        "window_ms": millis(measured.window),
        "warm_up_ms": millis(told.plan.warm_up),
        "latency_us": sums.latency.summary(),
        "service_us": sums.service.summary(),
        "steps": steps,
        "slas": slas,
        "reasons": sums.reasons,
        "curve": curves(told),
    });
    if let Some(sheet) = told.signals {
        figures["signals"] = match sheet {
            Ok(sheet) => sheet.clone(),
            Err(why) => json!({"unavailable": why}),
        };
    }
    match figures {
        Value::Object(figures) => figures,
        _ => Map::new(),
    }
}

/// The steps in the order of the scenario.
fn in_order<'a>(told: &Told<'a>) -> Vec<(&'a String, &'a StepSums)> {
    let mut steps: Vec<_> = told.measured.sums.steps.iter().collect();
    steps.sort_by_key(|(_, step)| step.position);
    steps
}

fn step_figures(name: &str, step: &StepSums) -> Value {
    json!({
        "name": name, "latency_us": step.latency.summary(), "service_us": step.service.summary(), "errors": step.errors,
    })
}

fn sla_figures(bound: &Bound, concludes: bool) -> Value {
    json!({
        "name": bound.name,
        "target": bound.target_ms,
        "measured": bound.measured_us.map_or(Value::Null, |us| rounded(us as f64 / 1000.0)),
        "holds": if concludes { Value::Bool(bound.holds) } else { Value::Null },
        "unit": "ms",
        "percentile": bound.percent,
        "target_us": bound.target_ms.saturating_mul(1000),
    })
}

/// Percentile curves for charts: the flow from its intended start, its service time, and each service level.
fn curves(told: &Told<'_>) -> Vec<Value> {
    let sums = &told.measured.sums;
    let mut curves =
        vec![sums.latency.curve("flow, from its intended start"), sums.service.curve("flow, service time")];
    for level in told.levels.iter().filter(|level| !level.whole_flow) {
        if let Some(latencies) = sums.slas.get(&level.id) {
            curves.push(latencies.curve(&level.id));
        }
    }
    curves
}

fn ms(us: u64) -> String {
    format!("{:.1} ms", us as f64 / 1000.0)
}

fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Three decimals are more than any of these figures is worth.
fn rounded(figure: f64) -> Value {
    json!((figure * 1000.0).round() / 1000.0)
}
