#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod ack;
mod check;
mod delimiters;
pub mod documents;
mod envelope;
mod error;
pub mod guide;
pub mod hl;
mod isa;
mod read;
mod scan;
mod strictness;
mod tree;
mod write;

#[cfg(test)]
#[allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]
mod tests;

pub use ack::{AckNumbers, Acks, acknowledge};
pub use check::{CheckResult, GuideChoice, apply_guides, check};
pub use delimiters::{Delimiters, LineBreak, Terminator};
pub use error::{Code, EdiError, ElementCode, GroupCode, InterchangeCode, Place, SegmentCode, SetCode, Severity};
pub use guide::Guide;
pub use read::{parse, read};
pub use strictness::{Limits, Rule, Strictness};
pub use tree::{Element, File, Group, Interchange, InterchangeKey, Party, Segment, Set, Usage};
pub use write::{WriteError, write};
