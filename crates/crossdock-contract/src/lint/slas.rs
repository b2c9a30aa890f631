//! `slas.yaml`: marks that exist, targets that can be met in order.

use std::collections::BTreeMap;

use super::{Lint, near};
use crate::library::Place;
use crate::slas::{Mark, Measure};

pub(super) fn check(lint: &mut Lint<'_>) {
    let Some(declared) = lint.library().root("slas.yaml").and_then(|root| root.get("slas")) else { return };
    let contracts = lint.contracts;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (sla, place) in contracts.slas().slas.iter().zip(declared.items()) {
        if let Some(line) = seen.insert(&sla.id, place.line_col().0) {
            let help = Some(format!("the first is on line {line}"));
            lint.say("slas/duplicate", &place, format!("the SLA `{}` is declared twice", sla.id), "again here", help);
        }
        let targets = place.get("targets").unwrap_or_else(|| place.clone());
        let bounds = sla.targets.percentiles();
        if bounds.is_empty() && sla.targets.max_age_ms.is_none() {
            lint.say(
                "slas/targets",
                &targets,
                format!("`{}` has no target", sla.id),
                "empty",
                Some("give at least one, such as `p99_ms: 5000`".into()),
            );
        }
        for pair in bounds.windows(2) {
            if let [(low, a), (high, b)] = pair
                && a > b
            {
                let message =
                    format!("`{high}` ({b} ms) is stricter than `{low}` ({a} ms): it could never be the looser one");
                lint.say(
                    "slas/targets",
                    &targets,
                    message,
                    "not in order",
                    Some(format!("`{high}_ms` must be at least {a}")),
                );
            }
        }
        if sla.targets.tightest_ms() == Some(0) {
            lint.say(
                "slas/targets",
                &targets,
                format!("`{}` has a target of 0 ms, which nothing meets", sla.id),
                "zero",
                None,
            );
        }
        match sla.measure {
            Measure::Age if sla.targets.max_age_ms.is_none() => {
                lint.say("slas/targets", &targets, "an age needs `max_age_ms`", "it is missing here", None);
            }
            Measure::Latency if sla.targets.max_age_ms.is_some() => {
                lint.say(
                    "slas/targets",
                    &targets,
                    "a latency has no `max_age_ms`",
                    "here",
                    Some("`measure: age`, or `max_ms`".into()),
                );
            }
            _ => {}
        }
        for (key, mark) in [("from", &sla.from), ("to", &sla.to)] {
            if let Some(place) = place.get(key) {
                check_mark(lint, mark, &place);
            }
        }
    }
}

fn check_mark(lint: &mut Lint<'_>, mark: &Mark, place: &Place<'_>) {
    let contracts = lint.contracts;
    match (&mark.event, &mark.operation) {
        (Some(_), Some(_)) | (None, None) => {
            lint.say("slas/mark", place, "a mark is of one event or of one operation", "here",
                Some("`{event: order.captured.v1, clock: source_time}` or `{operation: commerce.createOrder, clock: intended}`".into()));
        }
        (Some(event), None) if !contracts.events().is_empty() && contracts.event(event).is_none() => {
            let at = place.get("event").unwrap_or_else(|| place.clone());
            let help = near(event, contracts.events().keys().map(String::as_str));
            lint.say("slas/mark", &at, format!("there is no event `{event}`"), "unknown event", help);
        }
        (None, Some(operation)) => {
            let at = place.get("operation").unwrap_or_else(|| place.clone());
            let known = operation.split_once('.').and_then(|(api, id)| contracts.api(api)?.operation(id));
            if known.is_none() {
                let all: Vec<String> = contracts
                    .apis()
                    .iter()
                    .flat_map(|api| api.operations.iter().map(move |known| format!("{}.{}", api.id, known.id)))
                    .collect();
                let help = near(operation, all.iter().map(String::as_str));
                lint.say("slas/mark", &at, format!("there is no operation `{operation}`"), "unknown operation", help);
            }
        }
        _ => {}
    }
}
