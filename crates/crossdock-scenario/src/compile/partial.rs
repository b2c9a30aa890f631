//! A file whose shape is partly wrong: the rest of it is checked all the same, so that all mistakes are told at once.
//! Here: what can be read of such a file, and the names in the part that cannot. Not here: telling what is wrong with the shape.
//! Invariant: steps keep their positions, and a name that an unreadable step would have given is never reported as unknown.

use crossdock_diag::{Document, Node, decode_node};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::names::Scope;
use crate::language::{PauseStep, ScenarioFile, Step};
use crate::spelling::DurationText;

/// What can be read, and the names that the unreadable steps give.
pub(super) fn read(document: &Document) -> (ScenarioFile, Scope) {
    let mut excused = Scope::default();
    let text = |key: &str| document.root.get(key).and_then(Node::as_str).map(str::to_owned);
    let steps = document.root.get("steps").and_then(Node::as_seq).unwrap_or_default();
    let steps = steps.iter().map(|node| {
        decode_node::<Step>(document, node).unwrap_or_else(|_| {
            names(node, &mut excused);
            nothing()
        })
    });
    let mut steps: Vec<Step> = steps.collect();
    if steps.is_empty() {
        // That there are none, or that they are no list, has been told.
        steps.push(nothing());
    }
    let vars =
        document.root.get("vars").map(Node::to_value).and_then(|vars| vars.as_object().cloned()).unwrap_or_default();
    let file = ScenarioFile {
        crossdock: part(document, "crossdock").unwrap_or(1),
        scenario: text("scenario").unwrap_or_else(|| "unnamed".to_owned()),
        description: None,
        synthetic: None,
        vars: vars.into_iter().collect(),
        steps,
        residue: part(document, "residue").unwrap_or_default(),
        load: part(document, "load"),
        probe: part(document, "probe"),
    };
    (file, excused)
}

fn part<T: DeserializeOwned + JsonSchema>(document: &Document, key: &str) -> Option<T> {
    decode_node(document, document.root.get(key)?).ok()
}

fn nothing() -> Step {
    Step::Pause(PauseStep { pause: DurationText("0s".to_owned()) })
}

/// The names that a step and the steps inside it would give.
fn names(node: &Node, excused: &mut Scope) {
    for step in node.as_seq().unwrap_or_default() {
        names(step, excused);
    }
    for (key, value) in node.as_map().unwrap_or_default() {
        match (key.text.as_str(), value.as_str()) {
            ("arm", Some(name)) => {
                excused.armed.insert(name.to_owned());
            }
            ("call" | "poll" | "await", Some(name)) => {
                excused.steps.insert(name.to_owned());
            }
            ("capture", None) => {
                excused.captured.extend(value.as_map().unwrap_or_default().iter().map(|(key, _)| key.text.clone()));
            }
            _ => names(value, excused),
        }
    }
}
