//! Annotations of GitHub Actions: workflow commands on standard output, one a line.
//! Invariant: nothing in a report can begin a command of its own: line breaks and percent signs are escaped.

use serde_json::Value;

use crate::model::{Report, TestResult};
use crate::sections;
use crate::verdict::{ResultVerdict, Verdict};

pub(crate) fn render(report: &Report) -> String {
    let mut lines = Vec::new();
    for part in report.parts() {
        lines.extend(part.results.iter().filter_map(|result| annotation(&part, result)));
        let level = if part.verdict == Verdict::Pass { "notice" } else { "error" };
        let message = format!("{}: {}", part.verdict, sections::verdict_line(&part));
        lines.push(format!("::{level} title={}::{}", property(&format!("crossdock {}", part.command)), data(&message)));
    }
    lines.join("\n") + "\n"
}

fn annotation(report: &Report, result: &TestResult) -> Option<String> {
    let level = match (result.verdict, result.extra.get("level").and_then(Value::as_str)) {
        (ResultVerdict::Fail | ResultVerdict::Error, _) => "error",
        (ResultVerdict::Pass, Some("warning")) => "warning",
        _ => return None,
    };
    let mut properties = Vec::new();
    if let Some(file) = &result.file {
        properties.push(format!("file={}", property(file)));
        properties.extend(result.line.map(|line| format!("line={line}")));
        properties.extend(result.extra.get("column").and_then(Value::as_u64).map(|column| format!("col={column}")));
    }
    let rule = result.rule.as_deref().map(|rule| format!(" ({rule})")).unwrap_or_default();
    properties.push(format!("title={}", property(&format!("crossdock {}: {}{rule}", report.command, result.name))));
    let mut message = result.message.clone().unwrap_or_else(|| result.name.clone());
    if let Some(line) = &result.reproduce {
        message = format!("{message}\nreproduce: {line}");
    }
    Some(format!("::{level} {}::{}", properties.join(","), data(&message)))
}

fn data(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')).collect();
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
