//! Taking out what is over, and putting it back.
//! Not here: whether it may go (`decide/archive.rs`). Invariant: both change what is remembered of the object, and no figure.

use crossdock_model::{ArchivePostponed, ArchivedKind, ObjectArchived, ObjectRecalled, PoNumber, Text, Timestamp};

use crate::about::About;
use crate::archive::{Archived, names};
use crate::{Entry, OrderKey, State};

impl State {
    /// Whatever became of an order: if it is over, its time in memory begins.
    pub(super) fn look_at_order(&mut self, key: &OrderKey, at: Timestamp) {
        if self.orders.get(key).is_some_and(|order| !order.is_open()) {
            self.closed.keep(names::order(key), at);
        }
    }

    /// The same of a purchase order.
    pub(super) fn look_at_po(&mut self, number: &PoNumber, at: Timestamp) {
        if self.procurement.orders.get(number).is_some_and(|po| !po.is_open()) {
            self.closed.keep(names::po(number), at);
        }
    }

    pub(super) fn archive(&mut self, event: &ObjectArchived) {
        self.closed.forget(&event.about);
        match (event.kind, About::parse(&event.about)) {
            (ArchivedKind::Order, Some(About::Order(key))) => self.take_out_order(&key),
            (ArchivedKind::PurchaseOrder, Some(About::Po(number))) => self.procurement.take_out(&number),
            (ArchivedKind::Recommendation, Some(About::Recommendation(id))) => {
                self.procurement.take_out_recommendation(&id);
            }
            _ => {}
        }
    }

    pub(super) fn recall(&mut self, event: &ObjectRecalled, entry: &Entry) {
        let Some(archived) = Archived::read(event.kind, event.form, &event.state) else { return };
        match archived {
            Archived::Order(order) => {
                for (line, serial) in order.lines.iter().filter_map(|line| Some((line, line.serial.as_ref()?))) {
                    let named = event.names.contains(&names::unit(&line.product, serial));
                    if named && self.stock.serials.promised(&line.product, serial).is_none() {
                        self.stock.serials.promise(&line.product, serial, (&order.key, line.number));
                    }
                }
                self.orders.put_back(*order, &event.names);
            }
            Archived::PurchaseOrder(dossier) => self.procurement.put_back(*dossier, &event.names),
            Archived::Recommendation(one) => self.procurement.add_recommendation(*one),
            Archived::Exception(_) => return,
        }
        self.closed.keep(event.about.clone(), entry.meta.received_at);
    }

    /// Something of it is open: it is looked at again when as much time has gone by.
    pub(super) fn postpone_archive(&mut self, event: &ArchivePostponed, entry: &Entry) {
        if self.is_known(&event.about) {
            self.closed.keep(event.about.clone(), entry.meta.received_at);
        } else {
            self.closed.forget(&event.about);
        }
    }

    /// Whether the object of an archive record is in memory.
    pub(crate) fn is_known(&self, about: &Text) -> bool {
        match About::parse(about) {
            Some(About::Order(key)) => self.orders.get(&key).is_some(),
            Some(About::Po(number)) => self.procurement.orders.contains_key(&number),
            Some(About::Recommendation(id)) => self.procurement.recommendations.contains_key(&id),
            _ => false,
        }
    }

    fn take_out_order(&mut self, key: &OrderKey) {
        let Some(order) = self.orders.take_out(key) else { return };
        for (line, serial) in order.lines.iter().filter_map(|line| Some((line, line.serial.as_ref()?))) {
            self.stock.serials.forget(&line.product, serial, key);
        }
    }
}
