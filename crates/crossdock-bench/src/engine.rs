//! Drives flows by a schedule: the pacer thread starts them, the runtime runs them, the sums collect what they measured.
//! Here: the bound on flows in flight, the warm-up, the drain at the end, progress. Not here: what a flow does (`flow`), what the
//! figures mean (`verdict`).
//! Invariants: the pacer thread never waits for a flow, a lock that a flow holds long, or the runtime; an arrival that finds
//! `in_flight_max` flows running is counted, never queued.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};

use crate::pacer::{Arrival, MonotonicClock, pace};
use crate::sample::{FlowSample, Sums};
use crate::schedule::Schedule;

/// What to drive, and by which bounds.
#[derive(Clone, Debug)]
pub struct Plan {
    /// When flows start.
    pub schedule: Schedule,
    /// Flows due before this are run, but not measured.
    pub warm_up: Duration,
    /// Most flows at one time.
    pub in_flight_max: u64,
    /// Longest wait for the last flows to end.
    pub drain: Duration,
}

/// One flow's start.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// Its number in the run, from 0.
    pub index: u64,
    /// When it should have started. Never later than now.
    pub intended: Instant,
}

/// What is driven: one flow per arrival.
pub trait Flow: Send + Sync + 'static {
    /// Runs one flow to its end. Must end by itself: every wait in it has a bound.
    fn run(&self, start: Start) -> impl Future<Output = FlowSample> + Send;
}

/// How a run is going, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Since the run began.
    pub elapsed: Duration,
    /// What the schedule lasts.
    pub lasting: Duration,
    /// Flows started a second, over the time since the last call.
    pub rate_per_s: f64,
    /// Flows running now.
    pub in_flight: u64,
    /// Flows started so far, warm-up included.
    pub started: u64,
    /// Measured flows that ended well.
    pub completed: u64,
    /// Measured flows that did not.
    pub not_completed: u64,
    /// Flow latency so far.
    pub latency_us_p99: Option<u64>,
    /// Whether the schedule is over and the last flows are waited for.
    pub draining: bool,
}

/// Who is told how a run is going.
pub type ProgressFn<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// What a run measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The sums of all measured flows.
    pub sums: Sums,
    /// How long arrivals were measured: the schedule without its warm-up, or less when the run was stopped.
    pub window: Duration,
    /// Processor time that this process used meanwhile, where the system tells.
    pub cpu: Option<Duration>,
    /// Whether the run was stopped before its schedule ended.
    pub stopped: bool,
}

/// How often progress is told.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// Runs `flow` once per arrival of the plan and returns what was measured when the last flow has ended or the drain is over.
pub async fn drive<F: Flow>(flow: Arc<F>, plan: &Plan, stop: Arc<AtomicBool>, progress: ProgressFn<'_>) -> Measured {
    let cpu_before = crate::cpu::used();
    let (abandon, abandoned) = watch::channel(false);
    let driver = Arc::new(Driver {
        flow,
        warm_up: plan.warm_up,
        in_flight_max: plan.in_flight_max,
        in_flight: AtomicU64::new(0),
        started: AtomicU64::new(0),
        idle: Notify::new(),
        sums: Mutex::new(Sums::default()),
        abandoned,
    });
    let began = Instant::now();
    let (paced, mut pacing) = oneshot::channel();
    let thread = {
        let (driver, arrivals, stop, runtime) =
            (Arc::clone(&driver), plan.schedule.arrivals(), Arc::clone(&stop), Handle::current());
        std::thread::Builder::new().name("bench-pacer".to_owned()).spawn(move || {
            let origin = Instant::now();
            pace(&MonotonicClock::from_origin(origin), arrivals, &stop, |arrival| {
                Driver::start(&driver, &runtime, origin, arrival);
            });
            // Nobody listens any more only if the run itself was dropped.
            paced.send(()).unwrap_or_default();
        })
    };
    if let Err(error) = &thread {
        tracing::error!(%error, "the pacer thread could not be started");
    }
    let mut teller = Teller { began, lasting: plan.schedule.lasting(), told: began, started: 0, progress };
    let mut ticks = tokio::time::interval(PROGRESS_EVERY);
    loop {
        tokio::select! {
            _ = &mut pacing => break,
            _ = ticks.tick() => teller.tell(&driver, false),
        }
    }
    // The last arrival is due a little before the schedule ends; what follows it belongs to the measurement as well.
    let stopped = stop.load(Ordering::Relaxed);
    let lasting = plan.schedule.lasting();
    let lasted = if stopped { began.elapsed().min(lasting) } else { lasting };
    let drained = tokio::time::timeout(plan.drain, async {
        loop {
            tokio::select! {
                () = driver.wait_idle() => break,
                _ = ticks.tick() => teller.tell(&driver, true),
            }
        }
    })
    .await;
    if drained.is_err() {
        abandon.send_replace(true);
        // What is abandoned drops at its next poll; a flow that blocks its thread does not hold the report up.
        tokio::time::timeout(Duration::from_secs(1), driver.wait_idle()).await.unwrap_or_default();
    }
    teller.tell(&driver, true);
    let sums = driver.sums().clone();
    Measured {
        sums,
        window: lasted.saturating_sub(plan.warm_up),
        cpu: crate::cpu::used().zip(cpu_before).map(|(after, before)| after.saturating_sub(before)),
        stopped,
    }
}

/// What pacer thread and flows share.
struct Driver<F> {
    flow: Arc<F>,
    warm_up: Duration,
    in_flight_max: u64,
    in_flight: AtomicU64,
    started: AtomicU64,
    idle: Notify,
    sums: Mutex<Sums>,
    abandoned: watch::Receiver<bool>,
}

impl<F> Driver<F> {
    fn sums(&self) -> MutexGuard<'_, Sums> {
        // A panic while adding leaves sums that are at worst one sample short; the run's report says more than none.
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait_idle(&self) {
        loop {
            let idle = self.idle.notified();
            if self.in_flight.load(Ordering::Acquire) == 0 {
                return;
            }
            idle.await;
        }
    }
}

impl<F: Flow> Driver<F> {
    /// Called on the pacer thread.
    fn start(driver: &Arc<Self>, runtime: &Handle, origin: Instant, arrival: Arrival) {
        let measured = arrival.due >= driver.warm_up;
        // Only this thread adds, so the bound holds without a loop.
        let free = driver.in_flight.load(Ordering::Acquire) < driver.in_flight_max;
        {
            let mut sums = driver.sums();
            match (measured, free) {
                (true, true) => sums.started += 1,
                (true, false) => sums.refused += 1,
                (false, _) => sums.warmed_up += 1,
            }
            sums.due += u64::from(measured);
        }
        if !free {
            return;
        }
        driver.in_flight.fetch_add(1, Ordering::AcqRel);
        driver.started.fetch_add(1, Ordering::Relaxed);
        let running = Running { driver: Arc::clone(driver), measured, ended: false };
        runtime.spawn(running.run(origin, arrival));
    }
}

/// A flow in flight. However it ends (also by a panic of ours), it stops counting as one.
struct Running<F> {
    driver: Arc<Driver<F>>,
    measured: bool,
    ended: bool,
}

impl<F: Flow> Running<F> {
    async fn run(mut self, origin: Instant, arrival: Arrival) {
        // Taken here and not on the pacer thread: a runtime too busy to begin the flow is a late generator, too.
        let late = origin.elapsed().saturating_sub(arrival.due);
        let mut abandoned = self.driver.abandoned.clone();
        let start = Start { index: arrival.index, intended: origin + arrival.due };
        let sample = tokio::select! {
            sample = self.driver.flow.run(start) => Some(sample),
            _ = abandoned.wait_for(|abandoned| *abandoned) => None,
        };
        if self.measured {
            let mut sums = self.driver.sums();
            sums.late.record(late);
            if let Some(sample) = sample {
                sums.add(sample);
                self.ended = true;
            }
        }
    }
}

impl<F> Drop for Running<F> {
    fn drop(&mut self) {
        if self.measured && !self.ended {
            let mut sums = self.driver.sums();
            sums.incomplete += 1;
            sums.latency.record_unfinished();
        }
        if self.driver.in_flight.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.driver.idle.notify_waiters();
            self.driver.idle.notify_one();
        }
    }
}

/// Tells progress, with the rate since it was told last.
struct Teller<'a> {
    began: Instant,
    lasting: Duration,
    told: Instant,
    started: u64,
    progress: ProgressFn<'a>,
}

impl Teller<'_> {
    fn tell<F>(&mut self, driver: &Driver<F>, draining: bool) {
        let now = Instant::now();
        let started = driver.started.load(Ordering::Relaxed);
        let since = now.duration_since(self.told).as_secs_f64();
        let rate_per_s = if since > 0.0 { (started - self.started) as f64 / since } else { 0.0 };
        let (completed, not_completed, latency_us_p99) = {
            let sums = driver.sums();
            (sums.completed, sums.not_completed(), sums.latency.percentile_us(99.0))
        };
        (self.told, self.started) = (now, started);
        (self.progress)(Progress {
            elapsed: now.duration_since(self.began),
            lasting: self.lasting,
            rate_per_s,
            in_flight: driver.in_flight.load(Ordering::Relaxed),
            started,
            completed,
            not_completed,
            latency_us_p99,
            draining,
        });
    }
}
