//! How procurement asks: which exception opens where one is open already.
//! Invariant: a second discrepancy never disappears behind the first, and what is decided is what was seen.

use crossdock_model::{ExceptionKind, ExceptionOpened, HubEvent, PoNumber, Resolution, Severity};
use serde_json::json;

use crate::Draft;
use crate::about::About;
use crate::decide::{Ask, Question, opened, positions};

/// What is asked stays readable: beyond this, earlier ones are named by their number.
const LONG: usize = 800;

/// Asks with the newest figures: an open one of its kind about the object is closed, because they changed.
pub(in crate::decide) fn instead(ask: &Ask<'_>, question: Question<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if let Some(open) = ask.state.exceptions.open_about(&question.about, question.kind) {
        drafts.push(positions::closed_by_rule(open.id, "the figures changed"));
    }
    drafts.push(Draft::from(HubEvent::ExceptionOpened(opened(ask.policy, ask.now, question))));
    drafts
}

/// Asks beside what is asked already: the new question takes the place of the first, and names both.
pub(super) fn both(ask: &Ask<'_>, mut question: Question<'_>) -> Vec<Draft> {
    if let Some(open) = ask.state.exceptions.open_about(&question.about, question.kind) {
        if open.opened.what.contains(&question.what) {
            return Vec::new();
        }
        question.what = if open.opened.what.len() + question.what.len() < LONG {
            format!("{}; {}", open.opened.what, question.what)
        } else {
            format!("{}; and what exception {} asks", question.what, open.id)
        };
    }
    instead(ask, question)
}

/// Closes what is asked, because it is not a question any more.
pub(in crate::decide) fn no_longer(ask: &Ask<'_>, about: &str, kind: ExceptionKind, reason: &str) -> Option<Draft> {
    ask.state.exceptions.open_about(about, kind).map(|open| positions::closed_by_rule(open.id, reason))
}

/// One of several about the object, with the newest figures: an open one of the same `distinct` is closed.
pub(super) fn instead_of(ask: &Ask<'_>, distinct: &str, question: Question<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if let Some(open) = ask.state.exceptions.open_distinct(&question.about, question.kind, distinct) {
        drafts.push(positions::closed_by_rule(open.id, "the figures changed"));
    }
    let opened = ExceptionOpened { distinct: distinct.to_owned(), ..opened(ask.policy, ask.now, question) };
    drafts.push(Draft::from(HubEvent::ExceptionOpened(opened)));
    drafts
}

/// Something is said of an order that does not exist. `of` is the document that says so.
pub(super) fn unknown_po(ask: &Ask<'_>, number: &PoNumber, does: &str, of: &str) -> Option<Draft> {
    let what = format!("{} {does} purchase order {number}, which does not exist", ask.entry.meta.system);
    let why = "nothing was moved by it; the number is wrong, or the order was made elsewhere";
    ask.open_distinct(of.to_owned(), reference(ask, number, what, why, Severity::High))
}

/// Something is said of an order that is closed.
pub(super) fn closed_po(ask: &Ask<'_>, number: &PoNumber, does: &str, of: &str) -> Option<Draft> {
    let what = format!("{} {does} the closed purchase order {number}", ask.entry.meta.system);
    let why = "nothing was moved by it; somebody has to say what is meant";
    ask.open_distinct(of.to_owned(), reference(ask, number, what, why, Severity::Medium))
}

/// Something is said that cannot be set against the order.
pub(super) fn odd(ask: &Ask<'_>, number: &PoNumber, what: String, of: &str) -> Option<Draft> {
    let why = "nothing of the order was moved by it";
    ask.open_distinct(of.to_owned(), reference(ask, number, what, why, Severity::Medium))
}

fn reference<'a>(ask: &Ask<'_>, number: &PoNumber, what: String, why: &'a str, severity: Severity) -> Question<'a> {
    Question {
        kind: ExceptionKind::UnknownReference,
        about: About::Po(number.clone()).to_string(),
        what,
        why,
        owner: "procurement",
        severity,
        resolutions: &[Resolution::Ignore],
        details: json!({ "event": ask.entry.meta.id }),
    }
}
