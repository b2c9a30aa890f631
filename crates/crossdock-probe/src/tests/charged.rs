//! Who is charged for a run that failed.

use std::time::{Duration, Instant};

use crossdock_contract::slas::Cause;
use crossdock_scenario::{EventRun, Outcome, Run, RunVerdict, SlaRun, StepKind, StepRun};
use expect_test::{Expect, expect};
use jiff::Timestamp;
use serde_json::Value;

use super::{environment, scenario};
use crate::attribute;

/// A flow that knows one SLA: `confirmation`, from `submit.done` to `confirmed.done`, 50 ms.
const FLOW: &str = "steps:
  - {arm: confirmed, from: hub, event: order.confirmed.v1, key: {of: .id, equals: x}}
  - {call: submit, system: shop, operation: findOrders}
  - {await: confirmed, within: 10s}
  - expect: {sla: confirmation, from: submit.done, to: confirmed.done}
";

struct Steps(Instant, Vec<StepRun>);

impl Steps {
    fn new() -> Self {
        Self(Instant::now(), Vec::new())
    }

    fn step(mut self, kind: StepKind, name: &str, system: &str, outcome: Outcome, done_ms: u64) -> Self {
        let done = self.0 + Duration::from_millis(done_ms);
        self.1.push(StepRun {
            name: name.into(),
            kind,
            system: Some(system.into()),
            operation: None,
            round: 0,
            line: 1,
            intended: self.0,
            started: self.0,
            done,
            outcome,
            message: None,
            evidence: None,
            status: None,
            trouble: None,
            attempts: 0,
            turned: None,
            event: None,
            sla: None,
            reproduce: None,
        });
        self
    }

    fn sla(self, id: &str, system: &str, cause: Option<Cause>, measured_ms: u64, allowed_ms: u64) -> Self {
        let holds = measured_ms <= allowed_ms;
        let mut steps =
            self.step(StepKind::Sla, id, system, if holds { Outcome::Passed } else { Outcome::False }, measured_ms);
        let sla = SlaRun {
            id: id.into(),
            from: "submit.done".into(),
            to_step: "confirmed".into(),
            measured: Some(Duration::from_millis(measured_ms)),
            allowed: Duration::from_millis(allowed_ms),
            holds,
            cause,
        };
        if let Some(step) = steps.1.last_mut() {
            step.sla = Some(sla);
        }
        steps
    }

    fn charged(self, ended_ms: u64, expected: &Expect) {
        let (started, steps) = (self.0, self.1);
        let run = Run {
            scenario: "flow".into(),
            run_id: "r".to_owned(),
            correlation_id: "c".to_owned(),
            iteration: 0,
            intended: started,
            started,
            ended: started + Duration::from_millis(ended_ms),
            started_at: Timestamp::UNIX_EPOCH,
            verdict: RunVerdict::Fail,
            steps,
            cleanup: Vec::new(),
            context: Value::Null,
        };
        let world =
            environment("class: test\nsystems: {shop: {url: \"http://127.0.0.1:1\"}}\nclock_tolerance: 100ms\n");
        let charged = attribute(&run, &scenario(FLOW), &world);
        let text = charged.map_or_else(
            || "nobody".to_owned(),
            |charged| format!("{} · {} · {} · {} ms", charged.segment, charged.system, charged.cause, charged.late_ms),
        );
        expected.assert_eq(&text);
    }
}

#[test]
fn a_run_that_held_charges_nobody() {
    Steps::new()
        .step(StepKind::Call, "submit", "shop", Outcome::Passed, 5)
        .sla("a", "shop", Some(Cause::Transport), 1, 2)
        .charged(10, &expect!["nobody"]);
}

#[test]
fn an_event_that_never_came_is_late_until_the_run_gave_up() {
    Steps::new()
        .step(StepKind::Call, "submit", "shop", Outcome::Passed, 1000)
        .step(StepKind::Await, "confirmed", "supplier-acme", Outcome::Lost, 11_000)
        .charged(11_000, &expect!["confirmation · supplier-acme · supplier_response · 9950 ms"]);
}

#[test]
fn an_event_that_came_late_says_how_late() {
    let mut steps = Steps::new().step(StepKind::Await, "confirmed", "supplier-acme", Outcome::Late, 10_000);
    steps.1[0].event = Some(EventRun {
        source_time: None,
        received: None,
        clock_offset_ms: None,
        duplicates: 0,
        repeats: 0,
        late: Some(Duration::from_millis(70)),
    });
    steps.charged(11_000, &expect!["confirmation · supplier-acme · supplier_response · 70 ms"]);
}

#[test]
fn a_refused_call_is_charged_to_its_system() {
    Steps::new()
        .step(StepKind::Call, "submit", "shop", Outcome::False, 5)
        .charged(10, &expect!["submit · shop · integration · 0 ms"]);
}

#[test]
fn the_largest_sum_of_a_cause_wins() {
    Steps::new()
        .sla("ship", "carrier-swift", Some(Cause::Transport), 1500, 1000)
        .sla("po-ack", "supplier-acme", Some(Cause::SupplierResponse), 1400, 1000)
        .sla("ship-notice", "supplier-acme", Some(Cause::SupplierResponse), 1300, 1000)
        .charged(5000, &expect!["po-ack · supplier-acme · supplier_response · 400 ms"]);
}

#[test]
fn of_equal_causes_the_earlier_wins() {
    Steps::new()
        .sla("ship", "carrier-swift", Some(Cause::Transport), 1500, 1000)
        .sla("receipt", "wms-east", Some(Cause::Receiving), 1500, 1000)
        .charged(5000, &expect!["ship · carrier-swift · transport · 500 ms"]);
}

#[test]
fn a_delay_below_the_clock_tolerance_is_uncertain() {
    Steps::new()
        .sla("ship", "carrier-swift", Some(Cause::Transport), 1080, 1000)
        .charged(5000, &expect!["ship · carrier-swift · uncertain · 80 ms"]);
}

#[test]
fn a_flow_that_is_late_only_as_a_whole_charges_its_slowest_segment() {
    Steps::new()
        .sla("ship", "carrier-swift", Some(Cause::Transport), 900, 1000)
        .sla("receipt", "wms-east", Some(Cause::Receiving), 1900, 2000)
        .sla("whole", "ap", None, 9000, 5000)
        .charged(9000, &expect!["receipt · wms-east · receiving · 4000 ms"]);
}
