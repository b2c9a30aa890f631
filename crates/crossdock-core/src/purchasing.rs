//! What is declared about buying: tolerances, what a rule may accept, and how long each step may take.
//! Not here: who plays which part (`policy`).
//! Invariant: the defaults tolerate nothing, accept nothing and watch no time: a person decides.

use std::collections::BTreeMap;

use crossdock_model::{Currency, PoMilestone, Quantity};
use rust_decimal::Decimal;

/// The declared policy of buying. Percents are of the ordered quantity or price of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purchasing {
    /// How much more than ordered may come in, over all receipts of a line (docs/concepts/domain.md, 9.9).
    pub receipt_tolerance_percent: Decimal,
    /// A supplier's reduction of a line up to this is accepted by rule (4.2).
    pub accept_reduction_percent: Decimal,
    /// A billed price may differ from the ordered one by so much.
    pub price_tolerance_percent: Decimal,
    /// What is billed above what was received may be so much, without a question; it is not matched (I14).
    pub invoice_tolerance_percent: Decimal,
    /// Currencies in which is bought; any, where none is named.
    pub currencies: Vec<Currency>,
    /// How long each step of an order may take, in milliseconds, one after the other from its creation on. A milestone that is not
    /// here is not watched (10.1).
    pub allowances_ms: BTreeMap<PoMilestone, i64>,
    /// How much two clocks may differ, in milliseconds (10.5).
    pub clock_uncertainty_ms: i64,
}

/// So much of a quantity, rounded down to what a quantity can say.
pub(crate) fn percent_of(quantity: Quantity, percent: Decimal) -> Quantity {
    let part =
        quantity.decimal().checked_mul(percent).map(|product| (product / Decimal::ONE_HUNDRED).trunc_with_scale(6));
    part.and_then(|part| Quantity::try_from(part).ok()).unwrap_or(Quantity::ZERO)
}

/// True where `value` differs from `base` by no more than so much of the base.
pub(crate) fn within(base: Decimal, value: Decimal, percent: Decimal) -> bool {
    let allowed = base.abs().checked_mul(percent).map_or(Decimal::ZERO, |product| product / Decimal::ONE_HUNDRED);
    (value - base).abs() <= allowed
}

#[cfg(test)]
mod tests {
    use super::{percent_of, within};
    use rust_decimal::Decimal;

    #[test]
    fn a_share_is_rounded_down_and_a_tolerance_holds_at_its_bound() {
        let share =
            |quantity: &str, percent: &str| percent_of(quantity.parse().unwrap(), percent.parse().unwrap()).to_string();
        assert_eq!([share("200", "2.5"), share("0.000005", "50"), share("7", "0")], ["5", "0.000002", "0"]);
        let is_within = |base: &str, value: &str, percent: &str| {
            let [base, value, percent] = [base, value, percent].map(|text| text.parse::<Decimal>().unwrap());
            within(base, value, percent)
        };
        assert!(is_within("100", "105", "5") && is_within("100", "95", "5") && is_within("-100", "-105", "5"));
        assert!(!is_within("100", "105.01", "5") && !is_within("100", "94.99", "5") && !is_within("0", "0.01", "5"));
        assert!(is_within("0", "0", "0"));
    }
}
