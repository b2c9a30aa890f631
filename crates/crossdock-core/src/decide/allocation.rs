//! Which facility serves what, and who is served first.
//! Here: the plan of an allocation, and backorders from what is free. Not here: what follows from it (`orders`).
//! Rules: docs/concepts/domain.md, 8.2, 8.3 and I6.
//! Invariant: a decision never takes more of a position than is available, and never looks at orders that do not wait.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_model::{
    AllocatedLine, BackorderedLine, FacilityId, HubEvent, OrderAllocated, ProductId, Quantity, SerialNumber,
};

use super::{Ask, positions, serials};
use crate::orders::CancelState;
use crate::{Draft, LineState, OrderKey, OrderState};

/// What of a line is to be reserved.
#[derive(Clone, Copy)]
pub(super) struct Want<'a> {
    pub(super) line: &'a LineState,
    pub(super) quantity: Quantity,
}

impl<'a> Want<'a> {
    /// All that waits of a line.
    fn all(line: &'a LineState) -> Self {
        Self { line, quantity: line.backordered }
    }
}

/// What is free to allocate, less what this decision took already.
pub(super) struct Free<'a> {
    ask: &'a Ask<'a>,
    taken: BTreeMap<(&'a ProductId, &'a FacilityId), Quantity>,
    /// Single units, by product.
    units: BTreeSet<(&'a ProductId, &'a SerialNumber)>,
}

impl<'a> Free<'a> {
    pub(super) fn new(ask: &'a Ask<'a>) -> Self {
        Self { ask, taken: BTreeMap::new(), units: BTreeSet::new() }
    }

    /// Whether the one unit that a line wants is free; most lines want any.
    fn has_unit(&mut self, line: &'a LineState) -> bool {
        let Some(serial) = &line.serial else { return true };
        !serials::is_taken(self.ask, &line.product, serial) && self.units.insert((&line.product, serial))
    }

    /// Safety stock is kept back for nobody: it is below the line that is sold.
    fn at(&self, product: &'a ProductId, facility: &'a FacilityId) -> Quantity {
        let taken = self.taken.get(&(product, facility)).copied().unwrap_or_default();
        positions::free(self.ask, product, facility).saturating_sub(taken)
    }

    /// Takes as much of `wanted` as is free; of an indivisible pack whole ones only (6.4).
    fn take(
        &mut self,
        product: &'a ProductId,
        facility: &'a FacilityId,
        wanted: Quantity,
        pack: Option<Quantity>,
    ) -> Quantity {
        let free = self.at(product, facility).min(wanted);
        let quantity = pack.map_or(free, |pack| free.whole(pack));
        if !quantity.is_zero() {
            *self.taken.entry((product, facility)).or_default() += quantity;
        }
        quantity
    }
}

/// Reserves what it can of `wants`. One facility that can serve all is better than two that share it: one parcel, one release.
/// `not_at` is not asked: it has just said that it has no more.
pub(super) fn plan<'a>(
    ask: &'a Ask<'a>,
    free: &mut Free<'a>,
    wants: &[Want<'a>],
    not_at: Option<&FacilityId>,
) -> Vec<AllocatedLine> {
    let wants: Vec<_> = wants.iter().copied().filter(|want| free.has_unit(want.line)).collect();
    let asked = || ask.policy.facilities.iter().map(|(facility, _)| facility).filter(|f| Some(*f) != not_at);
    let sums = by_product(&wants);
    let whole = asked().find(|facility| sums.iter().all(|(product, sum)| free.at(product, facility) >= *sum));
    let facilities: Vec<_> = whole.map_or_else(|| asked().collect(), |facility| vec![facility]);
    let mut lines = Vec::new();
    for want in wants {
        let mut missing = want.quantity;
        for facility in &facilities {
            if missing.is_zero() {
                break;
            }
            let quantity = free.take(&want.line.product, facility, missing, want.line.pack);
            missing = missing.saturating_sub(quantity);
            if !quantity.is_zero() {
                lines.push(AllocatedLine {
                    line_number: want.line.number,
                    product: want.line.product.clone(),
                    facility: (*facility).clone(),
                    quantity,
                    unit: want.line.unit.clone(),
                });
            }
        }
    }
    lines
}

/// Two lines may ask for one product: what one facility must have is their sum.
fn by_product<'a>(wants: &[Want<'a>]) -> Vec<(&'a ProductId, Quantity)> {
    let mut sums: Vec<(&ProductId, Quantity)> = wants.iter().map(|want| (&want.line.product, want.quantity)).collect();
    sums.sort_by_key(|(product, _)| *product);
    sums.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    sums
}

/// What is reserved of an order that waits, and what goes on waiting.
pub(super) fn allocate(ask: &Ask<'_>, order: &OrderState) -> OrderAllocated {
    let wants: Vec<_> = order.lines.iter().map(Want::all).collect();
    let lines = plan(ask, &mut Free::new(ask), &wants, None);
    let backordered = waiting(ask, &wants, &lines);
    OrderAllocated {
        source: order.key.source.clone(),
        order_id: order.key.id.clone(),
        complete: backordered.is_empty(),
        lines,
        backordered,
    }
}

/// What of `wants` is not in `lines`.
pub(super) fn waiting(ask: &Ask<'_>, wants: &[Want<'_>], lines: &[AllocatedLine]) -> Vec<BackorderedLine> {
    let left = |want: &Want<'_>| {
        let of_line = lines.iter().filter(|line| line.line_number == want.line.number);
        let quantity = want.quantity.saturating_sub(of_line.map(|line| line.quantity).sum());
        (!quantity.is_zero()).then(|| BackorderedLine {
            line_number: want.line.number,
            product: want.line.product.clone(),
            // Demand waits where stock is asked for first; any facility may serve it later.
            facility: want.line.waits_at.clone().or_else(|| ask.policy.facilities.first().map(|(f, _)| f.clone())),
            quantity,
        })
    };
    wants.iter().filter_map(left).collect()
}

/// Serves those who wait for a product, the oldest first, from what is free now.
pub(super) fn fill_backorders(ask: &Ask<'_>, product: &ProductId) -> Vec<Draft> {
    fill(ask, product, None)
}

/// Serves those who wait for a product, but not the order that has just freed some of it (I6).
pub(super) fn fill_for_others(ask: &Ask<'_>, product: &ProductId, freed_by: &OrderKey) -> Vec<Draft> {
    fill(ask, product, Some(freed_by))
}

fn fill(ask: &Ask<'_>, product: &ProductId, except: Option<&OrderKey>) -> Vec<Draft> {
    let mut free = Free::new(ask);
    let mut drafts = Vec::new();
    // Who asked to cancel is not served meanwhile: it would be reserved and never released.
    let may = |order: &&OrderState| order.cancel == CancelState::None && Some(&order.key) != except;
    for order in ask.state.orders.waiting_for(product).filter(may) {
        let wants: Vec<_> = order.lines.iter().filter(|line| line.product == *product).map(Want::all).collect();
        let lines = plan(ask, &mut free, &wants, None);
        if lines.is_empty() {
            // Who waits for one unit that another one holds, or for a pack of more than is free, stands in nobody's way.
            if wants.iter().any(|want| want.line.serial.is_some() || want.line.pack.is_some()) {
                continue;
            }
            break;
        }
        let served: Quantity = lines.iter().map(|l| l.quantity).sum();
        let waiting: Quantity = order.lines.iter().map(|l| l.backordered).sum();
        let event = OrderAllocated {
            source: order.key.source.clone(),
            order_id: order.key.id.clone(),
            complete: served == waiting,
            lines,
            backordered: Vec::new(),
        };
        drafts.push(Draft::of(&order.context, HubEvent::OrderAllocated(event)));
    }
    drafts
}
