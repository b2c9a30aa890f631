//! `[orders]`: which facility serves whom, what may be split, what waits for its payment.
//! Here: the words of the file and their mistakes. Not here: what they mean (`crossdock_core::OrderPolicy`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crossdock_core::{DestinationRule, OrderPolicy, PaymentRule, Split};
use crossdock_model::{FacilityId, PaymentCounts, PaymentHolds, SystemId};
use serde::Deserialize;
use toml::Spanned;

use super::SystemConfig;
use super::file::{Reader, span};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OrdersTable {
    destinations: Vec<Spanned<DestinationTable>>,
    most_stock_first: Option<bool>,
    one_facility_if_possible: Option<bool>,
    max_facilities: Option<Spanned<u64>>,
    split: Option<SplitWord>,
    release_while_erp_is_down: Option<bool>,
    returns_are_sellable: Option<bool>,
    payment: BTreeMap<String, Spanned<PaymentTable>>,
    early_payment_ms: Option<Spanned<u64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DestinationTable {
    country: Spanned<String>,
    region: Option<String>,
    facilities: Spanned<Vec<Spanned<String>>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SplitWord {
    Parts,
    WholeLines,
    WholeOrders,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaymentTable {
    holds: PaymentHolds,
    counts: PaymentCounts,
    due_ms: Spanned<u64>,
}

impl Reader<'_> {
    pub(super) fn orders(&mut self, table: OrdersTable, systems: &BTreeMap<String, SystemConfig>) -> OrderPolicy {
        let usual = OrderPolicy::default();
        let ms = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let early = Duration::from_millis(u64::try_from(usual.early_payment_ms).unwrap_or_default());
        OrderPolicy {
            most_stock_first: table.most_stock_first.unwrap_or(usual.most_stock_first),
            one_facility_if_possible: table.one_facility_if_possible.unwrap_or(usual.one_facility_if_possible),
            max_facilities: table.max_facilities.map(|most| {
                let most = self.positive("orders.max_facilities", Some(most), 1);
                usize::try_from(most).unwrap_or(usize::MAX)
            }),
            split: table.split.map_or(usual.split, |word| match word {
                SplitWord::Parts => Split::Parts,
                SplitWord::WholeLines => Split::WholeLines,
                SplitWord::WholeOrders => Split::WholeOrders,
            }),
            release_while_erp_is_down: table.release_while_erp_is_down.unwrap_or(usual.release_while_erp_is_down),
            returns_are_sellable: table.returns_are_sellable.unwrap_or(usual.returns_are_sellable),
            early_payment_ms: ms(self.duration("orders.early_payment_ms", table.early_payment_ms, early)),
            payment: self.payment(table.payment, systems),
            destinations: self.destinations(table.destinations, systems),
        }
    }

    fn payment(
        &mut self,
        table: BTreeMap<String, Spanned<PaymentTable>>,
        systems: &BTreeMap<String, SystemConfig>,
    ) -> BTreeMap<SystemId, PaymentRule> {
        let mut rules = BTreeMap::new();
        for (channel, rule) in table {
            let key = format!("orders.payment.{channel}");
            let Some(id) = systems.get_key_value(&channel).and_then(|(id, _)| id.parse::<SystemId>().ok()) else {
                let hint = crossdock_diag::did_you_mean(&channel, systems.keys().map(String::as_str));
                let mistake = self.mistake(&key, span(&rule), format!("no system is called `{channel}`"));
                match hint {
                    Some(hint) => mistake.help(format!("did you mean `{hint}`?")).file(),
                    None => mistake.file(),
                }
                continue;
            };
            let PaymentTable { holds, counts, due_ms } = rule.into_inner();
            let due = self.duration(&format!("{key}.due_ms"), Some(due_ms), Duration::ZERO);
            let due_ms = i64::try_from(due.as_millis()).unwrap_or(i64::MAX);
            rules.insert(id, PaymentRule { holds, counts, due_ms });
        }
        rules
    }

    /// The first rule that fits decides: one that can never be the first is a mistake, not a rule.
    fn destinations(
        &mut self,
        tables: Vec<Spanned<DestinationTable>>,
        systems: &BTreeMap<String, SystemConfig>,
    ) -> Vec<DestinationRule> {
        let key = "orders.destinations";
        let mut rules: Vec<DestinationRule> = Vec::new();
        for table in tables {
            let at = span(&table);
            let DestinationTable { country, region, facilities } = table.into_inner();
            let code = country.as_ref();
            if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
                let text = format!("`{code}` is no country");
                self.mistake(key, span(&country), text)
                    .help("two capital letters of ISO 3166, for example \"US\"")
                    .file();
            }
            let before =
                rules.iter().find(|rule| rule.country == *code && (rule.region.is_none() || rule.region == region));
            if before.is_some() {
                let text = format!("an earlier rule decides about all of {}", place(code, region.as_deref()));
                self.mistake(key, at, text).help("the first that fits decides: put the narrower one first").file();
            }
            if facilities.as_ref().is_empty() {
                self.mistake(key, span(&facilities), "no facility would serve it".to_owned()).file();
            }
            let mut named = BTreeSet::new();
            let mut serving = Vec::new();
            for name in facilities.into_inner() {
                let known = systems.values().any(|system| system.facility.as_ref() == Some(name.as_ref()));
                match name.as_ref().parse::<FacilityId>() {
                    Ok(_) if !named.insert(name.as_ref().clone()) => {
                        self.mistake(key, span(&name), format!("`{}` is named twice", name.as_ref())).file();
                    }
                    Ok(facility) if known => serving.push(facility),
                    _ => {
                        let text = format!("no system has the facility `{}`", name.as_ref());
                        self.mistake(key, span(&name), text).file();
                    }
                }
            }
            rules.push(DestinationRule { country: country.into_inner(), region, facilities: serving });
        }
        rules
    }
}

fn place(country: &str, region: Option<&str>) -> String {
    region.map_or_else(|| country.to_owned(), |region| format!("{country}, {region}"))
}
