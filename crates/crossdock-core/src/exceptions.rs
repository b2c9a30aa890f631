//! Exceptions: decisions that wait, how they are opened once, and what became of them.
//! Rule: docs/concepts/domain.md, "Exceptions and dead letters".
//! Here: the exceptions, what was done about each, how often a declared rule decided. Not here: when one is opened (the areas),
//! who is asked next (`decide/escalation.rs`), what a decision leads to (`decide/`).

use std::collections::{BTreeMap, VecDeque};

use crossdock_model::{
    ExceptionEscalated, ExceptionId, ExceptionKind, ExceptionOpened, ExceptionResolved, RemediationStopped, Timestamp,
};

use serde::{Deserialize, Serialize};

use crate::Context;

/// An exception and, once decided, its decision. Serialised in archive records: see `archive` before it is changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExceptionState {
    /// Its number.
    pub id: ExceptionId,
    /// Its connection.
    pub context: Context,
    /// When it opened, by the hub's clock.
    pub opened_at: Timestamp,
    /// What it is about.
    pub opened: ExceptionOpened,
    /// How it was decided, and when.
    pub resolved: Option<(ExceptionResolved, Timestamp)>,
    /// The last level of escalation that was reached.
    pub level: u32,
    /// Who did what, and when: the oldest first (domain.md 11.4). Levels and rules bound it.
    pub history: Vec<Act>,
}

/// Something that was done about an exception or a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// By the hub's clock.
    pub at: Timestamp,
    /// A person, `rule`, or `rule/NAME`.
    pub by: String,
    /// In plain words.
    pub what: String,
}

impl Act {
    pub(crate) fn new(at: Timestamp, by: &str, what: impl Into<String>) -> Self {
        Self { at, by: by.to_owned(), what: what.into() }
    }
}

/// Who decides where no person does.
pub(crate) const BY_RULE: &str = "rule";
/// Decisions of one declared rule that are remembered: no cap can be above it.
pub(crate) const MAX_REMEMBERED: usize = 1000;

/// Exceptions of one kind about one object are told apart by what is distinct of them.
type Question = (String, ExceptionKind, String);

/// All exceptions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exceptions {
    by_id: BTreeMap<ExceptionId, ExceptionState>,
    open: BTreeMap<Question, ExceptionId>,
    /// How many of each kind are open: most kinds are not, and nobody has to look for them.
    open_of: BTreeMap<ExceptionKind, usize>,
    /// What was decided last, by whomever.
    decided: BTreeMap<Question, ExceptionId>,
    /// When each declared rule decided lately, and about which object.
    by_rule: BTreeMap<String, VecDeque<(Timestamp, String)>>,
}

impl Exceptions {
    pub(crate) fn open(&mut self, state: ExceptionState) {
        if self.open.insert(question(&state.opened), state.id).is_none() {
            *self.open_of.entry(state.opened.kind).or_default() += 1;
        }
        self.by_id.insert(state.id, state);
    }

    pub(crate) fn resolve(&mut self, resolved: &ExceptionResolved, at: Timestamp) -> Option<&ExceptionState> {
        let state = self.by_id.get_mut(&resolved.exception_id)?;
        let what = format!("{}: {}", resolved.resolution.as_str(), resolved.reason);
        state.history.push(Act::new(at, &resolved.by, what));
        state.resolved = Some((resolved.clone(), at));
        let key = question(&state.opened);
        // A rule that keeps the figure of an exception true has opened its successor already.
        if self.open.get(&key) == Some(&state.id) {
            self.open.remove(&key);
            if let Some(count) = self.open_of.get_mut(&key.1) {
                *count = count.saturating_sub(1);
            }
        }
        if let Some(rule) = resolved.by.strip_prefix("rule/") {
            let lately = self.by_rule.entry(rule.to_owned()).or_default();
            if lately.len() == MAX_REMEMBERED {
                lately.pop_front();
            }
            lately.push_back((at, state.opened.about.clone()));
        }
        self.decided.insert(key, state.id);
        Some(state)
    }

    pub(crate) fn escalate(&mut self, event: &ExceptionEscalated, at: Timestamp) {
        let Some(state) = self.by_id.get_mut(&event.exception_id) else { return };
        state.level = event.level;
        state.history.push(Act::new(at, BY_RULE, format!("escalated to {}: {}", event.to, event.why)));
    }

    pub(crate) fn stop_remediation(&mut self, event: &RemediationStopped, at: Timestamp) {
        if let Some(state) = self.by_id.get_mut(&event.exception_id) {
            state.history.push(Act::new(
                at,
                &format!("rule/{}", event.rule),
                format!("left to a person: {}", event.why),
            ));
        }
    }

    /// How often a declared rule decided since then, and of it about one object.
    pub(crate) fn decided_by_rule(&self, rule: &str, about: &str, since: Timestamp) -> (usize, usize) {
        let Some(lately) = self.by_rule.get(rule) else { return (0, 0) };
        let counted = lately.iter().rev().take_while(|(at, _)| *at > since);
        counted.fold((0, 0), |(all, one), (_, object)| (all + 1, one + usize::from(object == about)))
    }

    pub(crate) fn get(&self, id: ExceptionId) -> Option<&ExceptionState> {
        self.by_id.get(&id)
    }

    /// Whether any exception of a kind is open.
    pub(crate) fn any_open_of(&self, kind: ExceptionKind) -> bool {
        self.open_of.get(&kind).is_some_and(|count| *count > 0)
    }

    /// The open exception of a kind about an object: there is one at most, so that a repeated cause does not flood people.
    pub(crate) fn open_about(&self, about: &str, kind: ExceptionKind) -> Option<&ExceptionState> {
        self.open_distinct(about, kind, "")
    }

    /// The open exception of a kind about an object, of those with this distinct key.
    pub(crate) fn open_distinct(&self, about: &str, kind: ExceptionKind, distinct: &str) -> Option<&ExceptionState> {
        let key = (about.to_owned(), kind, distinct.to_owned());
        self.open.get(&key).and_then(|id| self.by_id.get(id))
    }

    /// The exception of a kind about an object that is open, or that a person decided last: what is asked was seen.
    pub(crate) fn asked_about(&self, about: &str, kind: ExceptionKind) -> Option<&ExceptionState> {
        self.asked_distinct(about, kind, "")
    }

    /// `asked_about`, of those with this distinct key.
    pub(crate) fn asked_distinct(&self, about: &str, kind: ExceptionKind, distinct: &str) -> Option<&ExceptionState> {
        let key = (about.to_owned(), kind, distinct.to_owned());
        let decided = || {
            let state = self.decided.get(&key).and_then(|id| self.by_id.get(id))?;
            state.resolved.as_ref().is_some_and(|(resolved, _)| resolved.by != BY_RULE).then_some(state)
        };
        self.open.get(&key).and_then(|id| self.by_id.get(id)).or_else(decided)
    }

    pub(crate) fn any_open_about(&self, about: &str) -> bool {
        // Kinds are sorted behind the object: its own are the neighbours of the first.
        let from = (about.to_owned(), ExceptionKind::ReceiptDiscrepancy, String::new());
        self.open.range(from..).next().is_some_and(|((other, _, _), _)| other == about)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ExceptionState> {
        self.by_id.values()
    }

    /// All that wait, oldest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &ExceptionState> {
        let mut ids: Vec<_> = self.open.values().copied().collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.by_id.get(&id))
    }

    /// How many wait: no walk over those that are decided.
    pub(crate) fn open_count(&self) -> usize {
        self.open.len()
    }
}

fn question(opened: &ExceptionOpened) -> Question {
    (opened.about.clone(), opened.kind, opened.distinct.clone())
}
