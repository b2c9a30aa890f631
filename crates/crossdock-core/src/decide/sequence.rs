//! A gap in the running numbers of a facility: what waits for it, for how long, and who is asked.
//! Rules: docs/concepts/domain.md 5.3, 5.4.

use crossdock_model::{
    ExceptionKind, FacilityId, Fact, HoldBackEnded, HubEvent, Numbers, Resolution, ResyncRequested, SequenceGapFound,
    Severity, Timestamp,
};
use jiff::SignedDuration;
use serde_json::json;

use super::positions::closed_by_rule;
use super::{Ask, Question};
use crate::Draft;
use crate::about::About;
use crate::stock::{Seen, Sequence};

/// What the number of a fact leads to. It stands before all else that the fact leads to.
pub(super) fn seen(ask: &Ask<'_>, fact: &Fact) -> Vec<Draft> {
    let Some(facility) = fact.facility().filter(|facility| ask.policy.has_sequence(facility)) else {
        return Vec::new();
    };
    let Some(sequence) = ask.state.stock.sequences.of(facility) else { return Vec::new() };
    match sequence.last() {
        Seen::Skipped(missing) => vec![gap(ask, facility, missing)],
        Seen::Late if sequence.missing().is_empty() => filled(ask, facility),
        Seen::InOrder | Seen::Late => Vec::new(),
        Seen::Repeated => Vec::from_iter(repeated(ask, facility)),
    }
}

fn gap(ask: &Ask<'_>, facility: &FacilityId, missing: Numbers) -> Draft {
    let until = ask.now.saturating_add(SignedDuration::from_millis(ask.policy.hold_back_ms)).unwrap_or(Timestamp::MAX);
    // An open window keeps its end.
    let hold_back_until = ask.state.stock.sequences.held_back(facility).unwrap_or(until);
    HubEvent::SequenceGapFound(SequenceGapFound { facility: facility.clone(), missing, hold_back_until }).into()
}

/// Whether what is not to be trusted waits: a gap is open, or the fact that is decided about opens one.
pub(super) fn holds_back(ask: &Ask<'_>, facility: &FacilityId) -> bool {
    let sequences = &ask.state.stock.sequences;
    // Only a fact has a number: the last one of the facility says nothing of what is decided later.
    let skips = || {
        ask.entry.meta.source_sequence.is_some()
            && sequences.of(facility).is_some_and(|sequence| matches!(sequence.last(), Seen::Skipped(_)))
    };
    sequences.held_back(facility).is_some() || (ask.policy.has_sequence(facility) && skips())
}

/// The last missing number came: what waited goes on, and the exception closes by itself.
fn filled(ask: &Ask<'_>, facility: &FacilityId) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if ask.state.stock.sequences.held_back(facility).is_some() {
        let ended = HoldBackEnded { facility: facility.clone(), missing: Vec::new() };
        drafts.push(Draft::from(HubEvent::HoldBackEnded(ended)));
    }
    let about = About::Facility(facility.clone()).to_string();
    if let Some(open) = ask.state.exceptions.open_about(&about, ExceptionKind::SequenceGap) {
        drafts.push(closed_by_rule(open.id, "the missing numbers came"));
    }
    drafts
}

/// The window is over: what waited goes on without the missing numbers; somebody is asked for them, and told.
pub(super) fn window_over(ask: &Ask<'_>, facility: &FacilityId) -> Vec<Draft> {
    let missing = ask.state.stock.sequences.of(facility).map(Sequence::missing).unwrap_or_default();
    let ended = HoldBackEnded { facility: facility.clone(), missing: missing.clone() };
    let mut drafts = vec![Draft::from(HubEvent::HoldBackEnded(ended))];
    if missing.is_empty() {
        return drafts;
    }
    let about = About::Facility(facility.clone()).to_string();
    if let Some(open) = ask.state.exceptions.open_about(&about, ExceptionKind::SequenceGap) {
        drafts.push(closed_by_rule(open.id, "more numbers are missing"));
    }
    let system = ask.policy.wms_of(facility);
    let question = Question {
        kind: ExceptionKind::SequenceGap,
        about,
        what: format!("{facility} did not tell {}", in_words(&missing)),
        why: "what they report is not in the figures; the facility's system is asked to tell them again",
        owner: "integration",
        severity: Severity::High,
        resolutions: &[Resolution::Ignore],
        details: json!({ "facility": facility, "missing": missing }),
    };
    drafts.push(Draft::from(HubEvent::ExceptionOpened(super::opened(ask.policy, ask.now, question))));
    if let Some(system) = system.cloned() {
        let request = ResyncRequested { facility: facility.clone(), system, missing };
        drafts.push(Draft::from(HubEvent::ResyncRequested(request)));
    }
    drafts
}

fn in_words(missing: &[Numbers]) -> String {
    const SHOWN: usize = 5;
    let count = missing.iter().fold(0_u64, |sum, n| sum.saturating_add(n.to - n.from).saturating_add(1));
    let range = |n: &Numbers| if n.from == n.to { n.from.to_string() } else { format!("{} to {}", n.from, n.to) };
    let shown: Vec<_> = missing.iter().take(SHOWN).map(range).collect();
    let more = if missing.len() > SHOWN { " …" } else { "" };
    let word = if count == 1 { "number" } else { "numbers" };
    format!("{count} {word}: {}{more}", shown.join(", "))
}

/// Two facts with one number: one of them has the wrong one, and another may be missing behind it.
fn repeated(ask: &Ask<'_>, facility: &FacilityId) -> Option<Draft> {
    let number = ask.entry.meta.source_sequence?;
    ask.open(Question {
        kind: ExceptionKind::SequenceRepeated,
        about: About::Facility(facility.clone()).to_string(),
        what: format!("{facility} used the number {number} again, for {}", ask.entry.meta.id),
        why: "the facility's numbers cannot show any more whether something is missing",
        owner: "integration",
        severity: Severity::Medium,
        resolutions: &[Resolution::Ignore],
        details: json!({ "facility": facility, "number": number, "event": ask.entry.meta.id }),
    })
}
