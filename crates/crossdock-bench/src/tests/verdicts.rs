//! What is concluded from figures.

use std::fmt::Write as _;
use std::time::Duration;

use expect_test::{Expect, expect};

use crate::engine::Measured;
use crate::sample::Sums;
use crate::verdict::{Level, judge, tolerance};

const MS: fn(u64) -> Duration = Duration::from_millis;

fn level(bounds: &[(&'static str, u64)]) -> Level {
    Level { id: "order-allocation".to_owned(), bounds: bounds.to_vec(), whole_flow: false }
}

/// A run of 100 flows: started on time, allocated within 1 … 100 ms.
fn run() -> Sums {
    let mut sums = Sums { due: 100, started: 100, completed: 100, ..Sums::default() };
    for flow in 1..=100 {
        sums.late.record(Duration::from_micros(80));
        sums.latency.record(MS(flow));
        sums.slas.entry("order-allocation".to_owned()).or_default().record(MS(flow));
    }
    sums
}

fn check(sums: Sums, level: Level, declared: Option<Duration>, allowed: f64, expected: &Expect) {
    let judged = judge(&Measured { sums, window: MS(5000), cpu: None, stopped: false }, &[level], declared, allowed);
    let mut text = format!("valid {}, holds {}, unanswered {}\n", judged.is_valid(), judged.holds(), judged.unanswered);
    for invalid in &judged.invalid {
        writeln!(text, "invalid: {invalid}").unwrap();
    }
    for bound in &judged.bounds {
        let measured = bound.measured_us.map_or_else(|| "never".to_owned(), |us| format!("{} ms", us / 1000));
        writeln!(text, "{}: {measured} of {} ms, holds {}", bound.name, bound.target_ms, bound.holds).unwrap();
    }
    if let Some(failed) = judged.too_many_failed {
        writeln!(text, "failed: {failed}").unwrap();
    }
    expected.assert_eq(&text);
}

#[test]
fn all_holds() {
    check(
        run(),
        level(&[("p50", 60), ("p99", 100)]),
        None,
        0.0,
        &expect![[r"
        valid true, holds true, unanswered false
        order-allocation p50: 50 ms of 60 ms, holds true
        order-allocation p99: 99 ms of 100 ms, holds true
    "]],
    );
}

#[test]
fn one_bound_of_two_is_false() {
    check(
        run(),
        level(&[("p50", 60), ("p99", 90)]),
        None,
        0.0,
        &expect![[r"
        valid true, holds false, unanswered false
        order-allocation p50: 50 ms of 60 ms, holds true
        order-allocation p99: 99 ms of 90 ms, holds false
    "]],
    );
}

#[test]
fn flows_that_never_allocate_break_the_percentile_they_reach_into() {
    let mut sums = run();
    for _ in 0..4 {
        sums.slas.get_mut("order-allocation").unwrap().record_unfinished();
    }
    (sums.due, sums.started, sums.incomplete) = (104, 104, 4);
    check(
        sums,
        level(&[("p95", 2000), ("p99", 5000)]),
        None,
        0.05,
        &expect![[r"
        valid true, holds false, unanswered false
        order-allocation p95: 99 ms of 2000 ms, holds true
        order-allocation p99: never of 5000 ms, holds false
    "]],
    );
}

#[test]
fn failed_flows_fail_the_run_unless_they_are_allowed() {
    let failed = || Sums { failed: 2, completed: 98, ..run() };
    check(
        failed(),
        level(&[("p50", 60)]),
        None,
        0.0,
        &expect![[r"
        valid true, holds false, unanswered false
        order-allocation p50: 50 ms of 60 ms, holds true
        failed: 2
    "]],
    );
    check(
        failed(),
        level(&[("p50", 60)]),
        None,
        0.02,
        &expect![[r"
        valid true, holds true, unanswered false
        order-allocation p50: 50 ms of 60 ms, holds true
    "]],
    );
}

#[test]
fn late_generator_makes_the_run_invalid_unless_it_is_tolerated() {
    let late = || {
        let mut sums = run();
        for _ in 0..3 {
            sums.late.record(MS(30));
        }
        sums
    };
    check(
        late(),
        level(&[("p50", 60)]),
        None,
        0.0,
        &expect![[r"
        valid false, holds true, unanswered false
        invalid: the generator started flows 30.0 ms late (p99), tolerated are 2.0 ms
        order-allocation p50: 50 ms of 60 ms, holds true
    "]],
    );
    check(
        late(),
        level(&[("p50", 60)]),
        Some(MS(50)),
        0.0,
        &expect![[r"
        valid true, holds true, unanswered false
        order-allocation p50: 50 ms of 60 ms, holds true
    "]],
    );
    check(
        late(),
        level(&[("p50", 2000)]),
        None,
        0.0,
        &expect![[r"
        valid true, holds true, unanswered false
        order-allocation p50: 50 ms of 2000 ms, holds true
    "]],
    );
}

#[test]
fn ninety_nine_of_a_hundred_must_start() {
    check(
        Sums { due: 101, ..run() },
        level(&[]),
        None,
        0.0,
        &expect![[r"
        valid true, holds true, unanswered false
    "]],
    );
    check(
        Sums { due: 102, ..run() },
        level(&[]),
        None,
        0.0,
        &expect![[r"
        valid false, holds true, unanswered false
        invalid: only 100 of 102 arrivals started, the others found `in_flight_max` flows running
    "]],
    );
}

#[test]
fn nothing_due_is_no_pass() {
    check(
        Sums::default(),
        level(&[("p50", 60)]),
        None,
        0.0,
        &expect![[r"
        valid false, holds false, unanswered false
        invalid: no arrival was due after the warm-up
        order-allocation p50: never of 60 ms, holds false
    "]],
    );
}

#[test]
fn nobody_answered() {
    check(
        Sums { completed: 0, unanswered: 100, ..run() },
        level(&[]),
        None,
        0.0,
        &expect![[r"
        valid true, holds false, unanswered true
        failed: 100
    "]],
    );
}

#[test]
fn tolerance_follows_the_tightest_level() {
    assert_eq!(tolerance(&[]), MS(2));
    assert_eq!(tolerance(&[level(&[("p99", 50)])]), MS(2));
    assert_eq!(tolerance(&[level(&[("p95", 2000), ("p99", 5000)])]), MS(40));
}
