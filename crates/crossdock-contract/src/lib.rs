#![doc = include_str!("../README.md")]
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod api;
pub mod catalog;
mod check;
pub mod diff;
pub mod event;
pub mod expr;
pub mod glossary;
pub mod guide;
pub mod library;
mod lint;
mod load;
pub mod ownership;
pub mod policy;
pub mod schema;
pub mod slas;
pub mod violation;

pub use api::{Api, Operation};
pub use event::EventContract;
pub use library::Library;
pub use lint::{lint, lint_library};
pub use load::Contracts;
pub use schema::Schema;
pub use slas::Slas;
pub use violation::Violation;

#[cfg(test)]
#[allow(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]
mod tests;
