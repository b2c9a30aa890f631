//! Whole runs of flows that need no system, in real time and short.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::engine::{Flow, Measured, Plan, Start, drive};
use crate::sample::{FlowSample, Outcome};
use crate::schedule::Schedule;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// A flow that lasts `lasting`, or for ever.
struct Lasting(Option<Duration>);

impl Flow for Lasting {
    fn run(&self, start: Start) -> impl Future<Output = FlowSample> + Send {
        let lasting = self.0;
        async move {
            let began = Instant::now();
            match lasting {
                Some(lasting) => tokio::time::sleep(lasting).await,
                None => std::future::pending().await,
            }
            FlowSample {
                outcome: Outcome::Completed,
                latency: start.intended.elapsed(),
                service: began.elapsed(),
                steps: Vec::new(),
                slas: Vec::new(),
            }
        }
    }
}

fn plan(rate: f64, ms: u64) -> Plan {
    Plan { schedule: Schedule::constant(rate, MS(ms)), warm_up: MS(0), in_flight_max: 1000, drain: MS(5000) }
}

async fn run(flow: impl Flow, plan: &Plan) -> Measured {
    drive(Arc::new(flow), plan, Arc::new(AtomicBool::new(false)), &|_| ()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_arrival_starts_and_ends() {
    let measured = run(Lasting(Some(MS(20))), &plan(200.0, 500)).await;
    let sums = &measured.sums;
    assert_eq!((sums.due, sums.started, sums.completed, sums.refused, sums.incomplete), (100, 100, 100, 0, 0));
    assert_eq!(sums.late.count(), 100);
    // Wide, because other tests run beside this one; an idle machine shows under 1 ms.
    assert!(sums.late.percentile_us(50.0).unwrap() < 50_000, "{}", sums.late.summary());
    assert!(sums.latency.percentile_us(1.0).unwrap() >= 20_000, "{}", sums.latency.summary());
    assert!(!measured.stopped);
}

#[tokio::test]
async fn what_finds_no_room_is_counted_and_not_queued() {
    let measured = run(Lasting(Some(MS(2000))), &Plan { in_flight_max: 3, ..plan(100.0, 300) }).await;
    let sums = &measured.sums;
    assert_eq!((sums.due, sums.started, sums.refused, sums.completed), (30, 3, 27, 3));
}

#[tokio::test]
async fn warm_up_is_run_and_left_out() {
    let measured = run(Lasting(Some(MS(1))), &Plan { warm_up: MS(200), ..plan(100.0, 300) }).await;
    let sums = &measured.sums;
    assert_eq!((sums.warmed_up, sums.due, sums.completed), (20, 10, 10));
    assert_eq!(sums.late.count(), 10);
}

#[tokio::test]
async fn flow_that_hangs_is_incomplete_after_the_drain() {
    let measured = run(Lasting(None), &Plan { drain: MS(100), ..plan(100.0, 50) }).await;
    let sums = &measured.sums;
    assert_eq!((sums.started, sums.completed, sums.incomplete), (5, 0, 5));
    assert_eq!(sums.latency.percentile_us(1.0), None);
}

struct Panics;

impl Flow for Panics {
    async fn run(&self, _: Start) -> FlowSample {
        panic!("a bug of ours")
    }
}

#[tokio::test]
async fn panic_in_a_flow_does_not_hold_the_run_up() {
    let began = Instant::now();
    let sums = run(Panics, &plan(100.0, 50)).await.sums;
    assert_eq!((sums.started, sums.incomplete), (5, 5));
    assert!(began.elapsed() < MS(4000));
}

#[tokio::test]
async fn stopped_run_ends_early_and_says_so() {
    let stop = Arc::new(AtomicBool::new(false));
    let seen = Arc::new(AtomicU64::new(0));
    let told = Mutex::new(Vec::new());
    let measured = {
        let tell = |progress: crate::engine::Progress| {
            seen.store(progress.started, Ordering::Relaxed);
            if progress.started > 0 {
                stop.store(true, Ordering::Relaxed);
            }
            told.lock().unwrap().push(progress);
        };
        drive(Arc::new(Lasting(Some(MS(1)))), &plan(50.0, 3_600_000), Arc::clone(&stop), &tell).await
    };
    assert!(measured.stopped);
    assert_eq!(measured.sums.completed, measured.sums.started);
    assert!(measured.window < Duration::from_secs(60));
    assert!(told.lock().unwrap().last().unwrap().draining);
}
