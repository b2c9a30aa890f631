//! JUnit XML for CI servers. A false expectation is a `failure`, what could not be judged an `error`: they are never mixed.
//! One suite a report; the class of a case is the command and the system, so that servers group by system.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report as Junit, SerializeError, TestCase, TestCaseStatus, TestSuite};

use crate::model::{Report, TestResult};
use crate::verdict::{ResultVerdict, Verdict};
use crate::words;

pub(crate) fn render(report: &Report) -> Result<String, SerializeError> {
    let mut junit = Junit::new(format!("crossdock {}", report.command));
    junit.set_time(Duration::from_millis(report.duration_ms));
    for part in report.parts() {
        junit.add_test_suite(suite(&part));
    }
    junit.to_string()
}

fn suite(report: &Report) -> TestSuite {
    let mut suite = TestSuite::new(report.command.as_str());
    suite.set_time(Duration::from_millis(report.duration_ms));
    suite.add_property(Property::new("crossdock", report.crossdock.as_str()));
    suite.add_property(Property::new("verdict", report.verdict.word()));
    suite.add_property(Property::new("started", report.started.to_string()));
    for result in &report.results {
        suite.add_test_case(case(report, result));
    }
    // A run may be an error or unknown though each of its results holds: servers see cases only, so it is one.
    let shown = report.summary.verdict();
    if report.verdict != shown && report.verdict != Verdict::Pass {
        let kind = if report.verdict == Verdict::Fail { NonSuccessKind::Failure } else { NonSuccessKind::Error };
        let mut status = TestCaseStatus::non_success(kind);
        let reason = report.reason.as_deref().unwrap_or("no reason given");
        status.set_message(format!("{}: {reason}", report.verdict)).set_type(format!("verdict::{}", report.verdict));
        let mut whole = TestCase::new("the run as a whole", status);
        whole.set_classname(report.command.as_str());
        suite.add_test_case(whole);
    }
    suite
}

fn case(report: &Report, result: &TestResult) -> TestCase {
    let mut status = match result.verdict {
        ResultVerdict::Pass => TestCaseStatus::success(),
        ResultVerdict::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
        ResultVerdict::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
        ResultVerdict::Skipped => TestCaseStatus::skipped(),
    };
    if result.verdict != ResultVerdict::Pass {
        if let Some(message) = &result.message {
            status.set_message(message.as_str());
        }
        if let Some(rule) = &result.rule {
            status.set_type(rule.as_str());
        }
        let description = description(result);
        if !description.is_empty() && result.verdict.needs_attention() {
            status.set_description(description);
        }
    }
    let mut case = TestCase::new(result.name.as_str(), status);
    let class = match &result.system {
        Some(system) => format!("{}.{system}", report.command),
        None => report.command.clone(),
    };
    case.set_classname(class);
    let milliseconds = result.extra.get("duration_ms").and_then(words::number);
    if let Some(time) = milliseconds.and_then(|ms| Duration::try_from_secs_f64(ms / 1000.0).ok()) {
        case.set_time(time);
    }
    case
}

fn description(result: &TestResult) -> String {
    let place =
        result.file.as_ref().map(|file| result.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}")));
    let entries = [
        ("message", result.message.clone()),
        ("operation", result.operation.clone()),
        ("pointer", result.pointer.clone()),
        ("file", place),
        ("evidence", result.evidence.as_ref().map(words::text)),
        ("reproduce", result.reproduce.clone()),
    ];
    let lines: Vec<String> =
        entries.into_iter().filter_map(|(key, value)| Some(format!("{key}: {}", value?))).collect();
    lines.join("\n")
}
