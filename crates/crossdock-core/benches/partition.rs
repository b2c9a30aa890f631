//! What a decision costs: orders of one line and movements, from the input to the answer, with an append that is only in memory.
//! Here: the core alone. Not here: the ledger's disk, the hub's doors, deliveries.
//!
//! `cargo bench -p crossdock-core` prints the time of an input and inputs a second (`elem/s`).

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use crossdock_core::{Answer, Input, Known, Output, Partition, Policy, Submission, TargetPolicy};
use crossdock_model::{Digest, Fact, Timestamp};
use serde_json::{Value, json};

/// Inputs in one measured run: as many as a group commit takes.
const INPUTS: u64 = 256;

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a well-formed id")
}

fn policy() -> Arc<Policy> {
    let systems = ["commerce", "erp", "wms-east", "procurement", "carrier-swift"];
    Arc::new(Policy {
        erp: Some(id("erp")),
        procurement: Some(id("procurement")),
        facilities: vec![(id("DC-EAST"), id("wms-east"))],
        storefronts: vec![id("commerce")],
        targets: systems.iter().map(|system| (id(system), TargetPolicy::default())).collect(),
        ..Policy::default()
    })
}

fn submission(system: &str, event_type: &str, number: u64, data: Value) -> Submission {
    let mut digest = [0; 32];
    digest[..8].copy_from_slice(&number.to_be_bytes());
    Submission {
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
    }
}

fn order(number: u64) -> Submission {
    let data = json!({
        "orderId": format!("O-{number}"), "channel": "commerce", "customerId": "C-1", "currency": "USD",
        "orderedAt": "2026-03-01T10:00:00Z", "total": "403.00",
        "lines": [{
            "lineNumber": 1, "product": format!("P-{}", number % 100), "quantity": "1", "unit": "EA",
            "unitPrice": "403.00", "lineTotal": "403.00",
        }],
        "shipTo": { "name": "A", "street": "1 St", "city": "B", "postalCode": "1", "country": "US" },
    });
    submission("commerce", "order.captured.v1", number, data)
}

fn movement(number: u64, quantity: u64) -> Submission {
    let data = json!({
        "movementId": format!("M-{number}"), "facility": "DC-EAST", "product": format!("P-{}", number % 100),
        "quantity": quantity.to_string(), "unit": "EA", "reason": "cycle_count",
    });
    submission("wms-east", "movement.adjusted.v1", number, data)
}

/// Feeds all, makes appends durable at once, and counts the answers that say yes.
fn feed(partition: &mut Partition, submissions: Vec<Submission>, now: Timestamp) -> usize {
    let mut accepted = 0;
    for (ticket, submission) in submissions.into_iter().enumerate() {
        let submission = Box::new(submission);
        partition.handle(Input::Admit { ticket: ticket as u64, submission, known: Known::default() }, now);
    }
    while let Some(output) = partition.next_output(now) {
        match output {
            Output::Append { entries, .. } => {
                let upto = entries.last().map_or(0, |entry| entry.seq);
                partition.handle(Input::Appended { upto }, now);
            }
            Output::Answer { answer: Answer::Accepted { .. }, .. } => accepted += 1,
            other => {
                black_box(other);
            }
        }
    }
    accepted
}

/// A partition with stock, and so many orders behind it.
fn stocked(orders: u64, now: Timestamp) -> Partition {
    let mut partition = Partition::new(policy(), 1);
    feed(&mut partition, (0..100).map(|number| movement(number, 1_000_000)).collect(), now);
    for first in (0..orders).step_by(256) {
        let numbers = first..orders.min(first + 256);
        feed(&mut partition, numbers.map(|number| order(1_000_000 + number)).collect(), now);
    }
    partition
}

fn benches(criterion: &mut Criterion) {
    let now: Timestamp = id("2026-03-01T10:00:00Z");
    let mut group = criterion.benchmark_group("partition");
    group.throughput(Throughput::Elements(INPUTS));
    group.sample_size(10).measurement_time(std::time::Duration::from_secs(2));
    for history in [0, 20_000] {
        group.bench_function(format!("orders of one line, {history} before"), |bencher| {
            let mut partition = stocked(history, now);
            let mut number = 0;
            let batch = || {
                number += INPUTS;
                (number..number + INPUTS).map(order).collect()
            };
            bencher.iter_batched(batch, |orders| feed(&mut partition, orders, now), BatchSize::PerIteration);
        });
    }
    group.bench_function("movements", |bencher| {
        let mut partition = stocked(0, now);
        let mut number = 1_000;
        let batch = || {
            number += INPUTS;
            (number..number + INPUTS).map(|number| movement(number, 1)).collect()
        };
        bencher.iter_batched(batch, |movements| feed(&mut partition, movements, now), BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(partition, benches);
criterion_main!(partition);
