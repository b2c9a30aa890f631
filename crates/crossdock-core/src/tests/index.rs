//! The index on disk, as a test has it: a look through the log.
//! Invariant: the same answers as the hub's (`crossdock-hub`, `recall.rs`): of each name the newest record, and of each object too.

use std::collections::BTreeSet;
use std::sync::Arc;

use crossdock_model::{Event, HubEvent, ObjectArchived, Text};

use crate::archive::Recall;
use crate::{Entry, Input, Partition, Seq};

/// What has to be handed to a partition before an input, round by round: `feed` gets it.
pub(super) fn before(
    partition: &mut Partition,
    input: &Input,
    look_up: impl Fn(&Text) -> Option<Recall>,
    mut feed: impl FnMut(&mut Partition, Input),
) {
    let mut asked = BTreeSet::new();
    loop {
        let missing = partition.missing(input).into_iter();
        let missing: Vec<_> = missing.filter(|name| asked.insert(name.clone())).collect();
        let found: Vec<_> = missing.iter().filter_map(&look_up).collect();
        if missing.is_empty() {
            return;
        }
        if !found.is_empty() {
            feed(partition, Input::Recall { found });
        }
    }
}

/// What a log has of a name.
pub(super) fn look_up(log: &[Arc<Entry>], name: &Text) -> Option<Recall> {
    let (_, named) = newest(log, name)?;
    let (seq, event) = newest(log, &named.about)?;
    let own = |name: &&Text| newest(log, name).is_some_and(|(newest, _)| newest == seq);
    Some(Recall { seq, event: Arc::clone(event), names: event.names.iter().filter(own).cloned().collect() })
}

/// The newest record of a name.
pub(super) fn newest<'a>(log: &'a [Arc<Entry>], name: &str) -> Option<(Seq, &'a Arc<ObjectArchived>)> {
    let records = log.iter().rev().filter_map(|entry| match &entry.event {
        Event::Hub(HubEvent::ObjectArchived(event)) => Some((entry.seq, event)),
        _ => None,
    });
    records.into_iter().find(|(_, event)| event.about == name || event.names.iter().any(|known| known == name))
}
