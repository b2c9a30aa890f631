#![doc = include_str!("../README.md")]

mod combine;
mod facts;
mod format;
mod github;
mod html;
mod junit;
mod latency;
mod markdown;
mod model;
mod sarif;
mod sections;
mod terminal;
mod verdict;
mod wire;
mod words;

#[cfg(test)]
mod tests;

pub use combine::combine;
pub use format::{Format, RenderError, ReportTarget, Style, render};
pub use latency::{curve, curve_points, latency_us};
pub use model::{Report, TestResult};
pub use verdict::{ResultVerdict, Summary, Verdict};
