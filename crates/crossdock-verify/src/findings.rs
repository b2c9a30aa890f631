//! The cases of one system and what came of each.
//! Here: one result per case, the same problem once however many cases meet it. Not here: finding problems (`judge`).
//! Invariant: every case that was tried is in the report: passed, failed, error or skipped with the reason, or named beside the
//! failure that it repeats.

use std::fmt::Write as _;

use crossdock_report::{ResultVerdict, TestResult};
use serde_json::json;

use crate::judge::{Problem, rule};

/// What came of a case.
pub(crate) enum Outcome {
    /// It holds.
    Holds,
    /// It does not.
    Broken(Vec<Problem>),
    /// It could not be tried.
    Error(Problem),
    /// It says nothing, and why.
    Skipped(String),
}

impl From<Vec<Problem>> for Outcome {
    fn from(problems: Vec<Problem>) -> Self {
        if problems.is_empty() { Self::Holds } else { Self::Broken(problems) }
    }
}

/// The results of one system, in the order in which cases were tried.
pub(crate) struct Findings {
    system: String,
    results: Vec<Entry>,
}

struct Entry {
    result: TestResult,
    also_in: Vec<String>,
}

/// Further cases named beside a problem; more are only counted.
const NAMED: usize = 3;

impl Findings {
    pub(crate) fn new(system: &str) -> Self {
        Self { system: system.to_owned(), results: Vec::new() }
    }

    /// Adds a case of an operation. `reproduce` is a line for a shell.
    pub(crate) fn add(&mut self, operation: &str, case: &str, outcome: Outcome, reproduce: Option<String>) {
        let name = format!("{} {operation}: {case}", self.system);
        match outcome {
            Outcome::Holds => self.push(operation, name, ResultVerdict::Pass, None, None),
            Outcome::Skipped(why) => {
                let skipped = Problem::new("", why, serde_json::Value::Null);
                self.push(operation, name, ResultVerdict::Skipped, Some(skipped), None);
            }
            Outcome::Error(problem) => self.push(operation, name, ResultVerdict::Error, Some(problem), reproduce),
            Outcome::Broken(problems) => {
                for problem in problems {
                    if !self.is_known(operation, &problem, case) {
                        self.push(operation, name.clone(), ResultVerdict::Fail, Some(problem), reproduce.clone());
                    }
                }
            }
        }
    }

    /// Whether the same problem of the same operation is there; then the case is named beside it.
    fn is_known(&mut self, operation: &str, problem: &Problem, case: &str) -> bool {
        // What is taken although it breaks a rule is another problem for each rule that is broken.
        if problem.rule == rule::INVALID_ACCEPTED {
            return false;
        }
        let known = self.results.iter_mut().find(|entry| {
            entry.result.verdict == ResultVerdict::Fail
                && entry.result.operation.as_deref() == Some(operation)
                && entry.result.rule.as_deref() == Some(problem.rule)
                && entry.result.pointer.as_deref().map(any_item) == problem.pointer.as_deref().map(any_item)
        });
        let Some(entry) = known else { return false };
        let (name, case) = (format!("{} {operation}: {case}", self.system), case.to_owned());
        if entry.result.name != name && !entry.also_in.contains(&case) {
            entry.also_in.push(case);
        }
        true
    }

    fn push(
        &mut self,
        operation: &str,
        name: String,
        verdict: ResultVerdict,
        problem: Option<Problem>,
        reproduce: Option<String>,
    ) {
        let mut result = TestResult::new(name, verdict);
        result.system = Some(self.system.clone());
        result.operation = (!operation.is_empty()).then(|| operation.to_owned());
        if let Some(problem) = problem {
            result.rule = (!problem.rule.is_empty()).then(|| problem.rule.to_owned());
            result.pointer = problem.pointer;
            result.message = Some(problem.message);
            result.evidence = (!problem.evidence.is_null()).then_some(problem.evidence);
        }
        result.reproduce = reproduce;
        self.results.push(Entry { result, also_in: Vec::new() });
    }

    /// Instead of all cases: the system said nothing at all.
    pub(crate) fn silent(system: &str, message: &str, trouble: &str, cases: usize) -> Vec<TestResult> {
        let mut result = TestResult::new(format!("{system}: no answer"), ResultVerdict::Error);
        result.system = Some(system.to_owned());
        result.rule = Some(rule::SYSTEM_SILENT.to_owned());
        result.message = Some(format!("{message}; {cases} operations could not be tested"));
        result.evidence = Some(json!({"trouble": trouble}));
        vec![result]
    }

    /// The results. Where no case could be decided, that is one more: nothing held is not "all holds".
    pub(crate) fn into_results(mut self) -> Vec<TestResult> {
        if self.results.iter().all(|entry| entry.result.verdict == ResultVerdict::Skipped) {
            let why = Problem::new(rule::UNDECIDED, "none of its cases could be decided", serde_json::Value::Null);
            let name = format!("{}: nothing decided", self.system);
            self.push("", name, ResultVerdict::Error, Some(why), None);
        }
        self.results.into_iter().map(Entry::finish).collect()
    }
}

/// A pointer for any item of its lists: the same field is wrong in each of a hundred orders.
fn any_item(pointer: &str) -> String {
    let parts = pointer.split('/').map(|part| if part.parse::<usize>().is_ok() { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

impl Entry {
    fn finish(mut self) -> TestResult {
        if !self.also_in.is_empty() {
            let mut also = self.also_in.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            if self.also_in.len() > NAMED {
                // Writing to a text cannot fail.
                write!(also, " and {} more", self.also_in.len() - NAMED).ok();
            }
            let message = self.result.message.take().unwrap_or_default();
            self.result.message = Some(format!("{message} (also: {also})"));
        }
        self.result
    }
}
