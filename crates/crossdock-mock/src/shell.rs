//! What makes a state machine a system on the network.
//!
//! Here: doors, keys, limits, faults of the wire, the way of events to the hub. Not here: what a system does (`systems`).
//! Invariant: no lock is held over input, output or waiting.

pub(crate) mod admin;
pub(crate) mod door;
pub(crate) mod emitter;
pub(crate) mod journal;
pub(crate) mod keeper;
pub(crate) mod outbox;
pub(crate) mod reply;
pub(crate) mod routes;
pub(crate) mod serve;
pub(crate) mod station;
