#![doc = include_str!("../README.md")]

mod cpu;
pub mod engine;
mod flow;
pub mod latency;
pub mod pacer;
mod report;
mod run;
pub mod sample;
pub mod schedule;
pub mod verdict;

pub use run::{BenchError, BenchOptions, run};

#[cfg(test)]
mod tests;
