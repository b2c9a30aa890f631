//! Steps that look at the state instead of changing it, and those of deliveries and exceptions.

use std::fmt::Write as _;

use crossdock_model::ExceptionId;
use serde_json::Value;

use super::World;

impl World {
    pub(super) fn other_step(&mut self, kind: &str, body: &Value) {
        match kind {
            "look" => self.look(body),
            other => assert!(self.buying(other, body), "no step is called {other}"),
        }
    }

    /// `look: {exception: 12}`, `{exception: last}`.
    fn look(&mut self, body: &Value) {
        if body.get("exception").is_some() {
            let last = self.partition.state().exceptions().last().map(|x| x.id.0);
            let id = body["exception"].as_u64().or(last).expect("an exception");
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
            for act in &state.history {
                writeln!(self.text, "  {} {}: {}", act.at, act.by, act.what).unwrap();
            }
        }
    }
}
