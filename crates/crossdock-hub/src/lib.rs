#![doc = include_str!("../README.md")]
//!
//! Here: the way of a message through the service. Not here: what is decided (`crossdock-core`), how it is kept (`crossdock-ledger`),
//! what a message may look like (`crossdock-contract`).
//! Invariant: nothing is acknowledged or delivered before it is durable.

mod admission;
mod archive;
mod clock;
mod config;
mod delivery;
mod engine;
mod error;
mod feed;
mod http;
mod hub;
mod metrics;
mod policy;
mod recall;
mod records;
mod signals;
mod views;

pub use config::{
    DeclaredConfig, DeliveryConfig, HubConfig, LedgerPlace, Limits, PolicyConfig, SystemConfig, X12Identity,
};
pub use error::{HubError, RecordError};
pub use hub::{Hub, RunningHub};

#[cfg(test)]
mod tests;
