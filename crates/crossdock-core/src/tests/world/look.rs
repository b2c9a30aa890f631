//! Steps that look at the state instead of changing it, and those of deliveries and exceptions.

use std::fmt::Write as _;

use crossdock_model::{DeliveryId, ExceptionId, SystemId};
use serde_json::Value;

use super::{World, id};
use crate::delivery::{Breaker, ReplayScan};
use crate::exceptions::Act;
use crate::{Command, Input, ReplayFilter};

impl World {
    pub(super) fn other_step(&mut self, kind: &str, body: &Value) {
        match kind {
            "look" => self.look(body),
            "run" | "synthetic" | "edit" | "discard" | "replay_all" | "replay_into" => self.order(kind, body),
            other => assert!(self.buying(other, body), "no step is called {other}"),
        }
    }

    /// `look: {exception: 12}`, `{exception: last}`.
    fn look(&mut self, body: &Value) {
        if let Some(order) = body.get("order") {
            self.look_at_order(order);
        }
        if body.get("exception").is_some() {
            let id = body["exception"].as_u64().unwrap_or_else(|| self.last_exception());
            let found = self.partition.state().exception(ExceptionId(id));
            let state = found.unwrap_or_else(|| panic!("no exception {id}\n{}", self.text)).clone();
            let status = if state.resolved.is_some() { "resolved" } else { "open" };
            let (due, original) = (state.opened.due, state.opened.original);
            writeln!(
                self.text,
                "exception {id}: {status}, {:?}, owner {}, due {due}, level {}, original {original:?}",
                state.opened.severity, state.opened.owner, state.level
            )
            .unwrap();
            self.acts(&state.history);
        }
        if let Some(number) = body["delivery"].as_u64() {
            let deliveries = self.partition.state().deliveries();
            let standing = deliveries.standing(DeliveryId(number));
            let history = deliveries.get(DeliveryId(number)).map(|d| d.history.clone()).unwrap_or_default();
            writeln!(self.text, "delivery {number}: {standing:?}").unwrap();
            self.acts(&history);
        }
        if body.get("signals").is_some() {
            self.signals(body);
        }
        if let Some(run) = body["run"].as_str() {
            self.residue(run);
        }
        if let Some(target) = body["target"].as_str() {
            let deliveries = self.partition.state().deliveries();
            let system: SystemId = id(target);
            let breaker = if *deliveries.breaker(&system) == Breaker::Closed { "closed" } else { "open" };
            let under_way: Vec<_> = self.under_way.iter().filter(|a| a.plan.target == system).collect();
            let calls: Vec<_> = under_way
                .iter()
                .map(|a| {
                    format!(
                        "{} {} ({}{})",
                        a.id,
                        a.plan.operation,
                        a.number,
                        if a.maybe_done { ", look up first" } else { "" }
                    )
                })
                .collect();
            let text = format!(
                "{target}: {:?}, breaker {breaker}, held until {:?}, oldest {:?}, under way {calls:?}",
                deliveries.counts(&system),
                deliveries.held_until(&system).map(|at| at.to_string()),
                deliveries.oldest(&system).map(|at| at.to_string()),
            );
            writeln!(self.text, "{text}").unwrap();
        }
    }

    fn residue(&mut self, run: &str) {
        let state = self.partition.state();
        let (left, open) = (state.residue(&id(run)), state.synthetic_open());
        writeln!(self.text, "{run} left {left:?}; {open} open in all").unwrap();
    }

    fn acts(&mut self, history: &[Act]) {
        for act in history {
            writeln!(self.text, "  {} {}: {}", act.at, act.by, act.what).unwrap();
        }
    }

    /// `edit: {id, body, path}`, `discard: {id}`, `replay_all: {target, operation, about, status, limit}`,
    /// `replay_into: {target, from, upto, limit}`; each with `by` and `reason`.
    fn order(&mut self, kind: &str, body: &Value) {
        self.tickets += 1;
        let text = |key: &str| body[key].as_str().map(ToOwned::to_owned);
        let (by, reason) =
            (text("by").unwrap_or_else(|| "ann".into()), text("reason").unwrap_or_else(|| "looked at it".into()));
        let number = DeliveryId(body["id"].as_u64().unwrap_or(0));
        let limit = usize::try_from(body["limit"].as_u64().unwrap_or(100)).unwrap();
        let command = match kind {
            "run" => Command::OpenRun(crossdock_model::SyntheticRunOpened {
                run_id: id(body["id"].as_str().unwrap()),
                targets: serde_json::from_value(body["targets"].clone()).unwrap(),
                by,
            }),
            "synthetic" => Command::SwitchSynthetic { stop: body["stop"].as_bool().unwrap(), by, reason },
            "edit" => Command::EditDeadLetter {
                id: number,
                body: body["body"].clone(),
                path: body.get("path").map(|path| serde_json::from_value(path.clone()).unwrap()).unwrap_or_default(),
                by,
                reason,
            },
            "discard" => Command::DiscardDeadLetter { id: number, by, reason },
            "replay_all" => {
                let ids = body["ids"].as_array().into_iter().flatten().filter_map(Value::as_u64).map(DeliveryId);
                let filter = ReplayFilter {
                    ids: ids.collect(),
                    target: text("target").map(|target| id(&target)),
                    operation: text("operation"),
                    about: text("about"),
                    status: body["status"].as_u64().and_then(|status| u16::try_from(status).ok()),
                    run_id: text("run").map(|run| id(&run)),
                    from: text("from").map(|at| id(&at)),
                    to: text("to").map(|at| id(&at)),
                    limit,
                };
                Command::Replay { filter, by, reason }
            }
            _ => {
                let mut scan = ReplayScan::new(id(body["target"].as_str().unwrap()), limit);
                let (from, upto) = (body["from"].as_u64().unwrap_or(1), body["upto"].as_u64().unwrap_or(u64::MAX));
                for entry in self.ledger.iter().filter(|entry| (from..=upto).contains(&entry.seq)) {
                    scan.take(entry);
                }
                Command::ReplayInto { scan: Box::new(scan), by, reason }
            }
        };
        self.feed(Input::Command { ticket: self.tickets, command });
    }
}
