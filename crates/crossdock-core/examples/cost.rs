//! What an event costs, and what an object weighs:
//! `cargo run --release --example cost -- <orders|movements|replay|memory|memory-closed> [open orders] [how many] [alone] [pause]`.
//! A million open orders take valgrind an hour; with `pause` it prints `ready` before what is measured and waits for a line, so that
//! `--instr-atstart=no` and `callgrind_control -i on` leave the rest out.
//! `alone`: the decision itself; without it everybody is told what concerns them, and nobody answers.
//! Under callgrind, `--toggle-collect=*measured*` counts the instructions of what is measured alone.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program for the developer's eyes")]

#[path = "../benches/setup/mod.rs"]
mod setup;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crossdock_core::{Entry, Input, LineState, OrderState, Output, Partition, State, Submission};
use serde_json::json;
use setup::Told;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, usual| arguments.get(index).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (open, many) = (number(1, 100_000), number(2, 50_000));
    PAUSE.store(arguments.iter().any(|word| word == "pause"), Ordering::Relaxed);
    let told = if arguments.iter().any(|word| word == "alone") { Told::Nobody } else { Told::Everybody };
    match arguments.first().map_or("", String::as_str) {
        "orders" => inputs("five-line orders", (told, open), (0..many).map(setup::order).collect()),
        "movements" => inputs("movements", (told, open), (0..many).map(setup::movement).collect()),
        "replay" => replay(told, open),
        "memory" => memory(told, open),
        "memory-closed" => memory_closed(many),
        _ => println!("cost <orders|movements|replay|memory|memory-closed> [open orders] [how many] [alone] [pause]"),
    }
}

fn inputs(what: &str, (told, open): (Told, u64), inputs: setup::Inputs) {
    let mut partition = setup::landscape(told, open, |_| {});
    let (many, before) = (inputs.len(), partition.state().seq());
    pause();
    let began = Instant::now();
    let accepted = measured(&mut partition, inputs);
    let took = began.elapsed().as_secs_f64();
    assert_eq!(accepted, many, "every input is taken");
    let events = partition.state().seq() - before;
    println!(
        "{what}: {:.0}/s, {:.0}/s events ({:.1} each), {open} open orders",
        many as f64 / took,
        events as f64 / took,
        events as f64 / many as f64
    );
}

/// Before what is measured begins.
static PAUSE: AtomicBool = AtomicBool::new(false);

fn pause() {
    if PAUSE.load(Ordering::Relaxed) {
        println!("ready");
        drop(std::io::stdin().read_line(&mut String::new()));
    }
}

#[inline(never)]
fn measured(partition: &mut Partition, inputs: setup::Inputs) -> usize {
    setup::feed(partition, inputs, |_| {})
}

fn replay(told: Told, open: u64) {
    let mut entries = Vec::new();
    drop(setup::landscape(told, open, |entry| entries.push(Arc::clone(entry))));
    let began = Instant::now();
    let state = measured_fold(&entries);
    let took = began.elapsed().as_secs_f64();
    println!("replay: {:.0} events/s, {} events", entries.len() as f64 / took, state.seq());
}

#[inline(never)]
fn measured_fold(entries: &[Arc<Entry>]) -> State {
    let mut state = State::default();
    for entry in entries {
        state.apply(entry);
    }
    state
}

/// Resident pages before and after, so that what the allocator keeps for itself weighs too.
fn memory(told: Told, open: u64) {
    let before = resident();
    let mut partition = setup::landscape(told, 0, |_| {});
    println!("positions: {} B each, with what is owed of them", (resident() - before) / (setup::PRODUCTS * 4));
    let before = resident();
    setup::open_orders_in(&mut partition, open, |_| {});
    println!("orders: {} B each, with what is owed of them", resident().saturating_sub(before) / open.max(1));
    println!("an order: {} B, a line of it {} B", size_of::<OrderState>(), size_of::<LineState>());
}

/// What stays of orders that are over: nothing, when their time in memory is. Rounds of as many orders each; the first one makes the room
/// that the others use again, so that what the process grows by after it is what stays.
fn memory_closed(many: u64) {
    const ROUNDS: u64 = 5;
    let mut partition = setup::landscape(Told::Nobody, 0, |_| {});
    let empty = resident();
    let mut after_first = 0;
    for round in 0..ROUNDS {
        let numbers = || round * many..(round + 1) * many;
        setup::feed(&mut partition, numbers().map(setup::order).collect(), |_| {});
        setup::feed(&mut partition, numbers().map(cancel).collect(), |_| {});
        let kept = resident();
        assert_eq!(partition.state().orders().count() as u64, many, "all of a round, and nothing of those before");
        a_week_later(&mut partition);
        assert_eq!(partition.state().orders().count(), 0, "nothing is open");
        if round == 0 {
            println!("over and kept: {} B an order", kept.saturating_sub(empty) / many.max(1));
            after_first = resident();
        }
    }
    let grown = resident().saturating_sub(after_first);
    println!(
        "over and gone: {} B an order, over {} of them",
        grown / ((ROUNDS - 1) * many).max(1),
        (ROUNDS - 1) * many
    );
}

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Its channel does not want it any more.
fn cancel(number: u64) -> Box<Submission> {
    setup::submission("commerce", "order.cancel_requested.v1", number, json!({ "orderId": format!("O-{number}") }))
}

/// Time goes by: what is over leaves, as fast as it may.
fn a_week_later(partition: &mut Partition) {
    let later = setup::now() + jiff::SignedDuration::from_hours(24 * 8);
    loop {
        let before = partition.state().seq();
        partition.handle(Input::Tick, later);
        while let Some(output) = partition.next_output(later) {
            if let Output::Append { entries, .. } = output {
                let upto = entries.last().map_or(0, |entry| entry.seq);
                partition.handle(Input::Appended { upto }, later);
            }
        }
        if partition.state().seq() == before {
            return;
        }
    }
}
