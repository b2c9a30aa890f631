//! A customer wants something else: more, less, other lines, another address. Before release the hub changes by itself; what a
//! facility was told to pick it is asked to give back, as for a cancel.
//! Here: changes and cancels of lines. Not here: the cancel of a whole order (`cancel`).
//! Rules: docs/concepts/domain.md, 8.9, I4 and I6. Invariant: what was asked back is neither freed nor asked for twice before
//! the facility has answered.

use std::collections::BTreeSet;

use crossdock_model::{
    AllocatedLine, Amount, CancelledLine, CancelledPart, ChangedLine, DeliveryPlanned, ExceptionKind, ExceptionOpened,
    FacilityId, HubEvent, LineQuantity, OrderCancelRequested, OrderChangePending, OrderChangeRefused,
    OrderChangeRequested, OrderChanged, OrderId, OrderLine, ProductId, Quantity, Resolution, Severity, SystemId, Unit,
};
use serde_json::{Value, json};

use super::allocation::{allocate, fill_for_others};
use super::orders::{close_if_complete, find, may_release, release_at, unknown_order};
use super::{Ask, Question, payments, routes, short_pick};
use crate::about::About;
use crate::master::Measure;
use crate::orders::CancelState;
use crate::{Draft, LineState, OrderKey, OrderState, Policy, Refusal, State};

/// What becomes of a change: at once, by leave of facilities, or not at all.
#[derive(Default)]
struct Plan {
    added: Vec<OrderLine>,
    raised: Vec<LineQuantity>,
    cancelled: Vec<CancelledPart>,
    asked: Vec<(FacilityId, Vec<AllocatedLine>)>,
    late: Vec<LineQuantity>,
}

pub(super) fn requested(ask: &Ask<'_>, change: &OrderChangeRequested) -> Vec<Draft> {
    let order = match open_order(ask, &change.order_id) {
        Ok(order) => order,
        Err(drafts) => return drafts,
    };
    let mut plan = Plan::default();
    for wanted in &change.lines {
        match order.lines.iter().find(|line| line.number == wanted.line_number) {
            Some(line) => plan.resize(ask, order, line, wanted.quantity),
            None => plan.added.extend(added(wanted)),
        }
    }
    let ship_to = change.ship_to.clone().filter(|address| *address != order.order.ship_to);
    let again = if ship_to.is_some() { readdress(order) } else { Vec::new() };
    let mut drafts = plan.drafts(order, ship_to);
    drafts.extend(again);
    drafts
}

/// A part of an order is cancelled.
pub(super) fn lines_cancelled(ask: &Ask<'_>, id: &OrderId, lines: &[CancelledLine]) -> Vec<Draft> {
    let order = match open_order(ask, id) {
        Ok(order) => order,
        Err(drafts) => return drafts,
    };
    let mut plan = Plan::default();
    for cancelled in lines {
        let Some(line) = order.lines.iter().find(|line| line.number == cancelled.line_number) else { continue };
        let wanted = still_wanted(order, line);
        let left = cancelled.quantity.map_or(line.shipped, |quantity| wanted.saturating_sub(quantity));
        plan.resize(ask, order, line, left);
    }
    plan.drafts(order, None)
}

/// The order, while it can be changed; else what is said instead.
fn open_order<'a>(ask: &Ask<'a>, id: &OrderId) -> Result<&'a OrderState, Vec<Draft>> {
    let key = OrderKey { source: ask.entry.meta.system.clone(), id: id.clone() };
    let order = ask.state.order(&key).ok_or_else(|| Vec::from_iter(unknown_order(ask, id)))?;
    let why = if order.cancel != CancelState::None {
        "it is being cancelled"
    } else if order.lines.iter().all(|line| line.open().is_zero()) {
        "everything has left"
    } else {
        return Ok(order);
    };
    Err(vec![refused(order, why, Vec::new(), None)])
}

/// Ordered, not cancelled, and not asked back.
fn still_wanted(order: &OrderState, line: &LineState) -> Quantity {
    let asked = line.allocated.iter().map(|(facility, held)| order.asked_back(line.number, facility).min(held));
    line.wanted().saturating_sub(asked.sum())
}

fn added(wanted: &ChangedLine) -> Option<OrderLine> {
    let (product, unit, unit_price) = (wanted.product.clone()?, wanted.unit.clone()?, wanted.unit_price?);
    let line_total = unit_price.times(wanted.quantity)?;
    (!wanted.quantity.is_zero()).then_some(OrderLine {
        line_number: wanted.line_number,
        product,
        quantity: wanted.quantity,
        unit,
        unit_price,
        line_total,
        serial: None,
    })
}

impl Plan {
    fn resize(&mut self, ask: &Ask<'_>, order: &OrderState, line: &LineState, to: Quantity) {
        let wanted = still_wanted(order, line);
        let more = to.saturating_sub(wanted);
        if !more.is_zero() {
            self.raised.push(LineQuantity { line_number: line.number, quantity: more });
        }
        let mut less = wanted.saturating_sub(to);
        // What waits for stock first: it costs nobody anything.
        self.cancel(line, None, line.backordered, &mut less);
        let held: Vec<_> = ask.policy.facilities.iter().rev().map(|(facility, _)| facility).collect();
        for facility in held.iter().filter(|facility| line.allocated.contains(facility)) {
            self.cancel(line, Some(facility), line.unreleased(facility), &mut less);
        }
        for facility in held {
            let released = line.released.get(facility);
            let free = released.saturating_sub(order.asked_back(line.number, facility));
            self.ask(line, facility, free, &mut less);
        }
        if !less.is_zero() {
            self.late.push(LineQuantity { line_number: line.number, quantity: less });
        }
    }

    fn cancel(&mut self, line: &LineState, facility: Option<&FacilityId>, up_to: Quantity, less: &mut Quantity) {
        let quantity = up_to.min(*less);
        *less = less.saturating_sub(quantity);
        if !quantity.is_zero() {
            self.cancelled.push(part(line, facility, quantity));
        }
    }

    fn ask(&mut self, line: &LineState, facility: &FacilityId, up_to: Quantity, less: &mut Quantity) {
        let quantity = up_to.min(*less);
        *less = less.saturating_sub(quantity);
        if quantity.is_zero() {
            return;
        }
        let asked = held(line, facility, quantity);
        match self.asked.iter_mut().find(|(at, _)| at == facility) {
            Some((_, lines)) => lines.push(asked),
            None => self.asked.push((facility.clone(), vec![asked])),
        }
    }

    fn drafts(self, order: &OrderState, ship_to: Option<crossdock_model::Address>) -> Vec<Draft> {
        let Self { added, raised, cancelled, asked, late } = self;
        let mut drafts = Vec::new();
        if !(added.is_empty() && raised.is_empty() && cancelled.is_empty() && ship_to.is_none()) {
            let changed = OrderChanged { added, raised, cancelled, ship_to, ..changed_nothing(order) };
            drafts.push(Draft::of(&order.context, HubEvent::OrderChanged(changed)));
        }
        for (facility, lines) in asked {
            drafts.push(pending(order, facility, lines, false));
        }
        if !late.is_empty() {
            drafts.push(refused(order, "it has left", late, None));
        }
        drafts
    }
}

fn part(line: &LineState, facility: Option<&FacilityId>, quantity: Quantity) -> CancelledPart {
    CancelledPart {
        line_number: line.number,
        product: line.product.clone(),
        facility: facility.cloned(),
        quantity,
        unit: line.unit.clone(),
    }
}

fn held(line: &LineState, facility: &FacilityId, quantity: Quantity) -> AllocatedLine {
    AllocatedLine {
        line_number: line.number,
        product: line.product.clone(),
        facility: facility.clone(),
        quantity,
        unit: line.unit.clone(),
    }
}

fn changed_nothing(order: &OrderState) -> OrderChanged {
    OrderChanged {
        source: order.key.source.clone(),
        order_id: order.key.id.clone(),
        added: Vec::new(),
        raised: Vec::new(),
        cancelled: Vec::new(),
        ship_to: None,
        readdressed: None,
        request: None,
    }
}

fn pending(order: &OrderState, facility: FacilityId, lines: Vec<AllocatedLine>, readdress: bool) -> Draft {
    let (source, order_id) = (order.key.source.clone(), order.key.id.clone());
    let event = OrderChangePending { source, order_id, facility, lines, readdress };
    Draft::of(&order.context, HubEvent::OrderChangePending(event))
}

fn refused(order: &OrderState, why: &str, lines: Vec<LineQuantity>, request: Option<u64>) -> Draft {
    let (source, order_id) = (order.key.source.clone(), order.key.id.clone());
    let event = OrderChangeRefused { source, order_id, why: why.to_owned(), lines, request };
    Draft::of(&order.context, HubEvent::OrderChangeRefused(event))
}

/// Each facility that picks for the old address is asked to stop, and gets the same again for the new one.
fn readdress(order: &OrderState) -> Vec<Draft> {
    let asked = |facility: &FacilityId| {
        // Asked already, it gets the newest address with the answer.
        let pending = order.asked_back.values().any(|asked| asked.readdress && asked.facility == *facility);
        let told = |line: &LineState| {
            let released = line.released.get(facility);
            let quantity = released.saturating_sub(order.asked_back(line.number, facility));
            (!quantity.is_zero()).then(|| held(line, facility, quantity))
        };
        let lines: Vec<_> = order.lines.iter().filter_map(told).collect();
        (!pending && !lines.is_empty()).then(|| self::pending(order, facility.clone(), lines, true))
    };
    order.releases.keys().filter_map(asked).collect()
}

/// The facility is asked; its answer ends the question.
pub(super) fn asked(ask: &Ask<'_>, event: &OrderChangePending) -> Vec<Draft> {
    let Some(order) = find(ask, &event.source, &event.order_id) else { return Vec::new() };
    let lines: Vec<_> = event.lines.iter().map(routes::WireLine::from).collect();
    Vec::from_iter(routes::give_back_at(ask, order, &event.facility, "cancelRelease", &lines, Some(ask.entry.seq)))
}

/// The WMS answered a question that names itself; `None`, where it was asked to cancel the whole order.
pub(super) fn answered(ask: &Ask<'_>, plan: &DeliveryPlanned, too_late: Option<&Value>) -> Option<Vec<Draft>> {
    let request = plan.body.text("requestId")?.parse::<u64>().ok()?;
    let Some(About::Order(key)) = About::parse(&plan.about) else { return Some(Vec::new()) };
    let Some(order) = ask.state.order(&key) else { return Some(Vec::new()) };
    let Some(asked) = order.asked_back.get(&request) else { return Some(Vec::new()) };
    if let Some(answer) = too_late {
        let why = answer.get("detail").and_then(Value::as_str).unwrap_or("the facility has shipped it");
        let quantity = |l: &AllocatedLine| LineQuantity { line_number: l.line_number, quantity: l.quantity };
        return Some(vec![refused(order, why, asked.lines.iter().map(quantity).collect(), Some(request))]);
    }
    Some(given_back(order, asked, request))
}

fn given_back(order: &OrderState, asked: &OrderChangePending, request: u64) -> Vec<Draft> {
    let mut changed = OrderChanged { request: Some(request), ..changed_nothing(order) };
    let mut late = Vec::new();
    if asked.readdress {
        changed.readdressed = Some(asked.facility.clone());
    } else {
        for told in &asked.lines {
            let Some(line) = order.lines.iter().find(|line| line.number == told.line_number) else { continue };
            // It may have shipped some of it before it was asked.
            let left = line.allocated.get(&asked.facility);
            let quantity = told.quantity.min(left);
            if !quantity.is_zero() {
                changed.cancelled.push(part(line, Some(&asked.facility), quantity));
            }
            let gone = told.quantity.saturating_sub(quantity);
            if !gone.is_zero() {
                late.push(LineQuantity { line_number: line.number, quantity: gone });
            }
        }
    }
    let mut drafts = vec![Draft::of(&order.context, HubEvent::OrderChanged(changed))];
    if !late.is_empty() {
        drafts.push(refused(order, "some of it had left before", late, None));
    }
    drafts
}

/// Whoever knows of the order learns what it is now; what is freed goes to those who wait (I6), what is new is reserved.
pub(super) fn changed(ask: &Ask<'_>, event: &OrderChanged) -> Vec<Draft> {
    let Some(order) = find(ask, &event.source, &event.order_id) else { return Vec::new() };
    let over = order.cancel == CancelState::Done;
    let mut drafts = Vec::new();
    if over {
        drafts.extend(routes::erp_cancel(ask, order));
    } else if event.readdressed.is_none() {
        drafts.extend(routes::erp_change(ask, order));
    }
    drafts.extend(short_pick::settled(ask, order));
    if over {
        drafts.extend(payments::order_over(ask, order));
    } else {
        drafts.extend(payments::order_changed(ask, order));
    }
    // What a facility was asked for it has given back itself.
    if event.request.is_none() {
        drafts.extend(tell_facilities(ask, order, &event.cancelled));
    }
    if let Some(facility) = event.readdressed.as_ref().filter(|_| may_release(ask, order)) {
        drafts.extend(release_at(ask, order, facility));
    }
    if over {
        drafts.extend(routes::order_status(ask, order, "cancelled"));
    } else if event.added.is_empty() && event.raised.is_empty() {
        drafts.extend(routes::order_status(ask, order, order.status().as_str()));
        drafts.extend(close_if_complete(order));
    } else {
        drafts.push(Draft::of(&order.context, HubEvent::OrderAllocated(allocate(ask, order))));
    }
    let mut freed: Vec<&ProductId> =
        event.cancelled.iter().filter(|part| part.facility.is_some()).map(|part| &part.product).collect();
    freed.sort();
    freed.dedup();
    for product in freed {
        drafts.extend(fill_for_others(ask, product, &order.key));
    }
    drafts
}

fn tell_facilities(ask: &Ask<'_>, order: &OrderState, cancelled: &[CancelledPart]) -> Vec<Draft> {
    let mut facilities: Vec<_> = cancelled.iter().filter_map(|part| part.facility.as_ref()).collect();
    facilities.sort();
    facilities.dedup();
    let told = |facility: &FacilityId| {
        let parts = cancelled.iter().filter(|part| part.facility.as_ref() == Some(facility));
        let lines: Vec<_> = parts.map(routes::WireLine::from).collect();
        routes::give_back_at(ask, order, facility, "cancelAllocation", &lines, None)
    };
    facilities.into_iter().filter_map(told).collect()
}

/// What does not happen is a person's to tell the customer.
pub(super) fn too_late(ask: &Ask<'_>, event: &OrderChangeRefused) -> Vec<Draft> {
    let Some(order) = find(ask, &event.source, &event.order_id) else { return Vec::new() };
    let question = Question {
        kind: ExceptionKind::ChangeTooLate,
        about: About::Order(order.key.clone()).to_string(),
        what: format!("order {} cannot be changed as wished: {}", order.key.id, event.why),
        why: "the customer gets what was ordered before; a return or another order can be offered",
        owner: "orders",
        severity: Severity::Medium,
        resolutions: &[Resolution::Ignore],
        details: json!({ "lines": event.lines }),
    };
    let draft = ask.open_distinct(ask.entry.seq.to_string(), question);
    draft.map(|draft| Draft { context: Some(order.context.clone()), ..draft }).into_iter().collect()
}

/// Somebody decided that what was short is not waited for.
pub(super) fn give_up_short(ask: &Ask<'_>, about: &str) -> Vec<Draft> {
    let Some(About::Order(key)) = About::parse(about) else { return Vec::new() };
    let Some(order) = ask.state.order(&key).filter(|order| order.cancel == CancelState::None) else {
        return Vec::new();
    };
    let waits = order.lines.iter().filter(|line| !line.backordered.is_zero());
    let cancelled: Vec<_> = waits.map(|line| part(line, None, line.backordered)).collect();
    if cancelled.is_empty() {
        return Vec::new();
    }
    let changed = OrderChanged { cancelled, ..changed_nothing(order) };
    vec![Draft::of(&order.context, HubEvent::OrderChanged(changed))]
}

/// Another product is sent in the place of what was short, as far as it still waits: a line of its own, at the price that was agreed.
pub(super) fn substitute_short(ask: &Ask<'_>, opened: &ExceptionOpened, with: &Value) -> Vec<Draft> {
    let Some(About::Order(key)) = About::parse(&opened.about) else { return Vec::new() };
    let product = with.get("product").and_then(Value::as_str).and_then(|text| text.parse::<ProductId>().ok());
    let order = ask.state.order(&key).filter(|order| order.cancel == CancelState::None);
    let (Some(order), Some(product)) = (order, product) else { return Vec::new() };
    let mut changed = changed_nothing(order);
    let mut number = order.lines.iter().map(|line| line.number).max().unwrap_or_default();
    for line in order.lines.iter().filter(|line| is_short(line, opened) && line.product != product) {
        number = number.saturating_add(1);
        let wanted = ChangedLine {
            line_number: number,
            product: Some(product.clone()),
            quantity: line.backordered,
            unit: Some(line.unit.clone()),
            unit_price: per_base_unit(line),
        };
        let Some(instead) = added(&wanted) else { continue };
        changed.added.push(instead);
        changed.cancelled.push(part(line, None, line.backordered));
    }
    if changed.added.is_empty() {
        return Vec::new();
    }
    vec![Draft::of(&order.context, HubEvent::OrderChanged(changed))]
}

/// What of a line was short still waits.
fn is_short(line: &LineState, opened: &ExceptionOpened) -> bool {
    let lines = opened.details.get("lines").and_then(Value::as_array).into_iter().flatten();
    let mut numbers = lines.filter_map(|one| one.get("lineNumber").and_then(Value::as_u64));
    !line.backordered.is_zero() && numbers.any(|number| number == u64::from(line.number))
}

/// The price of a base unit, where the line was ordered in it or its price divides.
fn per_base_unit(line: &LineState) -> Option<Amount> {
    let Some((_, holds)) = &line.priced else { return Some(line.unit_price) };
    let price = Amount::from(line.unit_price.decimal().checked_div(holds.decimal())?);
    (price.times(*holds)?.decimal() == line.unit_price.decimal()).then_some(price)
}

/// Whether a product can be sent in the place of what was short: known to the order's kind, sold, in the same base unit.
pub(super) fn possible_substitute(
    state: &State,
    policy: &Policy,
    opened: &ExceptionOpened,
    with: &Value,
) -> Result<(), Refusal> {
    let at = "/with/product";
    let text = with.get("product").and_then(Value::as_str).unwrap_or_default();
    let Ok(product) = text.parse::<ProductId>() else {
        return Err(Refusal::invalid("exception/with", at, format!("`{text}` is no product")));
    };
    let Some(About::Order(key)) = About::parse(&opened.about) else { return Ok(()) };
    let Some(order) = state.order(&key) else { return Ok(()) };
    if policy.is_reserved(&product) != order.context.synthetic {
        let message = format!("`{product}` does not go with the order: one of them is synthetic (I17)");
        return Err(Refusal::invalid("synthetic", at, message));
    }
    for line in order.lines.iter().filter(|line| is_short(line, opened)) {
        if line.product == product {
            let message = format!("{product} is what is short: another product can be sent in its place");
            return Err(Refusal::invalid("exception/with", at, message));
        }
        if let Measure::Other(_) | Measure::NotOfProduct(_) =
            state.master.measure(&product, &line.unit, order.captured_at)
        {
            let message = format!("{product} is not counted in {}, as line {} is", line.unit, line.number);
            return Err(Refusal::invalid("exception/with", at, message));
        }
        if per_base_unit(line).is_none() {
            let message =
                format!("line {} has no exact price of one {}: change the order instead", line.number, line.unit);
            return Err(Refusal::invalid("exception/with", at, message));
        }
    }
    Ok(())
}

/// Whether a change can be meant: each line once, an added one complete, a known one with its product.
pub(super) fn possible(
    state: &State,
    policy: &Policy,
    sender: &SystemId,
    change: &OrderChangeRequested,
) -> Result<(), Refusal> {
    if change.lines.is_empty() && change.ship_to.is_none() {
        return Err(Refusal::invalid("order/change", "/data", "it asks for nothing else: no line, no address"));
    }
    once(change.lines.iter().map(|line| line.line_number))?;
    let order = state.order(&OrderKey { source: sender.clone(), id: change.order_id.clone() });
    let Some(order) = order else { return Ok(()) };
    for (index, wanted) in change.lines.iter().enumerate() {
        let at = |field: &str| format!("/data/lines/{index}/{field}");
        if let Some(line) = order.lines.iter().find(|line| line.number == wanted.line_number) {
            if let Some(other) = wanted.product.as_ref().filter(|product| **product != line.product) {
                let message =
                    format!("line {} is of {}, not of {other}: remove it and add another", line.number, line.product);
                return Err(Refusal::invalid("order/change", at("product"), message));
            }
            if let Some(other) = wanted.unit.as_ref().filter(|unit| **unit != line.unit) {
                let message =
                    format!("a change counts in base units: line {} is in {}, not in {other}", line.number, line.unit);
                return Err(Refusal::invalid("order/change", at("unit"), message));
            }
            continue;
        }
        let number = wanted.line_number;
        let Some(product) = &wanted.product else {
            let message = format!("the order has no line {number}, and a line that is added says which product");
            return Err(Refusal::invalid("order/change", at("product"), message));
        };
        if policy.is_reserved(product) != order.context.synthetic {
            let message = format!("`{product}` does not go with the order: one of them is synthetic (I17)");
            return Err(Refusal::invalid("synthetic", at("product"), message));
        }
        if wanted.unit.is_none() {
            return Err(Refusal::invalid("order/change", at("unit"), "a line that is added says its unit"));
        }
        let other = |unit: &&Unit| {
            let measure = state.master.measure(product, unit, order.captured_at);
            matches!(measure, Measure::Other(_) | Measure::NotOfProduct(_))
        };
        if let Some(unit) = wanted.unit.as_ref().filter(other) {
            let message = format!("a change counts in base units, and `{unit}` is another unit of {product}");
            return Err(Refusal::invalid("order/change", at("unit"), message));
        }
        if wanted.unit_price.and_then(|price| price.times(wanted.quantity)).is_none() {
            return Err(Refusal::invalid("order/change", at("unitPrice"), "a line that is added says its price"));
        }
        if wanted.quantity.is_zero() {
            return Err(Refusal::invalid("order/change", at("quantity"), "a line that is added asks for something"));
        }
    }
    Ok(())
}

/// Whether lines can be meant by a cancel.
pub(super) fn possible_cancel(state: &State, sender: &SystemId, cancel: &OrderCancelRequested) -> Result<(), Refusal> {
    once(cancel.lines.iter().map(|line| line.line_number))?;
    let order = state.order(&OrderKey { source: sender.clone(), id: cancel.order_id.clone() });
    let Some(order) = order else { return Ok(()) };
    for (index, line) in cancel.lines.iter().enumerate() {
        if !order.lines.iter().any(|known| known.number == line.line_number) {
            let message = format!("the order has no line {}", line.line_number);
            return Err(Refusal::invalid("order/cancel", format!("/data/lines/{index}/lineNumber"), message));
        }
    }
    Ok(())
}

fn once(numbers: impl Iterator<Item = u32>) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for (index, number) in numbers.enumerate() {
        if !seen.insert(number) {
            let message = format!("line number {number} is used twice");
            return Err(Refusal::invalid("order/lines", format!("/data/lines/{index}/lineNumber"), message));
        }
    }
    Ok(())
}
