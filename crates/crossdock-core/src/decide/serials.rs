//! A single unit is reserved for one order at most (domain.md 3.11): whoever comes second waits until the first gives it back.

use crossdock_model::{ProductId, SerialNumber};

use super::Ask;
use crate::LineState;

/// Whether a unit is reserved, or has left and did not come back.
pub(super) fn is_taken(ask: &Ask<'_>, product: &ProductId, serial: &SerialNumber) -> bool {
    let holds = |line: &LineState| !line.allocated_total().is_zero() || line.shipped > line.returned;
    let promised = ask.state.stock.serials.promised(product, serial);
    let line = promised.and_then(|(key, number)| {
        let order = ask.state.order(key)?;
        order.lines.iter().find(|line| line.number == *number)
    });
    line.is_some_and(holds)
}
