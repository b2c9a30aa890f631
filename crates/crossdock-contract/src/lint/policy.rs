//! `policy.yaml` itself: rules that exist, patterns that compile.

use std::collections::BTreeSet;

use super::{Lint, near, rules};

pub(super) fn check(lint: &mut Lint<'_>) {
    let Some(root) = lint.library().root("policy.yaml") else { return };
    let mut seen = BTreeSet::new();
    for place in root.get("rules").iter().flat_map(crate::library::Place::items) {
        let Some(id) = place.get("id") else { continue };
        let Some(name) = id.node.as_str() else { continue };
        if !seen.insert(name) {
            lint.say("policy/duplicate", &id, format!("the rule `{name}` stands here twice"), "again here", None);
        }
        if !rules::names().any(|known| known == name) {
            let help = near(name, rules::names());
            lint.say(
                "policy/unknown-rule",
                &id,
                format!("there is no rule `{name}`; it has no effect"),
                "unknown rule",
                help,
            );
        }
    }
    if let Some(pattern) = root.at("/naming/event_type")
        && let Some(Err(error)) = pattern.node.as_str().map(regex::Regex::new)
    {
        lint.say("policy/pattern", &pattern, format!("this is no regular expression: {error}"), "here", None);
    }
}
