//! Scheduled synchronisations: a feed that was not brought up to date in time is an exception, which closes by itself.
//! Rule: docs/concepts/domain.md 7.1 (age at most one hour, by default). The age of a feed is counted from the time up to which its
//! source had sent everything, not from the time at which it said so.

use crossdock_model::{
    ExceptionKind, HubEvent, Resolution, Severity, SyncCompleted, SyncRecorded, SystemId, Timestamp,
};
use jiff::SignedDuration;
use serde_json::json;

use super::{Ask, Question, positions};
use crate::Draft;

fn about(system: &SystemId, feed: &str) -> String {
    format!("sync/{system}/{feed}")
}

/// A source has sent everything up to a time. One that says less than it has said changes nothing (I8).
pub(super) fn completed(ask: &Ask<'_>, sync: &SyncCompleted) -> Vec<Draft> {
    let system = &ask.entry.meta.system;
    if ask.state.master.synced(system, &sync.feed).is_some_and(|known| known >= sync.as_of) {
        return Vec::new();
    }
    let max_age = SignedDuration::from_millis(ask.policy.master.max_age_of(&sync.feed));
    let recorded = SyncRecorded {
        system: system.clone(),
        feed: sync.feed.clone(),
        as_of: sync.as_of,
        due: sync.as_of.saturating_add(max_age).unwrap_or(Timestamp::MAX),
    };
    let still_late = recorded.due <= ask.now;
    let mut drafts = vec![Draft::from(HubEvent::SyncRecorded(recorded))];
    let open = ask.state.exceptions.open_about(&about(system, &sync.feed), ExceptionKind::SyncOverdue);
    if let Some(open) = open.filter(|_| !still_late) {
        drafts.push(positions::closed_by_rule(open.id, "the feed is up to date again"));
    }
    drafts
}

/// A feed has become too old. While its exception is open, it is asked once.
pub(super) fn overdue(ask: &Ask<'_>, system: &SystemId, feed: &str) -> Vec<Draft> {
    let Some(as_of) = ask.state.master.synced(system, feed) else { return Vec::new() };
    let about = about(system, feed);
    if let Some(open) = ask.state.exceptions.open_about(&about, ExceptionKind::SyncOverdue) {
        let closed = positions::closed_by_rule(open.id, "the figures changed");
        return vec![closed, Draft::from(HubEvent::ExceptionOpened(opened(ask, system, feed, as_of, about)))];
    }
    vec![Draft::from(HubEvent::ExceptionOpened(opened(ask, system, feed, as_of, about)))]
}

fn opened(
    ask: &Ask<'_>,
    system: &SystemId,
    feed: &str,
    as_of: Timestamp,
    about: String,
) -> crossdock_model::ExceptionOpened {
    let question = Question {
        kind: ExceptionKind::SyncOverdue,
        about,
        what: format!("the feed `{feed}` of {system} is known up to {as_of} and no further"),
        why: "what changed since is missing: products, units or prices may be wrong",
        owner: "master-data",
        severity: Severity::Medium,
        resolutions: &[Resolution::Ignore],
        details: json!({ "system": system, "feed": feed, "asOf": as_of }),
    };
    super::opened(ask.policy, ask.now, question)
}
