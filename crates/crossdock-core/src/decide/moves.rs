//! A person moves a line of an order to another facility.
//! Rule: docs/concepts/domain.md, 8.12, I4 and I6. Not here: what policy allocates by itself (`allocation`).
//! Invariant: the sum of the line stays; what a facility was told to pick stays with it.

use crossdock_model::{AllocatedLine, BackorderedLine, FacilityId, HubEvent, LineNumber, OrderMoved};

use super::allocation::{Free, allocated, fill};
use super::commands::{Carried, settled, unknown, who, why};
use super::orders::find;
use super::{Ask, routes};
use crate::orders::CancelState;
use crate::{Draft, OrderKey, Policy, Refusal, State};

/// Whether the line can be moved, and what of it.
pub(super) fn command(
    state: &State,
    policy: &Policy,
    (key, number): (&OrderKey, LineNumber),
    to: &FacilityId,
    (by, reason): (&str, &str),
) -> Result<Carried, Refusal> {
    who(by)?;
    if !reason.is_empty() {
        why(reason, "a move")?;
    }
    let order = state.order(key).ok_or_else(|| unknown(format!("no order has the number {key}")))?;
    if policy.wms_of(to).is_none() {
        return Err(Refusal::invalid("facility", "/to", format!("no facility is called `{to}`")));
    }
    let line = order.lines.iter().find(|line| line.number == number);
    let line =
        line.ok_or_else(|| Refusal::invalid("order/lines", "/line", format!("order {key} has no line {number}")))?;
    if order.cancel != CancelState::None {
        return Err(settled(format!("order {key} is being cancelled")));
    }
    let elsewhere = line.allocated.facilities().filter(|facility| *facility != to);
    let freed = elsewhere.map(|facility| AllocatedLine {
        line_number: number,
        product: line.product.clone(),
        facility: facility.clone(),
        quantity: line.unreleased(facility),
        unit: line.unit.clone(),
    });
    let freed: Vec<_> = freed.filter(|part| !part.quantity.is_zero()).collect();
    let waits_elsewhere = !line.backordered.is_zero() && line.waits_at.as_ref() != Some(to);
    if freed.is_empty() && !waits_elsewhere {
        let message = format!(
            "nothing of line {number} of order {key} can be moved: it is there, it has left, or it is being picked"
        );
        return Err(settled(message));
    }
    let moved = OrderMoved {
        source: key.source.clone(),
        order_id: key.id.clone(),
        line_number: number,
        product: line.product.clone(),
        to: to.clone(),
        freed,
        by: by.to_owned(),
        reason: reason.to_owned(),
    };
    Ok(Carried::one(&order.context, HubEvent::OrderMoved(moved)))
}

/// It takes what is free where it is wanted; what it gave back goes to the oldest other that waits.
pub(super) fn moved(ask: &Ask<'_>, event: &OrderMoved) -> Vec<Draft> {
    let Some(order) = find(ask, &event.source, &event.order_id) else { return Vec::new() };
    let Some(line) = order.lines.iter().find(|line| line.number == event.line_number) else { return Vec::new() };
    let mut free = Free::new(ask);
    let taken = free.take(&line.product, &event.to, line.backordered, line.pack);
    let left = line.backordered.saturating_sub(taken);
    let there = AllocatedLine {
        line_number: line.number,
        product: line.product.clone(),
        facility: event.to.clone(),
        quantity: taken,
        unit: line.unit.clone(),
    };
    let waits = BackorderedLine {
        line_number: line.number,
        product: line.product.clone(),
        facility: Some(event.to.clone()),
        quantity: left,
    };
    let lines = if taken.is_zero() { Vec::new() } else { vec![there] };
    let allocated = allocated(order, lines, if left.is_zero() { Vec::new() } else { vec![waits] });
    let mut drafts = Vec::new();
    for part in &event.freed {
        let lines = [routes::WireLine::from(part)];
        drafts.extend(routes::give_back_at(ask, order, &part.facility, "cancelAllocation", &lines, None));
    }
    drafts.push(Draft::of(&order.context, HubEvent::OrderAllocated(allocated)));
    drafts.extend(fill(ask, &mut free, &event.product, Some(&order.key)));
    drafts
}
