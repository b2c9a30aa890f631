//! `crossdock contract lint`: whether the contracts of a folder are valid, complete and mean one thing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crossdock_contract::Contracts;
use crossdock_diag::{Diagnostic, Severity};
use crossdock_report::{Format, Report, ResultVerdict, TestResult, Verdict};

use crate::exit::Failure;
use crate::output::{self, OutputArgs};

/// Arguments of `contract lint`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Folders of contracts
    #[arg(default_value = "contracts", value_name = "FOLDER")]
    pub paths: Vec<PathBuf>,
    /// Warnings fail too
    #[arg(long)]
    pub deny_warnings: bool,
    /// Output
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (started, began) = (jiff::Timestamp::now(), Instant::now());
    let mut findings: Vec<Diagnostic> = Vec::new();
    for path in &args.paths {
        if !path.is_dir() {
            return Err(Failure::new(format!("`{}` is not a folder", path.display()))
                .help("a contracts folder has a catalog.yaml; `crossdock init DIR` writes one"));
        }
        let found = crossdock_contract::lint(path);
        if found.iter().any(|one| one.code == "catalog/missing") && is_empty(path) {
            return Err(Failure::new(format!("there is no contract in `{}`", path.display()))
                .help("a contracts folder has apis/, events/ or objects/; `crossdock init DIR` writes one"));
        }
        findings.extend(found);
    }
    let mut report = judge(&findings, args).finish(started, began.elapsed());
    if report.results.iter().any(|result| result.verdict == ResultVerdict::Error) {
        // What stands in a file that cannot be read is not known: that is no verdict on it.
        report = report.with_verdict(Verdict::Error, "a file cannot be read");
    }
    if args.output.format == Format::Terminal && !findings.is_empty() {
        // A compiler's way is the best for what has a place in a file: the table would only say it again.
        output::print(&crossdock_diag::render(&findings, output::stdout_style().color));
        return Ok(output::write_reports(&report, &args.output));
    }
    output::finish(&report, &args.output)
}

/// Whether a folder that can be read holds nothing to judge: a gate on the wrong folder must not be open.
fn is_empty(path: &Path) -> bool {
    Contracts::load(path).is_ok_and(|contracts| {
        contracts.apis().is_empty()
            && contracts.events().is_empty()
            && contracts.objects().is_empty()
            && contracts.guides().is_empty()
    })
}

/// What is found in contracts, as a report.
fn judge(findings: &[Diagnostic], args: &Args) -> Report {
    let mut report = Report::new("contract lint");
    for finding in findings {
        let fails = finding.severity == Severity::Error || args.deny_warnings;
        let mut result = TestResult::could_not(finding);
        result.verdict = match (fails, is_unreadable(finding)) {
            (true, true) => ResultVerdict::Error,
            (true, false) => ResultVerdict::Fail,
            (false, _) => ResultVerdict::Pass,
        };
        report.push(result);
    }
    if findings.is_empty() {
        for path in &args.paths {
            report.push(TestResult::pass(format!("contracts in {}", path.display())));
        }
    }
    report
}

fn is_unreadable(finding: &Diagnostic) -> bool {
    ["file::", "yaml::", "json::"].iter().any(|kind| finding.code.starts_with(kind))
}
