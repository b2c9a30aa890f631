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

/// All exceptions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exceptions {
    by_id: BTreeMap<ExceptionId, ExceptionState>,
    open: BTreeMap<(String, ExceptionKind), ExceptionId>,
}

impl Exceptions {
    pub(crate) fn open(&mut self, state: ExceptionState) {
        self.open.insert((state.opened.about.clone(), state.opened.kind), state.id);
        self.by_id.insert(state.id, state);
    }

    pub(crate) fn resolve(&mut self, resolved: &ExceptionResolved, at: Timestamp) -> Option<&ExceptionState> {
        let state = self.by_id.get_mut(&resolved.exception_id)?;
        state.resolved = Some((resolved.clone(), at));
        self.open.remove(&(state.opened.about.clone(), state.opened.kind));
        Some(state)
    }

    pub(crate) fn get(&self, id: ExceptionId) -> Option<&ExceptionState> {
        self.by_id.get(&id)
    }

    /// The open exception of a kind about an object: there is one at most, so that a repeated cause does not flood people.
    pub(crate) fn open_about(&self, about: &str, kind: ExceptionKind) -> Option<&ExceptionState> {
        self.open.get(&(about.to_owned(), kind)).and_then(|id| self.by_id.get(id))
    }

    pub(crate) fn any_open_about(&self, about: &str) -> bool {
        self.open.keys().any(|(other, _)| other == about)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ExceptionState> {
        self.by_id.values()
    }
}
