//! The report as one page that needs nothing else: no script from elsewhere, no font, no image. Readable on a phone, in the dark, on paper.
//! Here: the page, its head and sections. Not here: the blocks of a section (`blocks`), the charts (`timeline`, `curve`, `matrix`).
//! Invariant: every text of a report is escaped (maud does), class names come from our own words only, and the page's own policy
//! forbids whatever it does not bring.

mod blocks;
mod curve;
mod matrix;
mod timeline;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::model::Report;
use crate::sections;
use crate::words;

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/filter.js");
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

pub(crate) fn render(report: &Report) -> String {
    let parts = report.parts();
    let is_combined = parts.len() > 1;
    let title = format!("Crossdock {}", report.command);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content={ "crossdock " (report.crossdock) };
                title { (title) ": " (sections::verdict_word(report)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    @if is_combined { (overview(report, &parts, &title)) }
                    @for (index, part) in parts.iter().enumerate() { (section(part, index, is_combined)) }
                    footer { "Written by Crossdock " (report.crossdock) ". Times are UTC." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// The head of a combined report: each part with its verdict, linked to its section.
fn overview(report: &Report, parts: &[Report], title: &str) -> Markup {
    html! {
        header {
            div.head { h1 { (title) } (verdict_pill(report, true)) }
            p.meta { (meta(report)) }
            div.panel {
                ul.parts {
                    @for (index, part) in parts.iter().enumerate() {
                        li {
                            a href={ "#part-" (index) } { (sections::heading(part)) }
                            (verdict_pill(part, false))
                            span.soft { (sections::verdict_line(part)) " in " (words::millis(part.duration_ms as f64)) }
                        }
                    }
                }
            }
        }
    }
}

fn section(report: &Report, index: usize, is_combined: bool) -> Markup {
    html! {
        section.report id={ "part-" (index) } {
            div.head {
                @if is_combined { h2 { (sections::heading(report)) } } @else { h1 { "Crossdock " (sections::heading(report)) } }
                (verdict_pill(report, !is_combined))
            }
            p.meta { (meta(report)) }
            (blocks::cards(report))
            (blocks::attribution(report))
            (blocks::attention(report))
            (timeline::draw(report))
            (blocks::steps(report))
            (blocks::slas(report))
            (curve::draw(report))
            (blocks::latencies(report))
            (blocks::tables(report))
            (matrix::draw(report))
            (blocks::quiet(report))
            (blocks::facts(report))
        }
    }
}

fn meta(report: &Report) -> String {
    let took = words::millis(report.duration_ms as f64);
    format!("{} in {took} · {}", sections::verdict_line(report), words::time(report.started))
}

fn verdict_pill(report: &Report, is_big: bool) -> Markup {
    let verdict = report.verdict;
    html! { span class={ "pill " (verdict.word()) @if is_big { " big" } } { (verdict.sign()) " " (sections::verdict_word(report)) } }
}
