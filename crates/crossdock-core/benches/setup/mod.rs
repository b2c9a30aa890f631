//! A landscape of the size that the core promises to carry: 20,000 products at 4 facilities, and so many open orders of five lines.
//! Here: the inputs, the state, a driver whose appends are durable at once. Used by the bench and by `examples/cost.rs`.

use std::hint::black_box;
use std::sync::Arc;

use crossdock_core::{Answer, Entry, Input, Known, Output, Partition, Policy, Submission, TargetPolicy};
use crossdock_model::{Digest, Fact, Timestamp};
use serde_json::{Value, json};

/// Products.
pub(crate) const PRODUCTS: u64 = 20_000;
/// Facilities, each with its WMS.
pub(crate) const FACILITIES: [(&str, &str); 4] =
    [("DC-EAST", "wms-east"), ("DC-WEST", "wms-west"), ("DC-NORTH", "wms-north"), ("DC-SOUTH", "wms-south")];
/// Inputs that share one append, as a group commit does.
const BATCH: usize = 256;

/// A well-formed id.
pub(crate) fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a well-formed id")
}

/// The hub's clock, which stands still.
pub(crate) fn now() -> Timestamp {
    id("2026-03-01T10:00:00Z")
}

/// Who hears of what is decided.
#[derive(Clone, Copy)]
pub(crate) enum Told {
    /// Nobody: the decision alone. The hub has facilities, and no system that it could call.
    Nobody,
    /// A storefront, planning, the ERP, each WMS. Nobody answers, so that all of it waits: the backlog of a hub whose targets are down.
    Everybody,
}

pub(crate) fn policy(told: Told) -> Arc<Policy> {
    let facilities = FACILITIES.iter().map(|(facility, wms)| (id(facility), id(wms))).collect();
    let alone = Policy { facilities, ..Policy::default() };
    Arc::new(match told {
        Told::Nobody => alone,
        Told::Everybody => {
            let others = ["commerce", "erp", "procurement", "carrier-swift", "supplier-acme", "ap"];
            let systems = others.into_iter().chain(FACILITIES.map(|(_, wms)| wms));
            Policy {
                erp: Some(id("erp")),
                procurement: Some(id("procurement")),
                ap: Some(id("ap")),
                storefronts: vec![id("commerce")],
                targets: systems.map(|system| (id(system), TargetPolicy::default())).collect(),
                ..alone
            }
        }
    })
}

/// A fact as its sender says it.
pub(crate) fn submission(system: &str, event_type: &str, number: u64, data: Value) -> Box<Submission> {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    Box::new(Submission {
        system: id(system),
        id: format!("{event_type}-{number}"),
        fact: Fact::from_data(event_type, data).expect("a fact").expect("well-formed data"),
        digest: Digest(digest),
        source_time: None,
        correlation_id: None,
        causation_id: None,
        source_sequence: None,
        synthetic: false,
        run_id: None,
        acknowledge: None,
    })
}

/// An order of five lines, spread over the products.
pub(crate) fn order(number: u64) -> Box<Submission> {
    let line = |index: u64| {
        json!({
            "lineNumber": index + 1, "product": format!("P-{}", (number * 5 + index) % PRODUCTS), "quantity": "1",
            "unit": "EA", "unitPrice": "403.00", "lineTotal": "403.00",
        })
    };
    let data = json!({
        "orderId": format!("O-{number}"), "channel": "commerce", "customerId": "C-1", "currency": "USD",
        "orderedAt": "2026-03-01T10:00:00Z", "total": "2015.00", "lines": (0..5).map(line).collect::<Vec<_>>(),
        "shipTo": { "name": "A. Customer", "street": "1 Long Street", "city": "Springfield", "postalCode": "12345", "country": "US" },
    });
    submission("commerce", "order.captured.v1", number, data)
}

/// A movement that changes one position.
pub(crate) fn movement(number: u64) -> Box<Submission> {
    let (facility, wms) = FACILITIES[(number % 4) as usize];
    let product = number / 4 % PRODUCTS;
    adjusted(number, wms, facility, product, if number.is_multiple_of(2) { "1" } else { "2" }, "other")
}

fn adjusted(number: u64, wms: &str, facility: &str, product: u64, quantity: &str, reason: &str) -> Box<Submission> {
    let data = json!({
        "movementId": format!("M-{number}"), "facility": facility, "product": format!("P-{product}"),
        "quantity": quantity, "unit": "EA", "reason": reason,
    });
    submission(wms, "movement.adjusted.v1", number, data)
}

/// Inputs, as the driver hands them over.
pub(crate) type Inputs = Vec<Box<Submission>>;

/// Feeds all, makes appends durable at once, and counts the answers that say yes. What is published goes to `kept`.
pub(crate) fn feed(partition: &mut Partition, inputs: Inputs, mut kept: impl FnMut(&Arc<Entry>)) -> usize {
    let (mut accepted, now) = (0, now());
    let mut inputs = inputs.into_iter().enumerate().peekable();
    while inputs.peek().is_some() {
        for (ticket, submission) in inputs.by_ref().take(BATCH) {
            partition.handle(Input::Admit { ticket: ticket as u64, submission, known: Known::default() }, now);
        }
        while let Some(output) = partition.next_output(now) {
            match output {
                Output::Append { entries, .. } => {
                    entries.iter().for_each(&mut kept);
                    let upto = entries.last().map_or(0, |entry| entry.seq);
                    partition.handle(Input::Appended { upto }, now);
                }
                Output::Answer { answer: Answer::Accepted { .. }, .. } => accepted += 1,
                other => {
                    black_box(other);
                }
            }
        }
    }
    accepted
}

/// Stock everywhere, and so many open orders. What is written goes to `kept`.
pub(crate) fn landscape(told: Told, open_orders: u64, mut kept: impl FnMut(&Arc<Entry>)) -> Partition {
    let mut partition = Partition::new(policy(told), 1);
    let numbers = (0..PRODUCTS * 4).map(|number| {
        let (facility, wms) = FACILITIES[(number % 4) as usize];
        adjusted(1_000_000_000 + number, wms, facility, number / 4, "1000000", "opening_balance")
    });
    feed(&mut partition, numbers.collect(), &mut kept);
    open_orders_in(&mut partition, open_orders, kept);
    partition
}

/// So many open orders more. What is written goes to `kept`.
pub(crate) fn open_orders_in(partition: &mut Partition, many: u64, mut kept: impl FnMut(&Arc<Entry>)) {
    for first in (0..many).step_by(10_000) {
        let numbers = first..many.min(first + 10_000);
        feed(partition, numbers.map(|number| order(1_000_000_000 + number)).collect(), &mut kept);
    }
}
