//! Declared remediation: what needs no person because somebody said before what is to be done (docs/concepts/domain.md, 11.5).
//! Acts when an exception opens, by the first rule that fits and whose decision the exception allows. Stops at its cap, per object
//! and in all, so that a decision that opens the same exception again cannot loop; what is left waits for a person, and says so.
//! Recovers as the window moves on. Ignores exceptions that were opened before the rule was declared.

use crossdock_model::{ExceptionId, ExceptionOpened, ExceptionResolved, HubEvent, RemediationStopped, Timestamp};
use jiff::SignedDuration;

use super::Ask;
use crate::exceptions::MAX_REMEMBERED;
use crate::{Draft, RemediationRule};

pub(super) fn opened(ask: &Ask<'_>, event: &ExceptionOpened) -> Option<Draft> {
    let rule = ask.policy.remediation.iter().find(|rule| fits(rule, event))?;
    let exception_id = ExceptionId(ask.entry.seq);
    let drafted = match capped(ask, rule, &event.about) {
        Some(why) => HubEvent::RemediationStopped(RemediationStopped { exception_id, rule: rule.name.clone(), why }),
        None => HubEvent::ExceptionResolved(ExceptionResolved {
            exception_id,
            resolution: rule.then,
            by: format!("rule/{}", rule.name),
            reason: rule.reason.clone(),
            with: serde_json::Value::Null,
        }),
    };
    Some(Draft::from(drafted))
}

fn fits(rule: &RemediationRule, event: &ExceptionOpened) -> bool {
    rule.kind == event.kind
        && event.resolutions.contains(&rule.then)
        && rule.owner.as_ref().is_none_or(|owner| *owner == event.owner)
        && rule.about.as_ref().is_none_or(|prefix| event.about.starts_with(prefix.as_str()))
        && rule.at_most.is_none_or(|severity| event.severity <= severity)
        && rule.details.iter().all(|(pointer, value)| event.details.pointer(pointer) == Some(value))
}

/// Which cap is reached, if one is.
fn capped(ask: &Ask<'_>, rule: &RemediationRule, about: &str) -> Option<String> {
    let window = SignedDuration::from_millis(rule.window_ms.max(0));
    let since = ask.now.checked_sub(window).unwrap_or(Timestamp::MIN);
    let (in_all, of_it) = ask.state.exceptions.decided_by_rule(&rule.name, about, since);
    let said = |times: usize| format!("{times} times within {} s", rule.window_ms / 1000);
    if of_it >= rule.cap_per_object {
        return Some(format!("it decided about {about} {}", said(of_it)));
    }
    (in_all >= rule.cap.min(MAX_REMEMBERED)).then(|| format!("it decided {}", said(in_all)))
}
