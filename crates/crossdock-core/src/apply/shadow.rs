//! What a shadow comparison changes: its notes, its counts and the timer of its next window.

use crossdock_model::{ShadowDiffered, ShadowNoted};

use crate::{Due, Entry, State};

impl State {
    pub(super) fn note_shadow(&mut self, noted: &ShadowNoted, entry: &Entry) {
        self.shadows.entry(noted.group.clone()).or_default().note(entry.seq, noted);
        self.wait_for_shadow(&noted.group);
    }

    pub(super) fn settle_shadow(&mut self, differed: &ShadowDiffered) {
        self.shadows.entry(differed.group.clone()).or_default().settle(differed);
        self.wait_for_shadow(&differed.group);
    }

    fn wait_for_shadow(&mut self, group: &str) {
        let due = Due::Shadow(group.to_owned());
        match self.shadows.get(group).and_then(crate::shadow::Comparison::next_deadline) {
            Some(at) => self.timers.set(due, at),
            None => self.timers.clear(&due),
        }
    }
}
