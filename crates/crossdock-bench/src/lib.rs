#![doc = include_str!("../README.md")]

mod cpu;
pub mod engine;
pub mod latency;
pub mod pacer;
pub mod sample;
pub mod schedule;
pub mod verdict;

#[cfg(test)]
mod tests;
