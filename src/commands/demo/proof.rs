//! What the demo proved: rows of its table, and the reports behind them.

use crossdock_report::{Report, ResultVerdict, TestResult};

/// Rows and reports, in the order they were made.
#[derive(Default)]
pub(crate) struct Proofs {
    pub(crate) rows: Vec<TestResult>,
    pub(crate) parts: Vec<Report>,
}

impl Proofs {
    /// A row: what was claimed, whether it holds, and what was seen.
    pub(crate) fn row(&mut self, claim: &str, holds: bool, seen: impl Into<String>) {
        let verdict = if holds { ResultVerdict::Pass } else { ResultVerdict::Fail };
        let mut row = TestResult::new(claim, verdict);
        row.message = Some(seen.into());
        self.rows.push(row);
    }

    /// A row, and the whole report that stands behind it.
    pub(crate) fn part(&mut self, claim: &str, holds: bool, seen: impl Into<String>, report: Report) {
        self.row(claim, holds, seen);
        self.parts.push(report);
    }
}

/// How many results hold, as a sentence.
pub(crate) fn counted(report: &Report) -> String {
    let summary = &report.summary;
    let bad = report.results.iter().find(|r| matches!(r.verdict, ResultVerdict::Fail | ResultVerdict::Error));
    let first =
        bad.map_or(String::new(), |r| format!("; first: {} {}", r.name, r.message.as_deref().unwrap_or_default()));
    format!("{} of {} hold{first}", summary.passed, report.results.len())
}
