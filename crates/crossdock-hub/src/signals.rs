//! The core's signals: what is measured here, and how a sheet of them looks.
//! Here: service levels as the core takes them, the figures as JSON, for the door, the metrics and the operations page alike. Not
//! here: measuring (`crossdock_core::slas`), HTTP.
//! Invariant: every place that shows a figure shows this one; none is computed a second time.

use std::collections::BTreeMap;

use crossdock_contract::slas::{Clock as DeclaredClock, Measure, Sla, Slas as Declared};
use crossdock_core::slas::{Bound, Clock, Flow, Histogram, Sheet, Signal, SlaTarget, Slas, Verdict, Windows};
use crossdock_core::{Policy, State};
use crossdock_model::Timestamp;
use serde_json::{Value, json};

/// Starts of each kind that are remembered until their end comes.
const REMEMBERED: usize = 100_000;
/// The window where none is asked for: an hour.
pub(crate) const WINDOW_MS: i64 = 3_600_000;
/// The longest window: as long as figures are kept.
pub(crate) const LONGEST_MS: i64 = 86_400_000;

/// What the hub measures, with nothing measured yet.
pub(crate) fn measured(declared: &Declared, policy: &Policy) -> Slas {
    let targets = declared.slas.iter().filter_map(target).collect();
    // A purchase order is in time where each of its steps may take what is declared. Orders have no such bound yet.
    let allowances = policy.purchasing.allowances_ms.values();
    let allowed: i64 = allowances.fold(0, |sum, ms| sum.saturating_add(*ms));
    let allowed: BTreeMap<Flow, i64> =
        if allowed > 0 { [(Flow::ProcureToReceive, allowed)].into() } else { BTreeMap::new() };
    Slas::new(targets, Windows::default(), &allowed, REMEMBERED)
}

/// A declared latency from one event to another. Calls and ages are measured by whoever makes them.
fn target(sla: &Sla) -> Option<SlaTarget> {
    let clock = |clock: DeclaredClock| match clock {
        DeclaredClock::SourceTime => Some(Clock::SourceTime),
        DeclaredClock::ReceivedAt => Some(Clock::ReceivedAt),
        DeclaredClock::Intended | DeclaredClock::Done => None,
    };
    if sla.measure != Measure::Latency {
        return None;
    }
    let bounds =
        sla.targets.percentiles().into_iter().filter_map(|(name, ms)| Some(Bound { per_mille: per_mille(name)?, ms }));
    Some(SlaTarget {
        id: sla.id.as_str().into(),
        from: (sla.from.event.as_deref()?.into(), clock(sla.from.clock)?),
        to: (sla.to.event.as_deref()?.into(), clock(sla.to.clock)?),
        bounds: bounds.collect(),
    })
}

fn per_mille(name: &str) -> Option<u32> {
    Some(match name {
        "p50" => 500,
        "p90" => 900,
        "p95" => 950,
        "p99" => 990,
        "p999" => 999,
        "max" => 1000,
        _ => return None,
    })
}

/// Of what a sheet is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of {
    /// Of synthetic transactions; else of real ones.
    pub(crate) synthetic: bool,
    /// The last so many milliseconds, in whole slots of five minutes.
    pub(crate) window_ms: i64,
    /// Until when.
    pub(crate) now: Timestamp,
}

/// The figures that a sheet holds.
pub(crate) fn view(slas: &Slas, state: &State, of: Of) -> Value {
    let sheet = if of.synthetic { slas.synthetic() } else { slas.real() };
    let mut signals: Vec<Value> = sheet.signals().filter_map(|signal| figure(sheet, signal, of)).collect();
    if !of.synthetic {
        let effort = slas.reconciliation_effort_ms(state, of.now, of.window_ms);
        signals.push(json!({"name": "reconciliation_effort", "sumMs": whole(effort)}));
    }
    let levels: Vec<Value> = slas.targets().iter().map(|target| level(sheet, target, of)).collect();
    json!({
        "asOf": of.now, "windowMs": of.window_ms, "synthetic": of.synthetic, "forgotten": slas.forgotten(),
        "signals": signals, "slas": levels,
    })
}

/// One figure; `None` for a declared level, which stands among the levels, and where the window holds nothing of it.
fn figure(sheet: &Sheet, signal: &Signal, of: Of) -> Option<Value> {
    let (name, flow, hop) = named(signal)?;
    let mut view = json!({"name": name});
    if let Some(flow) = flow {
        view["flow"] = word(flow).into();
    }
    if let Some(hop) = hop {
        view["hop"] = hop.into();
    }
    let ratio = sheet.ratio(signal, of.now, of.window_ms);
    let count = sheet.count(signal, of.now, of.window_ms);
    let durations = sheet.duration(signal, of.now, of.window_ms);
    let fields = if durations.count() > 0 {
        spread(&durations)
    } else if let Some(ppm) = ratio.ppm() {
        json!({"part": ratio.part.normalize().to_string(), "whole": ratio.whole.normalize().to_string(), "ppm": ppm})
    } else if count > 0 {
        json!({"count": count})
    } else {
        return None;
    };
    if let (Some(view), Value::Object(fields)) = (view.as_object_mut(), fields) {
        view.extend(fields);
    }
    Some(view)
}

fn spread(durations: &Histogram) -> Value {
    let at = |per_mille| durations.quantile(per_mille);
    json!({
        "count": durations.count(), "p50Ms": at(500), "p95Ms": at(950), "p99Ms": at(990), "maxMs": durations.max_ms(),
        "sumMs": whole(durations.sum_ms()),
    })
}

/// What is said of a declared level.
fn level(sheet: &Sheet, target: &SlaTarget, of: Of) -> Value {
    let durations = sheet.duration(&Signal::Declared(target.id.clone()), of.now, of.window_ms);
    let bounds = target.bounds.iter().map(|bound| {
        let measured = durations.quantile(bound.per_mille);
        let mut view = json!({"perMille": bound.per_mille, "targetMs": bound.ms});
        if let Some(measured) = measured {
            view["measuredMs"] = measured.into();
            view["holds"] = (measured <= bound.ms).into();
        }
        view
    });
    let verdict = match sheet.verdict(target, of.now, of.window_ms) {
        Verdict::Unknown => "unknown",
        Verdict::Met => "met",
        Verdict::Missed { .. } => "missed",
    };
    json!({"id": target.id.as_str(), "verdict": verdict, "count": durations.count(), "bounds": bounds.collect::<Vec<_>>()})
}

/// In the words of the glossary.
fn named(signal: &Signal) -> Option<(&'static str, Option<Flow>, Option<&str>)> {
    let plain = |name| Some((name, None, None));
    match signal {
        Signal::MessageLatency(flow, hop) => Some(("message_latency", Some(*flow), Some(hop.as_str()))),
        Signal::Declared(_) => None,
        Signal::OrderStatusLatency => plain("order_status_latency"),
        Signal::OrderCycleTime => plain("order_cycle_time"),
        Signal::FillRate => plain("fill_rate"),
        Signal::BackorderRate => plain("backorder_rate"),
        Signal::InventoryVarianceRate => plain("inventory_variance_rate"),
        Signal::OversellCount => plain("oversell_count"),
        Signal::ProcurementExceptionRate => plain("procurement_exception_rate"),
        Signal::ExceptionResolutionTime => plain("exception_resolution_time"),
        Signal::SupplierAckTime => plain("supplier_ack_time"),
        Signal::ReceiptDiscrepancyRate => plain("receipt_discrepancy_rate"),
        Signal::MatchRate => plain("match_rate"),
        Signal::ProcessCompletionRate(flow) => Some(("process_completion_rate", Some(*flow), None)),
        Signal::RecoveryTime => plain("recovery_time"),
        Signal::Retries => plain("retries"),
        Signal::DeadLetters => plain("dead_letters"),
    }
}

fn word(flow: Flow) -> &'static str {
    match flow {
        Flow::OrderToShip => "order_to_ship",
        Flow::ProcureToReceive => "procure_to_receive",
        Flow::Inventory => "inventory",
        Flow::Other => "other",
    }
}

fn whole(ms: u128) -> u64 {
    u64::try_from(ms).unwrap_or(u64::MAX)
}
