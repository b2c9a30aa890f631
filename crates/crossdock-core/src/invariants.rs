//! The invariants of docs/concepts/domain.md that a state alone can show.
//! Checked after every entry in debug builds of the partition's tests, and on demand against a live hub.

use std::collections::BTreeMap;

use crossdock_model::{Balance, ExceptionKind, FacilityId, ProductId, Quantity};

use crate::State;
use crate::attribution::attribution_of;
use crate::procurement::PoStatus;

/// What does not hold: the invariant's number and what was found, in plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// `I1` to `I17`.
    pub invariant: &'static str,
    /// What was found.
    pub found: String,
}

/// So many of the newest source times of each position are asked: each answer reads back to its time.
const AS_OF_CHECKED: usize = 64;

/// Everything that does not hold in a state between two inputs.
pub fn check(state: &State) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut broken = |invariant, found: String| violations.push(Violation { invariant, found });
    let told = told_of_positions(state);
    for ((product, facility), position) in state.positions() {
        let of_others = told.get(&(product, facility)).copied().unwrap_or_default();
        let place = format!("{product} at {facility}");
        if position.on_hand != position.sellable() + position.quarantined + position.damaged {
            broken("I1", format!("{place}: on_hand is not the sum of its buckets"));
        }
        let held = Balance::from(of_others.allocated);
        if held != position.allocated {
            broken("I2", format!("{place}: allocated {}, order lines hold {held}", position.allocated));
        }
        let waiting = Balance::from(of_others.waiting);
        if waiting != position.backordered {
            broken("I4", format!("{place}: backordered {}, order lines wait for {waiting}", position.backordered));
        }
        let supply = (Balance::from(of_others.on_order), Balance::from(of_others.in_transit));
        if (position.on_order, position.in_transit) != supply {
            broken("I5", format!("{place}: supply of the position is not that of the orders and transfers (I7)"));
        }
        if position.history().total() != position.shelf() {
            broken("I3", format!("{place}: the sum of its movements is {:?}", position.history().total()));
        }
        // Of several movements of one time, the last one's sum is what was there as of it.
        let at_times: BTreeMap<_, _> = position.history().sums().collect();
        for (time, sum) in at_times.iter().rev().take(AS_OF_CHECKED) {
            let answer = state.position_as_of(product, facility, *time);
            if answer != Ok(*sum) {
                broken("I3", format!("{place}: as of {time} the movements sum to {sum:?}, the answer is {answer:?}"));
            }
        }
        if position.lots_below_zero() != position.lots().map(|(_, shelf)| shelf.sellable().shortfall()).sum() {
            broken("I1", format!("{place}: the lots below zero are not what its lots lack"));
        }
        // What waits to be told is what was told last or less while the facility is held back, else exactly what is available.
        let shown = position.available().floored();
        let held_back = state.stock.sequences.held_back(facility).is_some();
        if position.version > 0 && !(position.told == shown || (held_back && position.told < shown)) {
            broken("I13", format!("{place}: storefronts were told {}, {shown} are available", position.told));
        }
        let excess = position.overallocated();
        let about = format!("position/{facility}/{product}");
        let asked = state.exceptions.asked_about(&about, ExceptionKind::Shortage);
        let seen = asked.and_then(|x| x.opened.details.get("excess")?.as_str()?.parse::<Quantity>().ok());
        if !excess.is_zero() && seen != Some(excess) {
            broken("I2", format!("{place}: {excess} allocated above sellable, and nobody was asked ({seen:?})"));
        }
    }
    for ((product, facility), pending) in state.counts.iter() {
        let held = state.position(product, facility).map(|p| p.quarantined).unwrap_or_default();
        if Balance::from(pending.quantity) > held {
            broken("I1", format!("{product} at {facility}: {} wait for a count, {held} are held", pending.quantity));
        }
    }
    for order in state.orders() {
        for line in &order.lines {
            let sum = line.allocated_total() + line.shipped + line.backordered + line.cancelled;
            for (facility, released) in line.released.iter() {
                let held = line.allocated.get(facility);
                if released > held {
                    let about = format!("order {} line {} at {facility}", order.key, line.number);
                    broken("I4", format!("{about}: {held} allocated, {released} released"));
                }
            }
            if let Some(found) = line.consignments_that_cannot_be() {
                broken("I4", format!("order {} line {}: {found}", order.key, line.number));
            }
            if sum != line.ordered {
                broken("I4", format!("order {} line {}: ordered {}, sum {sum}", order.key, line.number, line.ordered));
            }
        }
        if !order.is_open() && order.lines.iter().any(|line| !line.allocated_total().is_zero()) {
            broken("I6", format!("order {} is over and holds an allocation", order.key));
        }
    }
    for po in state.purchase_orders().filter(|po| po.has_reached(PoStatus::Sent)) {
        for line in &po.lines {
            let sum = line.on_order + line.in_transit + line.accepted + line.rejected + line.cancelled;
            let ordered = line.ordered.quantity + line.to_replace;
            if sum != ordered {
                broken("I5", format!("PO {} line {}: ordered {ordered}, sum {sum}", po.po.po_number, line.number));
            }
            let billed = state.procurement.invoices_of(&po.po.po_number);
            let of_invoices = billed.filter_map(|invoice| invoice.matched.get(&line.number).copied()).sum::<Quantity>();
            if of_invoices != line.matched {
                let number = &po.po.po_number;
                broken("I14", format!("PO {number}: matched {}, its invoices say {of_invoices}", line.matched));
            }
            if line.matched > line.payable() {
                let (matched, accepted) = (line.matched, line.payable());
                broken("I14", format!("PO {}: matched {matched} above accepted {accepted}", po.po.po_number));
            }
        }
    }
    for po in state.purchase_orders() {
        for milestone in po.watch.reached.keys() {
            let Some(made_of) = attribution_of(po, *milestone, 0) else { continue };
            let sum: i64 = made_of.segments.iter().map(|segment| segment.overrun_ms).sum();
            if sum != made_of.delay_ms || made_of.causes.values().sum::<i64>() != sum {
                let number = &po.po.po_number;
                broken(
                    "I16",
                    format!("PO {number}, {}: overruns {sum}, delay {}", milestone.as_str(), made_of.delay_ms),
                );
            }
        }
    }
    let mut open = std::collections::BTreeMap::new();
    for po in state.purchase_orders().filter(|po| !po.context.synthetic) {
        *open.entry((&po.po.supplier, &po.po.currency)).or_default() += po.received_not_invoiced().decimal();
    }
    open.retain(|_, sum: &mut rust_decimal::Decimal| !sum.is_zero());
    let kept: std::collections::BTreeMap<_, _> =
        state.received_not_invoiced().map(|(supplier, currency, sum)| ((supplier, currency), sum.decimal())).collect();
    if kept != open {
        broken("I12", format!("received and not invoiced: {kept:?}, the orders say {open:?}"));
    }
    let mut cycles = std::collections::BTreeSet::new();
    for one in state.recommendations().filter(|one| state.procurement.is_open(one)) {
        let r = &one.recommendation;
        if !cycles.insert((&r.product, &r.facility, &r.cycle)) {
            broken("I15", format!("{} at {}: two are open in cycle {}", r.product, r.facility, r.cycle));
        }
    }
    for invoice in state.invoices() {
        for (number, matched) in &invoice.matched {
            let lines = invoice.invoice.lines.iter().filter(|line| line.line_number == *number);
            if *matched > lines.map(|line| line.quantity).sum() {
                broken(
                    "I14",
                    format!("invoice {}: {matched} matched, more than billed", invoice.invoice.invoice_number),
                );
            }
        }
    }
    for numbers in state.stock.sequences.inconsistencies() {
        broken("I11", numbers);
    }
    let mut apart = std::collections::BTreeMap::new();
    for order in state.orders() {
        for line in &order.lines {
            let synthetic = *apart.entry(&line.product).or_insert(order.context.synthetic);
            if synthetic != order.context.synthetic {
                broken("I17", format!("{} is in a synthetic order and in a real one", line.product));
            }
        }
    }
    for delivery in state.deliveries().iter().filter(|delivery| delivery.context.synthetic) {
        if delivery.plan.operation == "createPosting" {
            broken("I17", format!("delivery {} posts a synthetic transaction", delivery.id));
        }
    }
    let open_orders = state.orders().filter(|order| order.context.synthetic && order.is_open()).count();
    let recommended = state.recommendations().filter(|one| one.context.synthetic && state.procurement.is_open(one));
    let synthetic = open_orders + recommended.count();
    if synthetic != state.synthetic_open() {
        broken("I17", format!("{synthetic} synthetic transactions are open, {} are counted", state.synthetic_open()));
    }
    for queue in state.deliveries().inconsistencies() {
        broken("I10", queue);
    }
    violations
}

/// What a position should hold by what others say: order lines, purchase orders, transfers.
#[derive(Clone, Copy, Default)]
struct Told {
    allocated: Quantity,
    waiting: Quantity,
    on_order: Quantity,
    in_transit: Quantity,
}

/// Of each position, in one walk over all that speaks of one: this is asked after every input of every test.
fn told_of_positions(state: &State) -> BTreeMap<(&ProductId, &FacilityId), Told> {
    let mut told = BTreeMap::<_, Told>::new();
    for line in state.orders().flat_map(|order| &order.lines) {
        for (facility, quantity) in line.allocated.iter() {
            told.entry((&line.product, facility)).or_default().allocated += quantity;
        }
        if let Some((facility, quantity)) = line.waiting() {
            told.entry((&line.product, facility)).or_default().waiting += quantity;
        }
    }
    for po in state.purchase_orders() {
        for line in &po.lines {
            let supply = told.entry((&line.product, &po.po.facility)).or_default();
            supply.on_order += line.on_order;
            supply.in_transit += line.in_transit;
        }
    }
    for (_, to, transfer) in state.transfers() {
        for (product, legs) in &transfer.lines {
            told.entry((product, to)).or_default().in_transit += legs.remainder();
        }
    }
    told
}
