//! The blocks of a report's section: cards, facts, steps, service levels, latencies, tables, results.
//! Invariant: a block with nothing to show is not there.

use maud::{Markup, html};

use crate::model::{Report, TestResult};
use crate::verdict::ResultVerdict;
use crate::words;
use crate::{facts, sections};

/// More results than this are folded away while they hold, and can be filtered.
const LISTED: usize = 12;

/// Counts, and the figures a run is known by.
pub(super) fn cards(report: &Report) -> Markup {
    let summary = report.summary;
    let counts = [
        ("failed", summary.failed, "fail"),
        ("errors", summary.errors, "error"),
        ("passed", summary.passed, "pass"),
        ("skipped", summary.skipped, "skipped"),
    ];
    let mut figures: Vec<(String, String)> = Vec::new();
    let steps = sections::steps(report);
    let timed = steps.iter().filter_map(|step| Some((step.duration_ms?, step))).max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((longest, step)) = timed {
        figures.push((words::count(steps.len(), "step", "steps"), "in the transaction".to_owned()));
        figures.push((words::millis(longest), format!("longest: {}", step.name)));
    }
    if let Some((_, latency)) = sections::latencies(report).first().filter(|_| report.extra.contains_key("latency_us"))
    {
        figures.extend(latency.p50.map(|us| (words::micros(us), "p50".to_owned())));
        figures.extend(latency.p99.map(|us| (words::micros(us), "p99".to_owned())));
    }
    let rate = report.extra.get("rate").and_then(|rate| words::number(rate.get("achieved_per_s")?));
    figures.extend(rate.map(|rate| (format!("{rate:.1}/s"), "achieved".to_owned())));
    html! {
        div.cards {
            @for (word, count, tone) in counts.iter().filter(|(_, count, _)| *count > 0) {
                div class={ "card lit " (tone) } { b { (count) } span { (word) } }
            }
            @for (figure, what) in &figures { div.card { b { (figure) } span { (what) } } }
            div.card { b { (words::millis(report.duration_ms as f64)) } span { "in all" } }
        }
    }
}

/// Who is to blame, where somebody is.
pub(super) fn attribution(report: &Report) -> Markup {
    let sentence = sections::attribution(report);
    html! {
        @if let Some(sentence) = sentence { div.panel.lit.fail { strong { "Attribution: " } (sentence) } }
        @if let Some(reason) = &report.reason {
            div class={ "panel lit " (report.verdict.word()) } { strong { "Reason: " } (reason) }
        }
    }
}

/// Small facts.
pub(super) fn facts(report: &Report) -> Markup {
    let facts = facts::facts(report);
    let residue = sections::residue(report);
    html! {
        @if !facts.is_empty() || residue.is_some() {
            div.panel {
                dl.facts {
                    @for (key, value) in &facts { dt { (key) } dd { (value) } }
                    @if let Some((sentence, is_clean)) = residue {
                        dt { "residue" }
                        dd { span class={ "pill " (if is_clean { "pass" } else { "fail" }) } { (sentence) } }
                    }
                }
            }
        }
    }
}

/// The steps of a transaction, each against its service level.
pub(super) fn steps(report: &Report) -> Markup {
    let steps: Vec<_> = sections::steps(report).into_iter().filter(|step| step.duration_ms.is_some()).collect();
    let began = steps.iter().filter_map(|step| step.started).reduce(f64::min);
    let has_slas = steps.iter().any(|step| step.sla_ms.is_some());
    html! {
        @if !steps.is_empty() {
            div.panel {
                h3 { "Steps" @if has_slas { small { "the bar is the share of the step's service level that was used" } } }
                div.scroll {
                    table {
                        thead { tr {
                            th.s {} th { "step" } th.narrow-hide { "system" } th.n.narrow-hide { "at" }
                            @if has_slas { th { "of its SLA" } }
                            th.n { "took" }
                            @if has_slas { th.n { "SLA" } }
                        } }
                        tbody { @for step in &steps { (step_row(step, began, has_slas)) } }
                    }
                }
            }
        }
    }
}

fn step_row(step: &sections::Step, began: Option<f64>, has_slas: bool) -> Markup {
    let took = step.duration_ms.unwrap_or(0.0);
    let is_late = step.sla_ms.is_some_and(|sla| took > sla);
    let share = step.sla_ms.filter(|sla| *sla > 0.0).map(|sla| took / sla).filter(|share| *share > 0.0);
    html! {
        tr {
            td { @if let Some(verdict) = &step.verdict { (word_sign(verdict)) } }
            td.text {
                (step.name)
                @if !step.kind.is_empty() { " " span.soft { (step.kind) } }
                @if !step.message.is_empty() { div.soft { (step.message) } }
            }
            td.narrow-hide { (step.system) }
            td.n.narrow-hide.soft { @if let (Some(at), Some(began)) = (step.started, began) { "+" (words::millis(at - began)) } }
            @if has_slas {
                td.wide { @if let Some(share) = share { (bar(share, is_late)) } }
            }
            td.n { (words::millis(took)) }
            @if has_slas { td.n.soft { @if let Some(sla) = step.sla_ms { (words::millis(sla)) } } }
        }
    }
}

/// How much of a bound was used.
fn bar(share: f64, is_late: bool) -> Markup {
    let percent = (share * 100.0).clamp(0.0, 100.0);
    html! {
        div class={ "bar" @if is_late { " fail" } } title={ (format!("{:.0}", share * 100.0)) " %" } { i style={ "width:" (format!("{percent:.1}")) "%" } {} }
    }
}

/// Service levels and what was measured.
pub(super) fn slas(report: &Report) -> Markup {
    let slas = sections::slas(report);
    let has_bars = sections::steps(report).iter().any(|step| step.sla_ms.is_some());
    let all_hold = slas.iter().all(|sla| sla.holds == Some(true));
    // The steps have shown them already, each at its step.
    let is_open = !(has_bars && all_hold);
    let title = if all_hold {
        format!("{} hold", words::count(slas.len(), "service level", "service levels"))
    } else {
        "Service levels".to_owned()
    };
    html! {
        @if !slas.is_empty() {
            details.panel.fold open[is_open] {
                summary { h3 { (title) } }
                div.scroll { table {
                    thead { tr { th.s {} th { "service level" } th.wide.narrow-hide { "share used" } th.n { "measured" } th.n { "target" } } }
                    tbody { @for sla in &slas { tr {
                        td { (word_sign(match sla.holds { Some(true) => "pass", Some(false) => "fail", None => "unknown" })) }
                        td.text { (sla.name) }
                        td.wide.narrow-hide { @if let Some(used) = sla.used { (bar(used, used > 1.0)) } }
                        td.n { (sla.measured) } td.n.soft { (sla.target) }
                    } } }
                } }
            }
        }
    }
}

/// Latency figures by flow and step.
pub(super) fn latencies(report: &Report) -> Markup {
    let latencies = sections::latencies(report);
    let errors: Vec<_> = sections::steps(report).into_iter().filter(|step| !step.errors.is_empty()).collect();
    let time = |time: Option<f64>| time.map(words::micros).unwrap_or_default();
    html! {
        @if !latencies.is_empty() {
            div.panel {
                h3 { "Latency" }
                div.scroll { table {
                    thead { tr { th { "" } @for name in ["p50", "p90", "p99", "p99.9", "max", "mean", "count"] { th.n { (name) } } } }
                    tbody { @for (name, latency) in &latencies { tr {
                        td { (name) }
                        @for figure in [latency.p50, latency.p90, latency.p99, latency.p999, latency.max, latency.mean] { td.n { (time(figure)) } }
                        td.n { @if let Some(count) = latency.count { (format!("{count:.0}")) } }
                    } } }
                } }
                @for step in &errors { p.soft { (step.name) ": " (step.errors) } }
            }
        }
    }
}

/// Whatever else a command lists.
pub(super) fn tables(report: &Report) -> Markup {
    html! {
        @for plain in facts::tables(report) {
            div.panel {
                h3 { (plain.title) }
                div.scroll { table {
                    thead { tr { @for column in &plain.columns { th { (column) } } } }
                    tbody { @for row in &plain.rows { tr { @for cell in row { (table_cell(cell)) } } } }
                } }
            }
        }
    }
}

/// A cell of a plain table; a verdict's sign has its colour.
fn table_cell(cell: &str) -> Markup {
    match cell {
        "✓" => html! { td.s { (word_sign("pass")) } },
        "✗" => html! { td.s { (word_sign("fail")) } },
        "!" => html! { td.s { (word_sign("error")) } },
        text => html! { td.text { (text) } },
    }
}

/// What is false or could not be judged, in full.
pub(super) fn attention(report: &Report) -> Markup {
    let mut results: Vec<&TestResult> =
        report.results.iter().filter(|result| result.verdict.needs_attention()).collect();
    results.sort_by_key(|result| result.verdict.rank());
    html! {
        @if !results.is_empty() {
            div.panel data-results {
                h3 { "Needs attention" small { (results.len()) } }
                (filtered(&results))
            }
        }
    }
}

/// What holds or was skipped: there for who asks, folded away where it is much.
pub(super) fn quiet(report: &Report) -> Markup {
    let mut results: Vec<&TestResult> =
        report.results.iter().filter(|result| !result.verdict.needs_attention()).collect();
    results.sort_by_key(|result| result.verdict.rank());
    let counts = [(report.summary.passed, "passed"), (report.summary.skipped, "skipped")];
    let counts: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    html! {
        @if !results.is_empty() {
            details.panel.fold data-results open[results.len() <= LISTED] {
                summary { h3 { (counts.join(", ")) } }
                (filtered(&results))
            }
        }
    }
}

/// Results under a filter, where there are enough to look for one.
fn filtered(results: &[&TestResult]) -> Markup {
    let present = |verdict: ResultVerdict| results.iter().any(|result| result.verdict == verdict);
    let verdicts = [ResultVerdict::Fail, ResultVerdict::Error, ResultVerdict::Skipped, ResultVerdict::Pass];
    html! {
        @if results.len() > LISTED {
            div.filter hidden {
                input type="search" placeholder="Filter by any word" aria-label="Filter by any word";
                @for verdict in verdicts.into_iter().filter(|verdict| present(*verdict)) {
                    label { input type="checkbox" value=(verdict.word()) checked; (verdict.word()) }
                }
            }
        }
        @for result in results { (result_row(result)) }
        p.none hidden { "No result has all these words." }
    }
}

fn result_row(result: &TestResult) -> Markup {
    let is_warning = result.extra.get("level").is_some_and(|level| level == "warning");
    let head = html! {
        span class={ "sign " (result.verdict.word()) } title=(result.verdict.word()) { (result.verdict.sign()) }
        span.name { (result.name) @if is_warning { " " span.pill.error { "warning" } } }
        span.where { (result.system.as_deref().unwrap_or_default()) @if let Some(operation) = &result.operation { " " (operation) } @if let Some(took) = sections::took(result) { (words::millis(took)) } }
        @if let Some(message) = &result.message { span.message { (message) } }
    };
    let place =
        result.file.as_ref().map(|file| result.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}")));
    let help = result.extra.get("help").map(|help| match help {
        serde_json::Value::Array(lines) => lines.iter().map(words::text).collect::<Vec<_>>().join("\n"),
        other => words::text(other),
    });
    let entries = [("rule", result.rule.clone()), ("pointer", result.pointer.clone()), ("file", place), ("help", help)];
    let entries: Vec<(&str, String)> = entries.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let checks = result.evidence.as_ref().map(sections::checks).unwrap_or_default();
    let evidence = result.evidence.as_ref().and_then(sections::beside_checks);
    let has_more = !entries.is_empty() || result.evidence.is_some() || result.reproduce.is_some();
    let class = format!("result {}", result.verdict.word());
    html! {
        @if has_more {
            details class=(class) data-verdict=(result.verdict.word()) open[result.verdict.needs_attention()] {
                summary { (head) }
                dl {
                    @for (key, value) in &entries { dt { (key) } dd { (value) } }
                    @for (expected, seen) in &checks {
                        dt { "expected" } dd { code { (expected) } }
                        dt { "saw" } dd { code.saw { (seen) } }
                    }
                    @if let Some(evidence) = evidence { dt { "evidence" } dd { pre { (words::text(&evidence)) } } }
                    @if let Some(line) = &result.reproduce { dt { "reproduce" } dd { pre { (line) } } }
                }
            }
        } @else {
            div class=(class) data-verdict=(result.verdict.word()) { div.row { (head) } }
        }
    }
}

/// A sign for a verdict that a report says in its own words.
fn word_sign(verdict: &str) -> Markup {
    let (class, sign) = match verdict {
        "pass" | "passed" | "ok" => ("pass", "✓"),
        "fail" | "failed" | "late" => ("fail", "✗"),
        "error" => ("error", "!"),
        "skipped" => ("skipped", "–"),
        _ => ("unknown", "?"),
    };
    html! { span class={ "sign " (class) } title=(verdict) { (sign) } }
}
