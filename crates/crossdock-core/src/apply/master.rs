//! What master data changes: a version more. Older ones are kept as long as documents may still be late for them.

use crossdock_model::{
    CustomerUpserted, ExceptionOpened, PriceUpserted, ProductUpserted, SupplierUpserted, SyncRecorded, SystemId,
};
use serde_json::Value;

use crate::{Due, Entry, State};

impl State {
    pub(super) fn keep_product(&mut self, product: &ProductUpserted, entry: &Entry) {
        let versions = self.master.products.entry(product.product.clone()).or_default();
        versions.keep(&entry.meta.system, product.clone(), entry.meta.source_time);
    }

    pub(super) fn keep_price(&mut self, price: &PriceUpserted, entry: &Entry) {
        let key = (price.product.clone(), price.unit.clone(), price.currency.clone());
        let versions = self.master.prices.entry(key).or_default();
        versions.keep(&entry.meta.system, price.clone(), entry.meta.source_time);
    }

    pub(super) fn keep_customer(&mut self, customer: &CustomerUpserted, entry: &Entry) {
        let versions = self.master.customers.entry(customer.customer_id.clone()).or_default();
        versions.keep(&entry.meta.system, customer.clone(), entry.meta.source_time);
    }

    pub(super) fn keep_supplier(&mut self, supplier: &SupplierUpserted, entry: &Entry) {
        let versions = self.master.suppliers.entry(supplier.supplier_id.clone()).or_default();
        versions.keep(&entry.meta.system, supplier.clone(), entry.meta.source_time);
    }

    /// The feed is fresh until it is due again.
    pub(super) fn record_sync(&mut self, sync: &SyncRecorded) {
        self.master.synced.insert((sync.system.clone(), sync.feed.clone()), sync.as_of);
        self.timers.set(Due::SyncOverdue(sync.system.clone(), sync.feed.clone()), sync.due);
    }

    /// A feed that is too old is asked about once: the next sync sets its timer anew.
    pub(super) fn stop_waiting_for_sync(&mut self, opened: &ExceptionOpened) {
        let text = |key: &str| opened.details.get(key).and_then(Value::as_str);
        let system = text("system").and_then(|system| system.parse::<SystemId>().ok());
        if let (Some(system), Some(feed)) = (system, text("feed")) {
            self.timers.clear(&Due::SyncOverdue(system, feed.to_owned()));
        }
    }
}
