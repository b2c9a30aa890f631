//! Examples are messages too: each is valid against its own schema, and a wrong one is shown at its line.

use super::Lint;
use crate::library::Place;
use crate::schema::Schema;

/// At most this many findings of one example are shown.
const SHOWN: usize = 5;

/// Judges one example.
pub(super) fn check(lint: &mut Lint<'_>, code: &'static str, schema: &Place<'_>, example: &Place<'_>) {
    let compiled = Schema::new(&lint.contracts.store, schema);
    if compiled.compiles().is_err() {
        return; // The schema is reported; its examples cannot be judged.
    }
    for violation in compiled.check(&example.node.to_value()).into_iter().take(SHOWN) {
        let (span, label) = if let Some(place) = example.at(&violation.pointer) {
            (place.span, "here")
        } else {
            let parent = violation.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
            (example.at(parent).map_or(example.span, |place| place.span), "in this")
        };
        let message = format!("the example breaks its own schema: {}", violation.message);
        let help = (!violation.schema_pointer.is_empty())
            .then(|| format!("see {} (`{}`)", violation.schema_pointer, violation.rule));
        lint.say_at(code, &example.document.file, span, message, label, help);
    }
}
