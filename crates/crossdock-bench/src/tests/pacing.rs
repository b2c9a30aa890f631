//! The pacer against a clock that the case controls.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use expect_test::{Expect, expect};

use crate::pacer::{Arrival, Clock, pace};
use crate::schedule::Schedule;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Time passes only when the pacer waits, or when the case says so.
#[derive(Default)]
struct FakeClock {
    now: Cell<Duration>,
    /// Every sleep ends this much too late.
    oversleep: Duration,
    sleeps: RefCell<Vec<Duration>>,
    relaxed: Cell<u64>,
}

impl Clock for FakeClock {
    fn now(&self) -> Duration {
        self.now.get()
    }
    fn sleep(&self, duration: Duration) {
        self.sleeps.borrow_mut().push(duration);
        self.now.set(self.now.get() + duration + self.oversleep);
    }
    fn relax(&self, _: Duration) {
        self.relaxed.set(self.relaxed.get() + 1);
        self.now.set(self.now.get() + Duration::from_micros(5));
    }
}

fn check(clock: &FakeClock, at_hand_over: impl Fn(&FakeClock, Arrival), expected: &Expect) {
    let mut log = Vec::new();
    let due = pace(clock, Schedule::constant(10.0, MS(500)).arrivals(), &AtomicBool::new(false), |arrival| {
        log.push(format!("{} due {:?} late {:?}", arrival.index, arrival.due, arrival.late));
        at_hand_over(clock, arrival);
    });
    assert_eq!(due, log.len() as u64);
    expected.assert_eq(&log.join("\n"));
}

#[test]
fn hands_over_on_time() {
    let clock = FakeClock::default();
    check(
        &clock,
        |_, _| {},
        &expect![[r"
        0 due 0ns late 0ns
        1 due 100ms late 0ns
        2 due 200ms late 0ns
        3 due 300ms late 0ns
        4 due 400ms late 0ns"]],
    );
}

#[test]
fn learns_how_late_sleeps_end() {
    let clock = FakeClock { oversleep: Duration::from_micros(1500), ..FakeClock::default() };
    check(
        &clock,
        |_, _| {},
        &expect![[r"
        0 due 0ns late 0ns
        1 due 100ms late 500µs
        2 due 200ms late 0ns
        3 due 300ms late 0ns
        4 due 400ms late 0ns"]],
    );
}

#[test]
fn sleeps_most_of_the_time_when_sleeps_are_exact() {
    let clock = FakeClock::default();
    check(
        &clock,
        |_, _| {},
        &expect![[r"
        0 due 0ns late 0ns
        1 due 100ms late 0ns
        2 due 200ms late 0ns
        3 due 300ms late 0ns
        4 due 400ms late 0ns"]],
    );
    let burnt = Duration::from_micros(5) * u32::try_from(clock.relaxed.get()).unwrap();
    assert!(burnt < MS(4), "spun for {burnt:?} of 400 ms");
}

#[test]
fn stall_is_caught_up_at_once_and_shows_in_the_lateness() {
    let clock = FakeClock::default();
    let stall_after_first = |clock: &FakeClock, arrival: Arrival| {
        if arrival.index == 0 {
            clock.now.set(clock.now.get() + MS(250));
        }
    };
    check(
        &clock,
        stall_after_first,
        &expect![[r"
        0 due 0ns late 0ns
        1 due 100ms late 150ms
        2 due 200ms late 50ms
        3 due 300ms late 0ns
        4 due 400ms late 0ns"]],
    );
}

#[test]
fn stops_while_it_waits_for_a_far_arrival() {
    let stop = AtomicBool::new(false);
    let clock = FakeClock::default();
    let due = pace(&clock, [MS(0), Duration::from_secs(3600)], &stop, |_| {
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!((due, clock.now.get()), (1, MS(0)));
}

#[test]
fn sleeps_in_pieces_so_that_a_stop_is_seen() {
    let clock = FakeClock::default();
    pace(&clock, [MS(1000)], &AtomicBool::new(false), |_| ());
    assert!(clock.sleeps.borrow().iter().all(|sleep| *sleep <= MS(100)));
}
