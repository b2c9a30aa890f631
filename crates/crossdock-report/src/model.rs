//! The results of a command that judges something, in one model for all commands and all formats.
//! Here: the report, its results, how they are made. Not here: their JSON (`wire`), what they look like (the renderers).
//! Invariant: keys only ever get added. What a command adds beside the common keys is kept in `extra`, unread keys of newer versions too.

use std::time::Duration;

use crossdock_diag::{Diagnostic, Severity};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::verdict::{ResultVerdict, Summary, Verdict};

/// What a command found out.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The version of Crossdock that wrote it.
    pub crossdock: String,
    /// The command, without the program: `contract test`.
    pub command: String,
    /// What came of it.
    pub verdict: Verdict,
    /// Why, where the results do not say: `generator`, `no answer`.
    pub reason: Option<String>,
    /// When it began.
    pub started: Timestamp,
    /// How long it took.
    pub duration_ms: u64,
    /// How many results of each verdict.
    pub summary: Summary,
    /// What was judged, in the order it was judged.
    pub results: Vec<TestResult>,
    /// The keys that only this command has, such as `steps` or `latency_us`.
    pub extra: Map<String, Value>,
}

impl Report {
    /// An empty report of a command.
    pub fn new(command: impl Into<String>) -> Self {
        Self {
            crossdock: env!("CARGO_PKG_VERSION").to_owned(),
            command: command.into(),
            verdict: Verdict::Pass,
            reason: None,
            started: Timestamp::UNIX_EPOCH,
            duration_ms: 0,
            summary: Summary::default(),
            results: Vec::new(),
            extra: Map::new(),
        }
    }

    /// The report of a command that could not run because of what is wrong in files.
    pub fn could_not_run<'a>(
        command: impl Into<String>,
        diagnostics: impl IntoIterator<Item = &'a Diagnostic>,
    ) -> Self {
        let mut report = Self::new(command);
        report.results.extend(diagnostics.into_iter().map(TestResult::could_not));
        report
    }

    /// Adds a result.
    pub fn push(&mut self, result: TestResult) {
        self.results.push(result);
    }

    /// Adds a key of this command's own, such as `steps`. A value that JSON cannot say (a map with keys that are no text) is left out.
    pub fn set(&mut self, key: &str, value: impl Serialize) {
        if let Ok(value) = serde_json::to_value(value) {
            self.extra.insert(key.to_owned(), value);
        }
    }

    /// Counts the results and draws the verdict: false if one is false, else error if one could not be judged, else pass.
    #[must_use]
    pub fn finish(mut self, started: Timestamp, took: Duration) -> Self {
        self.started = started;
        self.duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.summary = Summary::default();
        for result in &self.results {
            self.summary.add(result.verdict);
        }
        self.verdict = self.summary.verdict();
        self
    }

    /// Overrules the verdict, and says why: a run that cannot tell, an invalid bench.
    #[must_use]
    pub fn with_verdict(mut self, verdict: Verdict, reason: impl Into<String>) -> Self {
        self.verdict = verdict;
        self.reason = Some(reason.into());
        self
    }

    /// The exit code of the process that prints this report.
    pub fn exit_code(&self) -> u8 {
        self.verdict.exit_code()
    }
}

/// One thing that was judged.
#[derive(Clone, Debug, PartialEq)]
pub struct TestResult {
    /// What was judged, as a sentence or a path people recognise.
    pub name: String,
    /// What came of it.
    pub verdict: ResultVerdict,
    /// The rule, by its stable name.
    pub rule: Option<String>,
    /// The system it is about.
    pub system: Option<String>,
    /// The operation it is about.
    pub operation: Option<String>,
    /// The place in the message or document, as a JSON pointer.
    pub pointer: Option<String>,
    /// The file it is about.
    pub file: Option<String>,
    /// The line in the file, from 1.
    pub line: Option<usize>,
    /// What is wrong, or worth knowing.
    pub message: Option<String>,
    /// What was seen: an answer, a measured value.
    pub evidence: Option<Value>,
    /// A line to paste that shows it again.
    pub reproduce: Option<String>,
    /// Keys beyond these.
    pub extra: Map<String, Value>,
}

impl TestResult {
    /// A result with nothing but a name.
    pub fn new(name: impl Into<String>, verdict: ResultVerdict) -> Self {
        Self {
            name: name.into(),
            verdict,
            rule: None,
            system: None,
            operation: None,
            pointer: None,
            file: None,
            line: None,
            message: None,
            evidence: None,
            reproduce: None,
            extra: Map::new(),
        }
    }

    /// It holds.
    pub fn pass(name: impl Into<String>) -> Self {
        Self::new(name, ResultVerdict::Pass)
    }

    /// It is false.
    pub fn fail(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(name, ResultVerdict::Fail).message(message)
    }

    /// It could not be judged.
    pub fn error(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(name, ResultVerdict::Error).message(message)
    }

    /// It was not judged.
    pub fn skipped(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(name, ResultVerdict::Skipped).message(why)
    }

    /// A file that cannot be used: not a false expectation but a run that could not happen.
    pub fn could_not(diagnostic: &Diagnostic) -> Self {
        let mut result = Self::from(diagnostic);
        if result.verdict == ResultVerdict::Fail {
            result.verdict = ResultVerdict::Error;
        }
        result
    }

    /// The rule, by its stable name.
    #[must_use]
    pub fn rule(mut self, rule: impl Into<String>) -> Self {
        self.rule = Some(rule.into());
        self
    }

    /// The system it is about.
    #[must_use]
    pub fn system(mut self, system: impl Into<String>) -> Self {
        self.system = Some(system.into());
        self
    }

    /// The operation it is about.
    #[must_use]
    pub fn operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// The place in the message.
    #[must_use]
    pub fn pointer(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// The file and line it is about.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: usize) -> Self {
        self.file = Some(file.into());
        self.line = Some(line);
        self
    }

    /// What is wrong, or worth knowing.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// What was seen.
    #[must_use]
    pub fn evidence(mut self, evidence: impl Into<Value>) -> Self {
        self.evidence = Some(evidence.into());
        self
    }

    /// A line to paste that shows it again.
    #[must_use]
    pub fn reproduce(mut self, line: impl Into<String>) -> Self {
        self.reproduce = Some(line.into());
        self
    }
}

impl From<&Diagnostic> for TestResult {
    /// A finding in a file, as linters give it: an error is a false expectation, a warning passes and says so.
    fn from(diagnostic: &Diagnostic) -> Self {
        let verdict = match diagnostic.severity {
            Severity::Error => ResultVerdict::Fail,
            Severity::Warning | Severity::Info => ResultVerdict::Pass,
        };
        let file = diagnostic.file().map(ToOwned::to_owned);
        let name = match (&file, diagnostic.line(), diagnostic.column()) {
            (Some(file), Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            _ => diagnostic.code.clone().into_owned(),
        };
        let mut result = Self::new(name, verdict).rule(diagnostic.code.clone()).message(diagnostic.message.clone());
        result.file = file;
        result.line = diagnostic.line();
        result.extra.insert("level".to_owned(), diagnostic.severity.word().into());
        result.extra.extend(diagnostic.column().map(|column| ("column".to_owned(), column.into())));
        if !diagnostic.help.is_empty() {
            result.extra.insert("help".to_owned(), diagnostic.help.clone().into());
        }
        result
    }
}
