//! Due times of the shapes, as text: `ms ms ms …`.

use std::time::Duration;

use expect_test::{Expect, expect};

use crate::schedule::{Schedule, Spacing};

const S: fn(u64) -> Duration = Duration::from_secs;

/// The first dozen due times in ms, and how many there are.
fn check(schedule: &Schedule, expected: &Expect) {
    let all: Vec<Duration> = schedule.arrivals().collect();
    assert!(all.is_sorted(), "out of order: {all:?}");
    assert!(all.iter().all(|due| *due <= schedule.lasting()), "after the end: {all:?}");
    let first: Vec<String> =
        all.iter().take(12).map(|due| format!("{}", (due.as_secs_f64() * 1e4).round() / 10.0)).collect();
    expected.assert_eq(&format!("{} in all: {}", all.len(), first.join(" ")));
}

#[test]
fn constant_is_evenly_spaced_and_ends_before_its_end() {
    check(&Schedule::constant(4.0, S(2)), &expect![["8 in all: 0 250 500 750 1000 1250 1500 1750"]]);
}

#[test]
fn third_of_a_second_does_not_drift() {
    let last = Schedule::constant(3.0, S(3600)).arrivals().last().unwrap();
    assert_eq!(last.as_micros(), 3_599_666_666);
}

#[test]
fn ramp_from_zero_starts_at_once_and_closes_up() {
    check(&Schedule::ramp(0.0, 8.0, S(2)), &expect![["8 in all: 0 707.1 1000 1224.7 1414.2 1581.1 1732.1 1870.8"]]);
}

#[test]
fn falling_ramp_spreads() {
    check(&Schedule::ramp(8.0, 0.0, S(2)), &expect![["8 in all: 0 129.2 267.9 418.9 585.8 775.3 1000 1292.9"]]);
}

#[test]
fn step_carries_what_is_left_of_an_arrival_into_the_next_stretch() {
    check(&Schedule::step(1.5, 1.5, 2, S(1)), &expect![["5 in all: 0 666.7 1166.7 1500 1833.3"]]);
}

#[test]
fn spike_in_the_middle() {
    check(&Schedule::spike(1.0, 4.0, S(2), S(1)), &expect![["8 in all: 0 1000 2000 2250 2500 2750 3000 4000"]]);
}

#[test]
fn pause_between_two_loads() {
    let schedule = Schedule::constant(1.0, S(1)).and(0.0, 0.0, S(5)).and(2.0, 2.0, S(1));
    check(&schedule, &expect![["3 in all: 0 6000 6500"]]);
}

#[test]
fn no_rate_no_time_and_nonsense_give_no_arrivals() {
    check(&Schedule::constant(0.0, S(5)), &expect![["0 in all: "]]);
    check(&Schedule::constant(5.0, S(0)), &expect![["0 in all: "]]);
    check(&Schedule::constant(f64::NAN, S(1)).and(f64::INFINITY, -3.0, S(1)), &expect![["0 in all: "]]);
}

#[test]
fn poisson_is_the_same_for_the_same_seed_only() {
    let of = |seed| Schedule::constant(50.0, S(20)).spaced(Spacing::Poisson { seed }).arrivals().collect::<Vec<_>>();
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
}

#[test]
fn poisson_has_the_mean_and_the_spread_of_independent_arrivals() {
    let due: Vec<f64> = Schedule::constant(100.0, S(200))
        .spaced(Spacing::Poisson { seed: 1 })
        .arrivals()
        .map(|due| due.as_secs_f64())
        .collect();
    let gaps: Vec<f64> = due.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    assert!((0.0097..0.0103).contains(&mean), "{mean}");
    let spread = variance.sqrt() / mean;
    assert!((0.95..1.05).contains(&spread), "exponential gaps have a spread of one: {spread}");
}

#[test]
fn expected_count_leaves_the_warm_up_out() {
    let ramped = Schedule::ramp(0.0, 10.0, S(4)).and(10.0, 10.0, S(6));
    let expected = |from| (ramped.expected_after(from) * 100.0).round() / 100.0;
    assert_eq!((expected(S(0)), expected(S(2)), expected(S(4)), expected(S(20))), (80.0, 75.0, 60.0, 0.0));
}
