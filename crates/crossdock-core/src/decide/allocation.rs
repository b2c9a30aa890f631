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
use crate::{DestinationRule, Draft, LineState, OrderKey, OrderState, Split};

/// Orders that are looked at for one freed unit at most: those before them could not use it.
const MAX_LOOKED_AT: usize = 256;

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

    /// The same, of names that are not kept.
    fn at_any(&self, product: &ProductId, facility: &FacilityId) -> Quantity {
        let taken = self.taken.get(&(product, facility)).copied().unwrap_or_default();
        positions::free(self.ask, product, facility).saturating_sub(taken)
    }

    /// Nothing is reserved after all.
    fn put_back(&mut self, product: &'a ProductId, facility: &'a FacilityId, quantity: Quantity) {
        let taken = self.taken.entry((product, facility)).or_default();
        *taken = taken.saturating_sub(quantity);
    }

    /// Takes as much of `wanted` as is free; of an indivisible pack whole ones only (6.4).
    pub(super) fn take(
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

/// Reserves what it can of `wants`, as policy declares it. By default one facility that can serve all is better than two that share
/// it: one parcel, one release. `not_at` is not asked: it has just said that it has no more.
pub(super) fn plan<'a>(
    ask: &'a Ask<'a>,
    free: &mut Free<'a>,
    order: &'a OrderState,
    wants: &[Want<'a>],
    not_at: Option<&FacilityId>,
    so_far: &[AllocatedLine],
) -> Vec<AllocatedLine> {
    let wants: Vec<_> = wants.iter().copied().filter(|want| free.has_unit(want.line)).collect();
    let policy = &ask.policy.orders;
    let sums = by_product(&wants);
    let asked = candidates(ask, free, order, &sums, not_at);
    let serves_all = |facility: &&&FacilityId| sums.iter().all(|(product, sum)| free.at(product, facility) >= *sum);
    let whole = asked.iter().find(serves_all).copied().filter(|_| policy.one_facility_if_possible);
    let facilities = whole.map_or(asked, |facility| vec![facility]);
    let mut used: BTreeSet<&FacilityId> = order.lines.iter().flat_map(|line| line.allocated.facilities()).collect();
    used.extend(so_far.iter().map(|line| &line.facility));
    let mut lines = Vec::new();
    for want in &wants {
        let before = lines.len();
        let mut missing = want.quantity;
        for facility in &facilities {
            let may = used.contains(facility) || policy.max_facilities.is_none_or(|most| used.len() < most);
            if missing.is_zero() || !may {
                continue;
            }
            let quantity = free.take(&want.line.product, facility, missing, want.line.pack);
            missing = missing.saturating_sub(quantity);
            if !quantity.is_zero() {
                used.insert(facility);
                lines.push((want.line, *facility, quantity));
            }
        }
        if !missing.is_zero() && policy.split != Split::Parts {
            let from = if policy.split == Split::WholeOrders { 0 } else { before };
            for (line, facility, quantity) in lines.drain(from..) {
                free.put_back(&line.product, facility, quantity);
            }
            if policy.split == Split::WholeOrders {
                break;
            }
        }
    }
    let reserved = |(line, facility, quantity): (&LineState, &FacilityId, Quantity)| AllocatedLine {
        line_number: line.number,
        product: line.product.clone(),
        facility: facility.clone(),
        quantity,
        unit: line.unit.clone(),
    };
    lines.into_iter().map(reserved).collect()
}

/// Who is asked for stock, in which order: by the destination, where a rule names it, else as declared.
fn candidates<'a>(
    ask: &'a Ask<'a>,
    free: &Free<'a>,
    order: &OrderState,
    sums: &[(&'a ProductId, Quantity)],
    not_at: Option<&FacilityId>,
) -> Vec<&'a FacilityId> {
    let mut asked: Vec<&FacilityId> = serving(ask, order).collect();
    asked.retain(|facility| Some(*facility) != not_at);
    if ask.policy.orders.most_stock_first {
        let stock =
            |facility: &FacilityId| sums.iter().map(|(product, _)| free.at_any(product, facility)).sum::<Quantity>();
        asked.sort_by_key(|facility| std::cmp::Reverse(stock(facility)));
    }
    asked
}

/// The facilities that serve an order's destination, as declared.
fn serving<'a>(ask: &'a Ask<'_>, order: &OrderState) -> impl Iterator<Item = &'a FacilityId> {
    let to = &order.order.ship_to;
    let fits = |rule: &&DestinationRule| {
        rule.country == to.country && rule.region.as_ref().is_none_or(|region| Some(region) == to.region.as_ref())
    };
    let rule = ask.policy.orders.destinations.iter().find(fits);
    let declared = rule.is_none().then(|| ask.policy.facilities.iter().map(|(facility, _)| facility));
    rule.into_iter().flat_map(|rule| &rule.facilities).chain(declared.into_iter().flatten())
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

/// Each consignment is planned on its own (8.4.2), the lower number first.
fn plan_consignments<'a>(
    ask: &'a Ask<'a>,
    free: &mut Free<'a>,
    order: &'a OrderState,
    of: impl Fn(&LineState) -> bool,
) -> Vec<AllocatedLine> {
    let wanted = || order.lines.iter().filter(|line| of(line));
    if !order.is_split() {
        return plan(ask, free, order, &wanted().map(Want::all).collect::<Vec<_>>(), None, &[]);
    }
    let mut lines: Vec<AllocatedLine> = Vec::new();
    for number in order.consignments() {
        let wants: Vec<_> = wanted().map(|line| Want { line, quantity: line.waiting_in(number) }).collect();
        for reserved in plan(ask, free, order, &wants, None, &lines) {
            let same = |line: &&mut AllocatedLine| {
                line.line_number == reserved.line_number && line.facility == reserved.facility
            };
            match lines.iter_mut().find(same) {
                Some(line) => line.quantity += reserved.quantity,
                None => lines.push(reserved),
            }
        }
    }
    lines
}

/// What is reserved of an order that waits, and what goes on waiting.
pub(super) fn allocate(ask: &Ask<'_>, order: &OrderState) -> OrderAllocated {
    let wants: Vec<_> = order.lines.iter().map(Want::all).collect();
    let lines = plan_consignments(ask, &mut Free::new(ask), order, |_| true);
    let backordered = waiting(ask, order, &wants, &lines);
    allocated(order, lines, backordered)
}

/// What is reserved of an order now: complete, where nothing of it waits any more.
pub(super) fn allocated(
    order: &OrderState,
    lines: Vec<AllocatedLine>,
    backordered: Vec<BackorderedLine>,
) -> OrderAllocated {
    let served: Quantity = lines.iter().map(|line| line.quantity).sum();
    let waited: Quantity = order.lines.iter().map(|line| line.backordered).sum();
    OrderAllocated {
        source: order.key.source.clone(),
        order_id: order.key.id.clone(),
        lines,
        backordered,
        complete: served == waited,
    }
}

/// What of `wants` is not in `lines`.
pub(super) fn waiting(
    ask: &Ask<'_>,
    order: &OrderState,
    wants: &[Want<'_>],
    lines: &[AllocatedLine],
) -> Vec<BackorderedLine> {
    let left = |want: &Want<'_>| {
        let of_line = lines.iter().filter(|line| line.line_number == want.line.number);
        let quantity = want.quantity.saturating_sub(of_line.map(|line| line.quantity).sum());
        (!quantity.is_zero()).then(|| BackorderedLine {
            line_number: want.line.number,
            product: want.line.product.clone(),
            // Demand waits where stock is asked for first; any facility may serve it later.
            facility: want.line.waits_at.clone().or_else(|| serving(ask, order).next().cloned()),
            quantity,
        })
    };
    wants.iter().filter_map(left).collect()
}

/// Serves those who wait for a product, the oldest first, from what is free now.
pub(super) fn fill_backorders(ask: &Ask<'_>, product: &ProductId) -> Vec<Draft> {
    fill(ask, &mut Free::new(ask), product, None)
}

/// Serves those who wait for a product, but not the order that has just freed some of it (I6).
pub(super) fn fill_for_others(ask: &Ask<'_>, product: &ProductId, freed_by: &OrderKey) -> Vec<Draft> {
    fill(ask, &mut Free::new(ask), product, Some(freed_by))
}

/// Serves those who wait for a product from `free`, which knows what this decision took already; all but one order.
pub(super) fn fill<'a>(
    ask: &'a Ask<'a>,
    free: &mut Free<'a>,
    product: &ProductId,
    except: Option<&OrderKey>,
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    // Who asked to cancel is not served meanwhile: it would be reserved and never released.
    let may = |order: &&OrderState| order.cancel == CancelState::None && Some(&order.key) != except;
    let nothing_left =
        |free: &Free<'_>| ask.policy.facilities.iter().all(|(facility, _)| free.at_any(product, facility).is_zero());
    let whole_orders = ask.policy.orders.split == Split::WholeOrders;
    for order in ask.state.orders.waiting_for(product).filter(may).take(MAX_LOOKED_AT) {
        if nothing_left(free) {
            break;
        }
        let wanted = |line: &LineState| (whole_orders || line.product == *product) && !line.backordered.is_zero();
        let lines = plan_consignments(ask, free, order, wanted);
        // Who cannot use what there is (one unit, a pack, a whole order) stands in nobody's way.
        if lines.is_empty() {
            continue;
        }
        let event = allocated(order, lines, Vec::new());
        drafts.push(Draft::of(&order.context, HubEvent::OrderAllocated(event)));
    }
    drafts
}
