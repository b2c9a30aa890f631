//! Master data: the versions of products, prices, customers and suppliers, as their owners keep them.
//! Rules: docs/concepts/domain.md 6.1 to 6.4, 7.1 (catalogue, unit of measure, price). Here: which versions are kept and which one counts
//! at a time. Not here: whether a version is taken (`decide/master.rs`).
//! Invariant (I8): the highest version that counts at a time wins, whenever it arrived.

use std::collections::BTreeMap;

use crossdock_model::{
    Amount, Currency, CustomerId, CustomerUpserted, Factor, PriceUpserted, ProductId, ProductUpserted, Quantity,
    SupplierUpserted, SystemId, Timestamp, Unit, UnitFactor,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Versions kept of one record and sender: the current one, those to come, and those before, for messages that are late. What a
/// document was made with stands in the document; every version stands in the ledger.
const KEPT: usize = 16;

/// What every version has.
pub trait Record {
    /// Rising, by the sender's count.
    fn version(&self) -> u64;
    /// From which day it counts.
    fn valid_from(&self) -> Option<Date>;
}

/// A version and from when it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version<T> {
    /// What it says.
    pub record: T,
    /// The midnight UTC of its first day, or when it was said.
    pub from: Timestamp,
}

/// A record: the versions of each system that says something of it.
#[derive(Clone, Debug)]
pub struct Versions<T> {
    by_system: BTreeMap<SystemId, Vec<Version<T>>>,
}

impl<T> Default for Versions<T> {
    fn default() -> Self {
        Self { by_system: BTreeMap::new() }
    }
}

impl<T: Record> Versions<T> {
    /// Keeps a version. One that is known already is replaced: the same number with other content was refused before.
    pub(crate) fn keep(&mut self, system: &SystemId, record: T, said_at: Timestamp) {
        let from = record.valid_from().and_then(midnight).unwrap_or(said_at);
        let versions = self.by_system.entry(system.clone()).or_default();
        let number = record.version();
        versions.retain(|known| known.record.version() != number);
        let place = versions.partition_point(|known| known.record.version() < number);
        versions.insert(place, Version { record, from });
        if versions.len() > KEPT {
            // The oldest that does not count any more: those to come may be many, the one that counts is not lost for them.
            let over = versions.iter().skip(1).position(|next| next.from <= said_at);
            versions.remove(over.unwrap_or(0));
        }
    }

    /// What each system says that counts at a time: the highest version that has begun; before the first, the first.
    pub fn at(&self, at: Timestamp) -> impl Iterator<Item = (&SystemId, &Version<T>)> {
        self.by_system.iter().filter_map(move |(system, versions)| {
            let begun = versions.iter().rev().find(|version| version.from <= at);
            Some((system, begun.or_else(|| versions.first())?))
        })
    }

    /// A value at a time: where two systems say it, that of the version that began last.
    pub fn value<'a, V: 'a>(&'a self, at: Timestamp, of: impl Fn(&'a T) -> Option<V>) -> Option<V> {
        let said = self.at(at).filter_map(|(_, version)| Some((version.from, of(&version.record)?)));
        said.max_by_key(|(from, _)| *from).map(|(_, value)| value)
    }

    /// The versions of one system, the lowest first.
    pub fn of(&self, system: &SystemId) -> &[Version<T>] {
        self.by_system.get(system).map_or(&[], Vec::as_slice)
    }
}

/// A day begins at midnight UTC.
fn midnight(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp())
}

impl Record for ProductUpserted {
    fn version(&self) -> u64 {
        self.version
    }
    fn valid_from(&self) -> Option<Date> {
        self.valid_from
    }
}

impl Record for PriceUpserted {
    fn version(&self) -> u64 {
        self.version
    }
    fn valid_from(&self) -> Option<Date> {
        Some(self.valid_from)
    }
}

impl Record for CustomerUpserted {
    fn version(&self) -> u64 {
        self.version
    }
    fn valid_from(&self) -> Option<Date> {
        self.valid_from
    }
}

impl Record for SupplierUpserted {
    fn version(&self) -> u64 {
        self.version
    }
    fn valid_from(&self) -> Option<Date> {
        self.valid_from
    }
}

/// What is declared of master data and of plausible input. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasterPolicy {
    /// Products, customers, suppliers and carriers that the hub was not told of are refused.
    pub strict: bool,
    /// How old a feed may be (7.1) …
    pub max_age_ms: i64,
    /// … and a feed of this name, where it is declared.
    pub max_age_by_feed_ms: BTreeMap<String, i64>,
    /// How far a sender's clock may be ahead.
    pub ahead_ms: i64,
    /// How long ago what is reported may have happened.
    pub past_ms: i64,
}

impl MasterPolicy {
    pub(crate) fn max_age_of(&self, feed: &str) -> i64 {
        self.max_age_by_feed_ms.get(feed).copied().unwrap_or(self.max_age_ms)
    }
}

impl Default for MasterPolicy {
    fn default() -> Self {
        Self {
            strict: false,
            max_age_ms: 3_600_000,
            max_age_by_feed_ms: BTreeMap::new(),
            ahead_ms: 24 * 3_600_000,
            past_ms: 5 * 365 * 24 * 3_600_000,
        }
    }
}

/// Of which unit of which product in which currency a price is.
pub(crate) type PriceKey = (ProductId, Unit, Currency);

/// All master data.
#[derive(Clone, Debug, Default)]
pub struct Master {
    pub(crate) products: BTreeMap<ProductId, Versions<ProductUpserted>>,
    pub(crate) prices: BTreeMap<PriceKey, Versions<PriceUpserted>>,
    pub(crate) customers: BTreeMap<CustomerId, Versions<CustomerUpserted>>,
    pub(crate) suppliers: BTreeMap<SystemId, Versions<SupplierUpserted>>,
    /// Up to which time the feeds of each system are known.
    pub(crate) synced: BTreeMap<(SystemId, String), Timestamp>,
}

/// What a unit of a product is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Nobody said in which unit the product is counted: what is said is taken as it is.
    Unknown,
    /// The base unit itself.
    Base,
    /// Another one, of this factor.
    Other(UnitFactor),
    /// None of the product's units, which are these.
    NotOfProduct(Vec<Unit>),
}

impl Master {
    /// A product, if anything was ever said of it.
    pub fn product(&self, product: &ProductId) -> Option<&Versions<ProductUpserted>> {
        self.products.get(product)
    }

    /// The price of a unit of a product at a time.
    pub fn price(&self, product: &ProductId, unit: &Unit, currency: &Currency, at: Timestamp) -> Option<Amount> {
        let versions = self.prices.get(&(product.clone(), unit.clone(), currency.clone()))?;
        let price = versions.value(at, Some)?;
        let from = midnight(price.valid_from)?;
        let over = price.valid_until.and_then(midnight).is_some_and(|until| until <= at);
        (from <= at && !over).then_some(price.unit_price)
    }

    /// A customer, if anything was ever said of it.
    pub fn customer(&self, customer: &CustomerId) -> Option<&Versions<CustomerUpserted>> {
        self.customers.get(customer)
    }

    /// A supplier, if anything was ever said of it.
    pub fn supplier(&self, supplier: &SystemId) -> Option<&Versions<SupplierUpserted>> {
        self.suppliers.get(supplier)
    }

    /// What may be received above a purchase order line of a supplier, in percent of what was ordered.
    pub fn receipt_tolerance_percent(&self, supplier: &SystemId, at: Timestamp) -> Option<Quantity> {
        self.suppliers.get(supplier)?.value(at, |record| record.receipt_tolerance_percent)
    }

    /// Up to which time a feed of a system is known.
    pub fn synced(&self, system: &SystemId, feed: &str) -> Option<Timestamp> {
        self.synced.get(&(system.clone(), feed.to_owned())).copied()
    }

    /// What may stand in for a product, by the newest version of each system.
    pub(crate) fn substitutes(&self, product: &ProductId) -> impl Iterator<Item = &ProductId> {
        let systems = self.products.get(product).into_iter().flat_map(|versions| versions.by_system.values());
        systems.filter_map(|versions| versions.last()?.record.substitutes.as_ref()).flatten()
    }

    /// True before the first version of a product arrived.
    pub(crate) fn has_no_products(&self) -> bool {
        self.products.is_empty()
    }

    /// What a unit of a product is, at the time of the document that says it.
    pub(crate) fn measure(&self, product: &ProductId, unit: &Unit, at: Timestamp) -> Measure {
        let with_units = |record: &'_ ProductUpserted| record.base_unit.is_some();
        let said = self.products.get(product).and_then(|versions| {
            let all = versions.at(at).filter(|(_, version)| with_units(&version.record));
            all.max_by_key(|(_, version)| version.from).map(|(_, version)| &version.record)
        });
        let Some((record, base)) = said.and_then(|record| Some((record, record.base_unit.as_ref()?))) else {
            return Measure::Unknown;
        };
        if base == unit {
            return Measure::Base;
        }
        let units = record.units.as_deref().unwrap_or_default();
        let found = units.iter().find(|known| known.unit == *unit);
        let Some((known, factor)) = found.and_then(|known| Some((known, known.factor.parse::<Factor>().ok()?))) else {
            let all = std::iter::once(base).chain(units.iter().map(|known| &known.unit));
            return Measure::NotOfProduct(all.cloned().collect());
        };
        Measure::Other(UnitFactor {
            product: product.clone(),
            unit: unit.clone(),
            base: base.clone(),
            factor,
            version: record.version,
            indivisible: known.indivisible,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Master, PriceKey, Versions};
    use crossdock_model::{ProductUpserted, SystemId, Timestamp};
    use serde_json::json;

    fn version(number: usize, valid_from: &str) -> ProductUpserted {
        serde_json::from_value(json!({ "product": "P-1", "version": number, "validFrom": valid_from })).unwrap()
    }

    #[test]
    fn versions_to_come_do_not_push_out_the_one_that_counts() {
        let (erp, now): (SystemId, Timestamp) = ("erp".parse().unwrap(), "2026-03-01T00:00:00Z".parse().unwrap());
        let mut versions = Versions::default();
        versions.keep(&erp, version(1, "2026-01-01"), now);
        versions.keep(&erp, version(2, "2026-02-01"), now);
        for number in 3..KEPT + 2 {
            versions.keep(&erp, version(number, "2027-01-01"), now);
        }
        assert_eq!(versions.of(&erp).len(), KEPT);
        let counts = versions.at(now).map(|(_, version)| version.record.version).collect::<Vec<_>>();
        assert_eq!(counts, [2], "the first one, which counts no more, made room");
    }

    #[test]
    fn a_price_counts_from_its_first_day_to_its_last() {
        let mut master = Master::default();
        let key: PriceKey = ("P-1".parse().unwrap(), "EA".parse().unwrap(), "USD".parse().unwrap());
        let (product, unit, currency) = &key;
        let price = json!({
            "product": product, "unit": unit, "currency": currency, "version": 1, "unitPrice": "2.50",
            "validFrom": "2026-03-01", "validUntil": "2026-04-01",
        });
        let versions = master.prices.entry(key.clone()).or_default();
        let said_at = "2026-02-01T00:00:00Z".parse().unwrap();
        versions.keep(&"erp".parse().unwrap(), serde_json::from_value(price).unwrap(), said_at);
        let at = |time: &str| {
            let price = master.price(product, unit, currency, time.parse().unwrap());
            price.map(|price| price.to_string())
        };
        assert_eq!(at("2026-02-28T23:59:59.999Z"), None, "the day before");
        assert_eq!(at("2026-03-01T00:00:00Z"), Some("2.50".to_owned()), "from its first instant");
        assert_eq!(at("2026-03-31T23:59:59.999Z"), Some("2.50".to_owned()));
        assert_eq!(at("2026-04-01T00:00:00Z"), None, "until ends it");
        let of_another = master.price(&"P-2".parse().unwrap(), unit, currency, said_at);
        assert_eq!(of_another, None);
    }
}
