//! Histograms and sums: what counts where.

use std::time::Duration;

use expect_test::expect;

use crate::cpu;
use crate::latency::Latencies;
use crate::sample::{FlowSample, Outcome, SlaSample, StepSample, Sums};

const MS: fn(u64) -> Duration = Duration::from_millis;

fn recorded(ms: impl IntoIterator<Item = u64>) -> Latencies {
    let mut latencies = Latencies::default();
    ms.into_iter().for_each(|ms| latencies.record(MS(ms)));
    latencies
}

#[test]
fn summary_of_a_hundred() {
    expect![[r#"{"p50":50015,"p90":90047,"p99":99007,"p999":100031,"max":100031,"mean":50504,"count":100}"#]]
        .assert_eq(&recorded(1..=100).summary().to_string());
}

#[test]
fn nothing_recorded_counts_nothing() {
    expect![[r#"{"p50":0,"p90":0,"p99":0,"p999":0,"max":0,"mean":0,"count":0}"#]]
        .assert_eq(&recorded([]).summary().to_string());
    assert_eq!(recorded([]).percentile_us(50.0), None);
}

#[test]
fn what_never_finished_is_slower_than_all_that_did() {
    let mut latencies = recorded(1..=98);
    latencies.record_unfinished();
    latencies.record_unfinished();
    assert!(latencies.percentile_us(98.0).is_some());
    assert_eq!(latencies.percentile_us(98.1), None);
    assert_eq!(latencies.percentile_us(99.0), None);
}

#[test]
fn beyond_the_bounds_is_kept_at_the_bound() {
    let mut latencies = recorded([]);
    latencies.record(Duration::ZERO);
    latencies.record(Duration::MAX);
    assert_eq!(latencies.percentile_us(1.0), Some(1));
    assert!(latencies.percentile_us(100.0).unwrap() >= 3_600_000_000);
}

fn flow(outcome: Outcome, error: Option<&str>, sla: Option<u64>) -> FlowSample {
    FlowSample {
        outcome,
        latency: MS(30),
        service: MS(20),
        steps: vec![StepSample {
            name: "submit".to_owned(),
            latency: MS(15),
            service: MS(5),
            error: error.map(str::to_owned),
        }],
        slas: vec![SlaSample { sla: "order-allocation".to_owned(), measured: sla.map(MS) }],
    }
}

#[test]
fn failed_flows_count_against_the_percentiles_and_not_in_the_summary() {
    let mut sums = Sums::default();
    sums.add(flow(Outcome::Completed, None, Some(25)));
    sums.add(flow(Outcome::Failed("status 500".into()), Some("status 500"), None));
    sums.add(flow(Outcome::Incomplete("allocated: nothing within 5s".into()), None, None));
    sums.add(flow(Outcome::Unanswered("refused".into()), Some("refused"), None));
    assert_eq!((sums.completed, sums.failed, sums.incomplete, sums.unanswered), (1, 1, 1, 1));
    assert_eq!((sums.latency.count(), sums.latency.unfinished()), (1, 3));
    assert_eq!(sums.slas["order-allocation"].percentile_us(25.0).unwrap() / 1000, 25);
    assert_eq!(sums.slas["order-allocation"].percentile_us(26.0), None);
    expect![[r#"{"refused": 1, "status 500": 1}"#]].assert_eq(&format!("{:?}", sums.steps["submit"].errors));
}

#[test]
fn reasons_are_bounded() {
    let mut sums = Sums::default();
    for order in 0..50 {
        sums.add(flow(Outcome::Failed(format!("order {order} is unknown")), None, None));
    }
    assert_eq!((sums.reasons.len(), sums.reasons["other"]), (21, 30));
}

#[test]
fn processor_time_is_read_behind_any_command_name() {
    let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 9 0 1 1 1";
    assert_eq!(cpu::parse(stat), Some(Duration::from_secs(2)));
    assert_eq!(cpu::parse("42 (cut) S 1"), None);
    assert_eq!(cpu::parse(""), None);
}
