//! Two partitions under the same inputs: one lets go of everything that is over, the other of nothing. Whatever is said later, both
//! decide, answer, send and keep the same (docs/concepts/domain.md, 18.4).
//!
//! The other one records an entry without effect for each archive entry of the first, so that every place, number, key and name of
//! both logs is the same, and they can be compared entry by entry.
//! Not here: the steps (`random`), which drive the pair as they drive a partition alone.

use std::sync::Arc;

use crossdock_model::{Event, HubEvent, Timestamp};

use super::index;
use crate::archive::Archived;
use crate::{Entry, Input, Output, Partition, Policy, Seq, State, invariants};

/// A partition, and the one beside it that lets go, if there is one.
pub(super) struct Pair {
    never: Partition,
    lets_go: Option<LetsGo>,
}

struct LetsGo {
    partition: Partition,
    policy: Arc<Policy>,
    /// What was handed out to be appended; up to `durable` it was.
    log: Vec<Arc<Entry>>,
    durable: Seq,
}

/// How often something left and came back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moved {
    pub(super) archived: usize,
    pub(super) recalled: usize,
    pub(super) postponed: usize,
}

impl std::ops::Add for Moved {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            archived: self.archived + more.archived,
            recalled: self.recalled + more.recalled,
            postponed: self.postponed + more.postponed,
        }
    }
}

impl Pair {
    pub(super) fn alone(policy: &Arc<Policy>, seed: u64) -> Self {
        Self { never: Partition::new(Arc::clone(policy), seed), lets_go: None }
    }

    /// `policy` keeps what is over for ever; the twin for a second.
    pub(super) fn with_twin(policy: &Arc<Policy>, seed: u64) -> Self {
        assert!(policy.keep_closed_ms.is_none(), "the one beside it must let go of nothing");
        let short = Arc::new(Policy { keep_closed_ms: Some(1_000), ..Policy::clone(policy) });
        let partition = Partition::new(Arc::clone(&short), seed);
        Self {
            lets_go: Some(LetsGo { partition, policy: short, log: Vec::new(), durable: 0 }),
            ..Self::alone(policy, seed)
        }
    }

    pub(super) fn state(&self) -> &State {
        self.never.state()
    }

    pub(super) fn wake_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.never.wake_at(now)
    }

    pub(super) fn handle(&mut self, input: Input, now: Timestamp) {
        let Some(twin) = &mut self.lets_go else { return self.never.handle(input, now) };
        let LetsGo { partition, log, durable, .. } = twin;
        let on_disk = log.partition_point(|entry| entry.seq <= *durable);
        index::before(
            partition,
            &input,
            |name| index::look_up(&log[..on_disk], name),
            |partition, recall| {
                self.never.pads = LetsGo::fed(partition, recall, now);
                self.never.handle(Input::Tick, now);
            },
        );
        self.never.pads = twin.feed(input.clone(), now);
        self.never.handle(input, now);
    }

    pub(super) fn next_output(&mut self, now: Timestamp) -> Option<Output> {
        let output = self.never.next_output(now);
        if let Some(twin) = &mut self.lets_go {
            let of_twin = twin.partition.next_output(now);
            match (&output, &of_twin) {
                (Some(Output::Append { entries, .. }), Some(Output::Append { entries: of_twin, .. })) => {
                    same(entries, of_twin);
                    twin.log.extend(of_twin.iter().cloned());
                }
                (Some(Output::Publish { entries }), Some(Output::Publish { entries: of_twin })) => {
                    same(entries, of_twin);
                }
                _ => assert_eq!(format!("{output:?}"), format!("{of_twin:?}"), "both do the same next"),
            }
        }
        output
    }

    /// After a crash: `ledger` is what became durable.
    pub(super) fn restore(&mut self, policy: &Arc<Policy>, seed: u64, ledger: &[Arc<Entry>]) {
        self.never = Partition::new(Arc::clone(policy), seed);
        for entry in ledger {
            self.never.restore(entry);
        }
        if let Some(twin) = &mut self.lets_go {
            twin.log.truncate(ledger.len());
            twin.durable = ledger.last().map_or(0, |entry| entry.seq);
            twin.partition = Partition::new(Arc::clone(&twin.policy), seed);
            for entry in &twin.log {
                twin.partition.restore(entry);
            }
        }
    }

    /// What holds after each step.
    pub(super) fn check(&self) {
        if let Some(twin) = &self.lets_go {
            let broken = invariants::check(twin.partition.state());
            assert!(broken.is_empty(), "{broken:#?}");
        }
    }

    /// What holds at the end: what is in memory is the same, what is not stands in the log; and the log folds to the state.
    pub(super) fn end(&self) -> Moved {
        let Some(twin) = &self.lets_go else { return Moved::default() };
        let (state, other) = (twin.partition.state(), self.never.state());
        for order in other.orders() {
            let here = state.order(&order.key).map(|order| format!("{order:?}"));
            let here = here.unwrap_or_else(|| match twin.archived(&format!("order/{}", order.key)) {
                Archived::Order(order) => format!("{order:?}"),
                other => panic!("{other:?} is no order"),
            });
            assert_eq!(here, format!("{order:?}"));
        }
        for po in other.purchase_orders() {
            let here = state
                .purchase_order(&po.po.po_number)
                .map(|po| format!("{:?}", state.procurement.dossier(po).without_parcels()));
            let here = here.unwrap_or_else(|| match twin.archived(&format!("po/{}", po.po.po_number)) {
                Archived::PurchaseOrder(dossier) => format!("{:?}", dossier.without_parcels()),
                other => panic!("{other:?} is no purchase order"),
            });
            assert_eq!(here, format!("{:?}", other.procurement.dossier(po).without_parcels()));
        }
        let mut anew = Partition::new(Arc::clone(&twin.policy), 3);
        for entry in &twin.log {
            anew.restore(&read_back(entry));
        }
        assert_eq!(format!("{:?}", anew.state()), format!("{state:?}"), "I11");
        let count = |of: fn(&HubEvent) -> bool| {
            twin.log.iter().filter(|entry| matches!(&entry.event, Event::Hub(event) if of(event))).count()
        };
        Moved {
            archived: count(|event| matches!(event, HubEvent::ObjectArchived(_))),
            recalled: count(|event| matches!(event, HubEvent::ObjectRecalled(_))),
            postponed: count(|event| matches!(event, HubEvent::ArchivePostponed(_))),
        }
    }
}

impl LetsGo {
    /// Feeds it, and says how many archive entries that made.
    fn feed(&mut self, input: Input, now: Timestamp) -> usize {
        if let Input::Appended { upto } = &input {
            self.durable = *upto;
        }
        Self::fed(&mut self.partition, input, now)
    }

    fn fed(partition: &mut Partition, input: Input, now: Timestamp) -> usize {
        let before = partition.archival;
        partition.handle(input, now);
        partition.archival - before
    }

    fn archived(&self, about: &str) -> Archived {
        let newest = index::newest(&self.log, about);
        let (_, event) = newest.unwrap_or_else(|| panic!("{about} is neither in memory nor in the log"));
        Archived::read(event.kind, event.form, &event.state).expect("a readable record")
    }
}

/// As it would come from the disk.
fn read_back(entry: &Entry) -> Entry {
    let json = entry.to_cloud_event().unwrap().to_json();
    let envelope = crossdock_model::CloudEvent::from_json(json).unwrap();
    Entry::from_cloud_event(entry.seq, envelope).unwrap()
}

/// The same entries at the same places, but for those of the archive.
fn same(one: &[Arc<Entry>], of_twin: &[Arc<Entry>]) {
    assert_eq!(one.len(), of_twin.len(), "both have as many entries");
    for (one, of_twin) in one.iter().zip(of_twin) {
        match (is_archival(one), is_archival(of_twin)) {
            (true, true) => assert_eq!(one.seq, of_twin.seq),
            _ => assert_eq!(one, of_twin, "the one that let go decided something else"),
        }
    }
}

fn is_archival(entry: &Entry) -> bool {
    matches!(
        &entry.event,
        Event::Hub(HubEvent::ObjectArchived(_) | HubEvent::ObjectRecalled(_) | HubEvent::ArchivePostponed(_))
    )
}
