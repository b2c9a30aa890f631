//! Tests of the whole crate, by subject.

mod acceptance;
mod cases;
mod documents;
mod guides;
mod properties;

use crossdock_model::Timestamp;

use crate::Party;
use crate::documents::Envelope;

/// A fixed moment: 2026-03-04T05:06:07.08Z.
fn moment() -> Timestamp {
    "2026-03-04T05:06:07.08Z".parse().unwrap()
}

/// From us to the supplier.
fn envelope() -> Envelope {
    Envelope::new(Party::new("ZZ", "CROSSDOCK"), Party::new("ZZ", "ACME"), 42, moment())
}
