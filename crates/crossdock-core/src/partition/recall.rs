//! What leaves memory and comes back, as a part of the loop.
//! Here: when it is recorded. Not here: what may go (`decide/archive.rs`), which names an input mentions (`archive/missing.rs`).
//! Invariant: what left and is not durable yet is found here, because the index on disk does not know it.

use std::sync::Arc;

use crossdock_model::{Event, HubEvent, ObjectArchived, ObjectRecalled, Text, Timestamp};

use super::{Input, MAX_DUE_AT_ONCE, Partition};
use crate::archive::{self, Archived, Recall};
use crate::{Draft, Entry, Seq, decide};

impl Partition {
    /// The names of archived objects that an input mentions: look each up in the index on disk, and hand what it has to the partition
    /// ([`Input::Recall`]) before the input itself. Ask again until nothing new is missing: what comes back may lead to others.
    ///
    /// Empty for nearly every input: what it speaks of is in memory, or was never known by another name.
    pub fn missing(&self, input: &Input) -> Vec<Text> {
        let mut missing = archive::missing::missing(&self.state, &self.policy, input);
        missing.retain(|name| !self.left.contains_key(name));
        missing
    }

    /// Lets go of what is over and of which nothing was said for as long as it is kept.
    pub(super) fn let_go(&mut self, now: Timestamp) {
        let Some(keep) = self.policy.keep_closed().filter(|_| !self.failed) else { return };
        let before = now.saturating_sub(keep).unwrap_or(Timestamp::MIN);
        for about in self.state.closed.until(before).take(MAX_DUE_AT_ONCE).cloned().collect::<Vec<_>>() {
            let Draft { event, context } = decide::its_time_is_over(&self.state, &about);
            let context = context.unwrap_or_else(|| decide::fresh_context(self.state.seq + 1, false, None));
            let entry = self.record_hub(decide::hub_meta(&context, None, now), event);
            if let Event::Hub(HubEvent::ObjectArchived(archived)) = &entry.event {
                for name in std::iter::once(&archived.about).chain(&archived.names) {
                    self.left.insert(name.clone(), Arc::clone(&entry));
                }
            }
        }
    }

    /// Puts back what an input speaks of and what left so lately that the index does not know it.
    pub(super) fn recall_left(&mut self, input: &Input, now: Timestamp) {
        while !self.left.is_empty() {
            let missing = archive::missing::missing(&self.state, &self.policy, input);
            let found: Vec<_> = missing.iter().filter_map(|name| self.left.get(name).cloned()).collect();
            let before = self.state.seq;
            for entry in found {
                self.put_back(&entry, now);
            }
            if self.state.seq == before {
                return;
            }
        }
    }

    /// Puts back what the index has, unless it is in memory or left again since.
    pub(super) fn recall(&mut self, found: Vec<Recall>, now: Timestamp) {
        for Recall { seq, event, names } in found {
            match self.left.get(&event.about).cloned() {
                Some(newer) => self.put_back(&newer, now),
                None => self.record_recall((seq, &event), names, now),
            }
        }
    }

    fn put_back(&mut self, entry: &Entry, now: Timestamp) {
        if let Event::Hub(HubEvent::ObjectArchived(event)) = &entry.event {
            let own = |name: &&Text| self.left.get(*name).is_some_and(|newest| newest.seq == entry.seq);
            let names = event.names.iter().filter(own).cloned().collect();
            self.record_recall((entry.seq, event), names, now);
        }
    }

    fn record_recall(&mut self, (seq, event): (Seq, &ObjectArchived), mut names: Vec<Text>, now: Timestamp) {
        if self.failed || self.state.is_known(&event.about) {
            return;
        }
        // A record of a later version's form is left where it is: the object is as unknown as it was.
        let Some(archived) = Archived::read(event.kind, event.form, &event.state) else { return };
        names.retain(|name| self.left.get(name).is_none_or(|newer| newer.seq <= seq));
        let recalled = ObjectRecalled {
            about: event.about.clone(),
            kind: event.kind,
            archived: seq,
            names,
            form: event.form,
            state: event.state.clone(),
        };
        let meta = decide::hub_meta(archived.context(), None, now);
        self.record_hub(meta, HubEvent::ObjectRecalled(Arc::new(recalled)));
    }
}
