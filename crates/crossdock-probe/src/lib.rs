#![doc = include_str!("../README.md")]

mod admission;
mod attribution;
mod once;
mod rows;

pub use admission::lint;
pub use attribution::{Attribution, attribute};
pub use once::{ProbeOptions, once};

#[cfg(test)]
mod tests;
