//! Cases: bodies made from a contract, and whole tests of small shops, innocent and not.
#![expect(clippy::needless_raw_string_hashes, reason = "goldens are written so")]

mod bodies;
mod shop;
mod shops;
