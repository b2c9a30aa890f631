//! Exceptions: decisions that wait, and how they are opened once.
//! Rule: docs/concepts/domain.md, "Exceptions and dead letters".

use std::collections::BTreeMap;

use crossdock_model::{ExceptionId, ExceptionKind, ExceptionOpened, ExceptionResolved, Timestamp};

use crate::Context;

/// An exception and, once decided, its decision.
#[derive(Clone, Debug)]
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
}

/// Who decides where no person does.
pub(crate) const BY_RULE: &str = "rule";

/// All exceptions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exceptions {
    by_id: BTreeMap<ExceptionId, ExceptionState>,
    open: BTreeMap<(String, ExceptionKind), ExceptionId>,
    /// What was decided last, by whomever.
    decided: BTreeMap<(String, ExceptionKind), ExceptionId>,
}

impl Exceptions {
    pub(crate) fn open(&mut self, state: ExceptionState) {
        self.open.insert((state.opened.about.clone(), state.opened.kind), state.id);
        self.by_id.insert(state.id, state);
    }

    pub(crate) fn resolve(&mut self, resolved: &ExceptionResolved, at: Timestamp) -> Option<&ExceptionState> {
        let state = self.by_id.get_mut(&resolved.exception_id)?;
        state.resolved = Some((resolved.clone(), at));
        let key = (state.opened.about.clone(), state.opened.kind);
        self.open.remove(&key);
        self.decided.insert(key, state.id);
        Some(state)
    }

    pub(crate) fn get(&self, id: ExceptionId) -> Option<&ExceptionState> {
        self.by_id.get(&id)
    }

    /// The open exception of a kind about an object: there is one at most, so that a repeated cause does not flood people.
    pub(crate) fn open_about(&self, about: &str, kind: ExceptionKind) -> Option<&ExceptionState> {
        self.open.get(&(about.to_owned(), kind)).and_then(|id| self.by_id.get(id))
    }

    /// The exception of a kind about an object that is open, or that a person decided last: what is asked was seen.
    pub(crate) fn asked_about(&self, about: &str, kind: ExceptionKind) -> Option<&ExceptionState> {
        let key = (about.to_owned(), kind);
        let decided = || {
            let state = self.decided.get(&key).and_then(|id| self.by_id.get(id))?;
            state.resolved.as_ref().is_some_and(|(resolved, _)| resolved.by != BY_RULE).then_some(state)
        };
        self.open.get(&key).and_then(|id| self.by_id.get(id)).or_else(decided)
    }

    pub(crate) fn any_open_about(&self, about: &str) -> bool {
        // Kinds are sorted behind the object: its own are the neighbours of the first.
        let from = (about.to_owned(), ExceptionKind::ReceiptDiscrepancy);
        self.open.range(from..).next().is_some_and(|((other, _), _)| other == about)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ExceptionState> {
        self.by_id.values()
    }
}
