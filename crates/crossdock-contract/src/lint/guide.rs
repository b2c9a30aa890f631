//! X12 guides: named by their set, and their elements bear terms of the glossary.

use super::{Lint, near};
use crate::api::compile::stem;
use crate::library::Place;

pub(super) fn check(lint: &mut Lint<'_>, path: &str) {
    let Some(root) = lint.library().root(path) else { return };
    if let Some(set) = root.get("set")
        && let Some(text) = root.text("set")
        && text != stem(path)
    {
        let help = Some(format!("rename the file to `{text}.yaml`"));
        lint.say("guide/file-name", &set, format!("the guide of set {text} is in {path}"), "this set", help);
    }
    let mut waiting = vec![root];
    while let Some(place) = waiting.pop() {
        if let Some(term) = place.get("glossary") {
            check_term(lint, &place, &term);
        }
        waiting.extend(place.entries().map(|(_, child)| child));
        waiting.extend(place.items());
    }
}

fn check_term(lint: &mut Lint<'_>, element: &Place<'_>, at: &Place<'_>) {
    let Some(term) = element.text("glossary") else { return };
    let contracts = lint.contracts;
    let terms = || contracts.glossary().terms.iter().map(|known| known.term.as_str());
    if !terms().any(|known| known == term) {
        let message = format!("`{term}` is no term of the glossary");
        lint.say("guide/glossary", at, message, "unknown term", near(term, terms()));
    }
}
