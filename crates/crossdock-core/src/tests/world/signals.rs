//! What a case declares of signals, and what it sees of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crossdock_model::Text;
use serde_json::Value;

use super::World;
use crate::slas::{Bound, Clock, Flow, Sheet, Signal, SlaTarget, Slas, Windows};

/// As long as figures are kept, if a look does not say otherwise.
const WINDOW_MS: i64 = 86_400_000;

/// `slas: [{id, from, to, p95, p99, max}]` from source time to receipt, `allowedMs: {order, purchase}`, `remembered`.
pub(super) fn declared(overrides: &Value) -> Slas {
    let text = |value: &Value| Text::from(value.as_str().expect("a text"));
    let target = |value: &Value| {
        let bounds = [("p95", 950), ("p99", 990), ("max", 1000)];
        let bounds = bounds
            .iter()
            .filter_map(|(key, per_mille)| Some(Bound { per_mille: *per_mille, ms: value[key].as_u64()? }));
        SlaTarget {
            id: text(&value["id"]),
            from: (text(&value["from"]), Clock::SourceTime),
            to: (text(&value["to"]), Clock::ReceivedAt),
            bounds: bounds.collect(),
        }
    };
    let targets = overrides["slas"].as_array().into_iter().flatten().map(target).collect();
    let allowed = [("order", Flow::OrderToShip), ("purchase", Flow::ProcureToReceive)];
    let allowed: BTreeMap<_, _> =
        allowed.iter().filter_map(|(key, flow)| Some((*flow, overrides["allowedMs"][key].as_i64()?))).collect();
    let most = usize::try_from(overrides["remembered"].as_u64().unwrap_or(1000)).expect("a count");
    Slas::new(targets, Windows::default(), &allowed, most)
}

impl World {
    /// `look: {signals: [FillRate], lastMs: 600000}`: those whose name begins so; `all` of them, `synthetic: true` of the other side.
    pub(super) fn signals(&mut self, body: &Value) {
        let now = self.now;
        let window = body["lastMs"].as_i64().unwrap_or(WINDOW_MS);
        self.slas.tick(now);
        let synthetic = body["synthetic"].as_bool().unwrap_or(false);
        let sheet = if synthetic { self.slas.synthetic() } else { self.slas.real() }.clone();
        let wanted: Vec<_> = body["signals"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for signal in sheet.signals() {
            let name = format!("{signal:?}");
            if wanted.is_empty() || wanted.iter().any(|start| name.starts_with(start)) {
                writeln!(self.text, "{name}: {}", figure(&sheet, signal, now, window)).unwrap();
            }
        }
        for target in self.slas.targets() {
            writeln!(self.text, "{}: {:?}", target.id, sheet.verdict(target, now, window)).unwrap();
        }
        let effort = self.slas.reconciliation_effort_ms(self.partition.state(), now, window);
        if wanted.contains(&"ReconciliationEffort") {
            writeln!(self.text, "ReconciliationEffort: {effort} ms").unwrap();
        }
        if self.slas.forgotten() > 0 {
            writeln!(self.text, "forgotten: {}", self.slas.forgotten()).unwrap();
        }
    }
}

fn figure(sheet: &Sheet, signal: &Signal, now: crossdock_model::Timestamp, window: i64) -> String {
    let durations = sheet.duration(signal, now, window);
    let ratio = sheet.ratio(signal, now, window);
    if let (Some(p50), Some(p99)) = (durations.quantile(500), durations.quantile(990)) {
        return format!("{} of them, p50 {p50} ms, p99 {p99} ms, longest {} ms", durations.count(), durations.max_ms());
    }
    match ratio.ppm() {
        Some(ppm) => format!("{} of {} ({ppm} ppm)", ratio.part.normalize(), ratio.whole.normalize()),
        None => format!("{}", sheet.count(signal, now, window)),
    }
}
