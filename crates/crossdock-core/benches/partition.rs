//! What a decision costs, from the input to the answer, with an append that is only in memory, on a landscape of the promised size.
//! Here: the core alone. Not here: the ledger's disk, the hub's doors, how a delivery ends.
//!
//! `cargo bench -p crossdock-core` prints the time of a batch and inputs (or events) a second (`elem/s`).

mod setup;

use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use crossdock_core::State;
use setup::Told;

/// Inputs in one measured run: as many as a group commit takes.
const INPUTS: u64 = 256;

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("partition");
    group.sample_size(10).measurement_time(Duration::from_secs(2));
    group.throughput(Throughput::Elements(INPUTS));
    let landscapes =
        [(Told::Nobody, 1_000), (Told::Nobody, 100_000), (Told::Everybody, 1_000), (Told::Everybody, 100_000)];
    for (told, open) in landscapes {
        let mut partition = setup::landscape(told, open, |_| {});
        let who = match told {
            Told::Nobody => "nobody told",
            Told::Everybody => "everybody told",
        };
        let mut number = 0;
        let mut next = || {
            number += INPUTS;
            number..number + INPUTS
        };
        group.bench_function(format!("orders of five lines, {who}, {open} open"), |bencher| {
            let batch = || next().map(setup::order).collect();
            bencher.iter_batched(batch, |batch| setup::feed(&mut partition, batch, |_| {}), BatchSize::PerIteration);
        });
        group.bench_function(format!("movements, {who}, {open} open"), |bencher| {
            let batch = || next().map(setup::movement).collect();
            bencher.iter_batched(batch, |batch| setup::feed(&mut partition, batch, |_| {}), BatchSize::PerIteration);
        });
    }
    let mut entries = Vec::new();
    drop(setup::landscape(Told::Everybody, 5_000, |entry| entries.push(Arc::clone(entry))));
    group.throughput(Throughput::Elements(entries.len() as u64));
    group.bench_function("replay", |bencher| {
        bencher.iter(|| {
            let mut state = State::default();
            for entry in &entries {
                state.apply(entry);
            }
            state
        });
    });
    group.finish();
}

criterion_group!(partition, benches);
criterion_main!(partition);
