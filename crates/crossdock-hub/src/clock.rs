//! The hub's clock: the one place where it is read.

use crossdock_model::Timestamp;

/// Now, by the hub's clock, to the microsecond: what is kept reads back the same from every store.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
