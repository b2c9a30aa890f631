//! The pass/fail matrix: a row a system, a square a result, so that a whole contract test is seen at a glance.
//! Here: the drawing. Not here: what failed and why (`blocks::results`, below it).

use maud::{Markup, html};

use crate::model::{Report, TestResult};
use crate::sections;

/// Fewer results than this are seen at a glance anyway.
const LEAST: usize = 8;

/// The panel, or nothing where there are few results or one system.
pub(super) fn draw(report: &Report) -> Markup {
    let mut systems: Vec<(&str, Vec<&TestResult>)> = Vec::new();
    for result in &report.results {
        let system = result.system.as_deref().unwrap_or("other");
        match systems.iter_mut().find(|(name, _)| *name == system) {
            Some((_, results)) => results.push(result),
            None => systems.push((system, vec![result])),
        }
    }
    // A transaction's steps are a better picture of it.
    let has_steps = sections::steps(report).iter().any(|step| step.duration_ms.is_some());
    let is_worth_it = systems.len() > 1 && report.results.len() >= LEAST && !has_steps;
    html! {
        @if is_worth_it {
            div.panel {
                h3 { "Results" small { "a square each; what it is about is shown where the pointer rests" } }
                dl.matrix {
                    @for (system, results) in &systems {
                        dt { (system) }
                        dd { @for result in results { i class=(result.verdict.word()) title=(hover(result)) {} } }
                    }
                }
            }
        }
    }
}

fn hover(result: &TestResult) -> String {
    match &result.message {
        Some(message) => format!("{}: {}: {message}", result.verdict.word(), result.name),
        None => format!("{}: {}", result.verdict.word(), result.name),
    }
}
