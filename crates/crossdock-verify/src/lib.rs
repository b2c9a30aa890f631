#![doc = include_str!("../README.md")]

mod body;
mod cases;
mod conversation;
mod examples;
mod findings;
mod generate;
mod judge;
mod test;
mod traces;
mod trial;

pub use judge::rule;
pub use test::{TestError, TestOptions, test};

#[cfg(test)]
mod tests;
