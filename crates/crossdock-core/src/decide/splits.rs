//! A person splits an order into consignments, or takes two together again.
//! Rule: docs/concepts/domain.md, 8.4.2. Not here: how a line keeps them (`consignments`), what policy splits by itself (`allocation`).
//! Invariant: the figures of the lines stay (I4); what a facility was told to pick stays in its consignment.

use std::collections::BTreeSet;

use crossdock_model::{HubEvent, LineQuantity, OrderSplit};

use super::Ask;
use super::allocation::allocate;
use super::commands::{Carried, settled, unknown, who, why};
use super::orders::find;
use crate::consignments::{ConsignmentNumber, FIRST};
use crate::orders::CancelState;
use crate::{Draft, OrderKey, OrderState, Refusal, State};

/// Consignments that an order has at most.
const MOST: ConsignmentNumber = 100;

/// Whether so much of the lines can go from one consignment into another; into a new one, where `to` is not said.
pub(super) fn command(
    state: &State,
    key: &OrderKey,
    (from, to): (ConsignmentNumber, Option<ConsignmentNumber>),
    lines: &[LineQuantity],
    (by, reason): (&str, &str),
) -> Result<Carried, Refusal> {
    who(by)?;
    if !reason.is_empty() {
        why(reason, "a split")?;
    }
    let order = state.order(key).ok_or_else(|| unknown(format!("no order has the number {key}")))?;
    if order.cancel != CancelState::None {
        return Err(settled(format!("order {key} is being cancelled")));
    }
    let known = order.consignments();
    let to = to.unwrap_or_else(|| known.last().map_or(FIRST, |last| last + 1));
    if to > MOST {
        let message = format!("an order has {MOST} consignments at most");
        return Err(Refusal::invalid("split/consignment", "/to", message));
    }
    let into_new = to == known.last().map_or(FIRST, |last| last + 1);
    for (number, field) in [(from, "from"), (to, "to")] {
        let there = known.contains(&number) || (field == "to" && into_new);
        if !there {
            let message = format!("order {key} has no consignment {number}");
            return Err(Refusal::invalid("split/consignment", format!("/{field}"), message));
        }
    }
    if from == to {
        return Err(Refusal::invalid("split/consignment", "/to", "it is in that consignment already"));
    }
    if lines.is_empty() {
        return Err(Refusal::invalid("split/lines", "/lines", "it names nothing: no line"));
    }
    let mut seen = BTreeSet::new();
    for (index, wanted) in lines.iter().enumerate() {
        if !seen.insert(wanted.line_number) {
            let message = format!("line number {} is used twice", wanted.line_number);
            return Err(Refusal::invalid("order/lines", format!("/lines/{index}/lineNumber"), message));
        }
        can_be_moved(order, from, wanted, index)?;
    }
    let event = OrderSplit {
        source: key.source.clone(),
        order_id: key.id.clone(),
        from,
        to,
        lines: lines.to_vec(),
        by: by.to_owned(),
        reason: reason.to_owned(),
    };
    Ok(Carried::one(&order.context, HubEvent::OrderSplit(event)))
}

fn can_be_moved(
    order: &OrderState,
    from: ConsignmentNumber,
    wanted: &LineQuantity,
    index: usize,
) -> Result<(), Refusal> {
    let number = wanted.line_number;
    let at = |field: &str| format!("/lines/{index}/{field}");
    let Some(line) = order.lines.iter().find(|line| line.number == number) else {
        let message = format!("order {} has no line {number}", order.key);
        return Err(Refusal::invalid("order/lines", at("lineNumber"), message));
    };
    if wanted.quantity.is_zero() {
        return Err(Refusal::invalid("split/quantity", at("quantity"), "it moves nothing"));
    }
    if let Some(pack) = line.pack.filter(|pack| wanted.quantity.whole(*pack) != wanted.quantity) {
        let message = format!(
            "line {number} is of packs of {pack} that are not divided, and {} are no whole packs",
            wanted.quantity
        );
        return Err(Refusal::invalid("split/quantity", at("quantity"), message));
    }
    let there = line.planned_in(from);
    if wanted.quantity > there {
        let message = format!(
            "{there} of line {number} are in consignment {from} and not told to be picked, not {}",
            wanted.quantity
        );
        return Err(settled(message));
    }
    Ok(())
}

/// The figures stay. Where an order is served whole only, a consignment is: it may be served now.
pub(super) fn split(ask: &Ask<'_>, event: &OrderSplit) -> Vec<Draft> {
    let Some(order) = find(ask, &event.source, &event.order_id) else { return Vec::new() };
    let allocated = allocate(ask, order);
    if allocated.lines.is_empty() {
        return Vec::new();
    }
    vec![Draft::of(&order.context, HubEvent::OrderAllocated(allocated))]
}
