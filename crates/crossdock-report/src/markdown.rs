//! The report as a comment under a pull request: what needs attention first, the rest folded away.
//! Invariant: text of a report is never markup: it cannot close a table, open a tag or mention anybody.

#![expect(
    clippy::format_push_string,
    reason = "reports are small, and `write!` has an error to handle that cannot occur"
)]

use crate::model::{Report, TestResult};
use crate::verdict::{ResultVerdict, Verdict};
use crate::words;
use crate::{facts, sections};

/// GitHub takes 65,536 characters; evidence is what is long.
const EVIDENCE: usize = 2_000;
/// More failures than this are counted, not shown: the other formats have them.
const SHOWN: usize = 50;

pub(crate) fn render(report: &Report) -> String {
    let parts = report.parts();
    let mut text = String::new();
    if parts.len() > 1 {
        text.push_str(&format!(
            "## {} crossdock: {}\n\n{}\n\n",
            sign(report.verdict),
            report.verdict,
            escape(&sections::verdict_line(report))
        ));
        let rows = parts.iter().map(|part| {
            vec![
                sign(part.verdict).to_owned(),
                sections::heading(part),
                sections::verdict_line(part),
                words::millis(part.duration_ms as f64),
            ]
        });
        table(&mut text, &["", "command", "results", "took"], rows);
    }
    for part in &parts {
        one(&mut text, part);
    }
    text
}

fn one(text: &mut String, report: &Report) {
    text.push_str(&format!(
        "### {} crossdock {}: {}\n\n",
        sign(report.verdict),
        escape(&sections::heading(report)),
        sections::verdict_word(report)
    ));
    text.push_str(&format!(
        "{} in {}\n\n",
        escape(&sections::verdict_line(report)),
        words::millis(report.duration_ms as f64)
    ));
    let bad: Vec<&TestResult> = report.results.iter().filter(|result| result.verdict.needs_attention()).collect();
    if !bad.is_empty() {
        let rows = bad.iter().take(SHOWN).map(|result| {
            let sign = result_sign(result.verdict).to_owned();
            vec![
                sign,
                result.name.clone(),
                result.rule.clone().unwrap_or_default(),
                place(result),
                result.message.clone().unwrap_or_default(),
            ]
        });
        table(text, &["", "result", "rule", "where", "message"], rows);
        for result in bad.iter().take(SHOWN) {
            details(text, result);
        }
        if bad.len() > SHOWN {
            text.push_str(&format!("… and {} more.\n\n", bad.len() - SHOWN));
        }
    }
    let facts: Vec<Vec<String>> = facts::facts(report).into_iter().map(|(key, value)| vec![key, value]).collect();
    let sentence = |key: &str, value: Option<String>| value.map(|value| vec![key.to_owned(), value]);
    let facts = facts
        .into_iter()
        .chain(sentence("attribution", sections::attribution(report)))
        .chain(sentence("residue", sections::residue(report).map(|(sentence, _)| sentence)));
    table(text, &["", ""], facts);
    let slas = sections::slas(report)
        .into_iter()
        .map(|sla| vec![holds(sla.holds).to_owned(), sla.name, sla.target, sla.measured]);
    table(text, &["", "service level", "target", "measured"], slas);
    let time = |time: Option<f64>| time.map(words::micros).unwrap_or_default();
    let latencies = sections::latencies(report).into_iter().map(|(name, latency)| {
        vec![name, time(latency.p50), time(latency.p90), time(latency.p99), time(latency.p999), time(latency.max)]
    });
    table(text, &["latency", "p50", "p90", "p99", "p99.9", "max"], latencies);
    let steps = sections::steps(report).into_iter().filter(|step| step.duration_ms.is_some()).map(|step| {
        let millis = |ms: Option<f64>| ms.map(words::millis).unwrap_or_default();
        vec![step.verdict.unwrap_or_default(), step.name, step.system, millis(step.duration_ms), millis(step.sla_ms)]
    });
    table(text, &["", "step", "system", "took", "SLA"], steps);
    for plain in facts::tables(report) {
        text.push_str(&format!("**{}**\n\n", escape(&plain.title)));
        let columns: Vec<&str> = plain.columns.iter().map(String::as_str).collect();
        table(text, &columns, plain.rows.into_iter());
    }
    let quiet: Vec<&TestResult> = report.results.iter().filter(|result| !result.verdict.needs_attention()).collect();
    if !quiet.is_empty() {
        text.push_str(&format!(
            "<details><summary>{} without trouble</summary>\n\n",
            words::count(quiet.len(), "result", "results")
        ));
        for result in quiet {
            let why = result.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
            text.push_str(&format!("- {} {}\n", result_sign(result.verdict), escape(&format!("{}{why}", result.name))));
        }
        text.push_str("\n</details>\n\n");
    }
}

fn details(text: &mut String, result: &TestResult) {
    if result.evidence.is_none() && result.reproduce.is_none() {
        return;
    }
    text.push_str(&format!("<details><summary>{}</summary>\n\n", escape_html(&result.name)));
    if let Some(evidence) = &result.evidence {
        text.push_str(&fence(&words::cut(&words::text(evidence), EVIDENCE)));
    }
    if let Some(line) = &result.reproduce {
        text.push_str(&fence(line));
    }
    text.push_str("</details>\n\n");
}

/// A code block whose fence is longer than any in the text.
fn fence(text: &str) -> String {
    let text = words::plain(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{text}\n{fence}\n\n")
}

fn table(text: &mut String, columns: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    text.push_str(&format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len())));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text.push('\n');
}

fn place(result: &TestResult) -> String {
    let file =
        result.file.as_ref().map(|file| result.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}")));
    let parts = [result.system.clone(), result.operation.clone(), result.pointer.clone(), file];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// One line of plain text where HTML is read and Markdown is not.
fn escape_html(text: &str) -> String {
    let text = words::plain(text).replace(['\n', '\t'], " ");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('@', "@\u{200b}")
}

/// One line of plain text.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in words::plain(text).chars() {
        match c {
            '\n' | '\t' => escaped.push(' '),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // A zero-width joint after it, so that nobody is mentioned.
            '@' => escaped.push_str("@\u{200b}"),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '~' | '#' => {
                escaped.push('\\');
                escaped.push(c);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Fail => "❌",
        Verdict::Error => "⚠️",
        Verdict::Unknown => "❔",
    }
}

fn result_sign(verdict: ResultVerdict) -> &'static str {
    match verdict {
        ResultVerdict::Pass => "✅",
        ResultVerdict::Fail => "❌",
        ResultVerdict::Error => "⚠️",
        ResultVerdict::Skipped => "➖",
    }
}

fn holds(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "✅",
        Some(false) => "❌",
        None => "❔",
    }
}
