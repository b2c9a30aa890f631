#![doc = include_str!("../README.md")]

mod case;
mod redact;
mod scratch;
mod transcript;

pub use case::Case;
pub use redact::Redactor;
pub use scratch::Scratch;
pub use transcript::Transcript;

#[cfg(test)]
mod tests;
