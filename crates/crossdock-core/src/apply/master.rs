//! What master data changes: a version more. Older ones are kept as long as documents may still be late for them.

use crossdock_model::ProductUpserted;

use crate::{Entry, State};

impl State {
    pub(super) fn keep_product(&mut self, product: &ProductUpserted, entry: &Entry) {
        let versions = self.master.products.entry(product.product.clone()).or_default();
        versions.keep(&entry.meta.system, product.clone(), entry.meta.source_time);
    }
}
