//! What the demo proved: rows of its table, and the reports behind them.

use std::time::Instant;

use crossdock_report::{Report, ResultVerdict, TestResult};

/// Rows and reports, in the order they were made.
pub(crate) struct Proofs {
    pub(crate) rows: Vec<TestResult>,
    pub(crate) parts: Vec<Report>,
    /// When the last row was made: what happened since is the next row's.
    since: Instant,
}

impl Default for Proofs {
    fn default() -> Self {
        Self { rows: Vec::new(), parts: Vec::new(), since: Instant::now() }
    }
}

impl Proofs {
    /// A row: what was claimed, whether it holds, and what was seen.
    pub(crate) fn row(&mut self, claim: &str, holds: bool, seen: impl Into<String>) {
        let verdict = if holds { ResultVerdict::Pass } else { ResultVerdict::Fail };
        let mut row = TestResult::new(claim, verdict);
        row.message = Some(seen.into());
        let took = self.since.elapsed().as_millis();
        row.extra.insert("duration_ms".to_owned(), u64::try_from(took).unwrap_or(u64::MAX).into());
        self.since = Instant::now();
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
    match bad {
        Some(r) => format!(
            "{} of {} do not: {} {}",
            summary.failed + summary.errors,
            report.results.len(),
            r.name,
            r.message.as_deref().unwrap_or_default()
        ),
        None => format!("{} checks hold, {} skipped", summary.passed, summary.skipped),
    }
}
