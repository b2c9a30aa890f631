//! Units of measure: how many base units another unit holds.
//! Rules: docs/concepts/domain.md 6.1 to 6.4. Here: a factor, as it is written and as it is counted with. Not here: which factor a product
//! has at which time (the core's master data).
//! Invariant: a [`Factor`] is an exact decimal of at least 1: the base unit is the finest.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Amount, Balance, ProductId, Quantity, Unit};

/// Digits after the point at most, as of a quantity.
const MAX_SCALE: u32 = 6;
/// A factor is below this.
const LIMIT: i64 = 1_000_000_000;

/// Why a text is no factor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FactorError {
    /// Neither a decimal nor a ratio of two whole numbers.
    #[error("`{0}` is neither a decimal number nor a ratio of two whole numbers")]
    NotANumber(String),
    /// A ratio such as 1/12, or more digits than are kept.
    #[error(
        "{0} is no decimal number with at most {MAX_SCALE} digits after the point: it cannot be counted with exactly"
    )]
    NotExact(String),
    /// Below 1.
    #[error("{0} is below 1: the base unit is the finest, so a finer unit has to become the base unit")]
    FinerThanBase(String),
    /// A billion or more.
    #[error("{0} is not below {LIMIT}")]
    TooLarge(String),
}

/// How many base units a unit holds: an exact decimal from 1 on. A JSON string on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Factor(Decimal);

impl Factor {
    /// The quantity in base units; `None` where it has more digits than a quantity, or is too large.
    pub fn quantity(self, said: Quantity) -> Option<Quantity> {
        Quantity::try_from(said.decimal().checked_mul(self.0)?.normalize()).ok()
    }

    /// The balance in base units; `None` as of [`Factor::quantity`].
    pub fn balance(self, said: Balance) -> Option<Balance> {
        said.decimal().checked_mul(self.0)?.normalize().to_string().parse().ok()
    }

    /// The price of one base unit; `None` where it is no exact decimal: 100.00 for a case of 12.
    pub fn price(self, said: Amount) -> Option<Amount> {
        let mut each = said.decimal().checked_div(self.0)?.normalize();
        if each.checked_mul(self.0)? != said.decimal() || each.scale() > MAX_SCALE {
            return None;
        }
        // 120.00 for twelve are 10.00 each, not 10: money keeps its scale.
        each.rescale(each.scale().max(said.decimal().scale()));
        Some(Amount::from(each))
    }
}

impl FromStr for Factor {
    type Err = FactorError;

    /// A decimal (`12`, `2.5`) or a ratio (`25/2`) that is an exact decimal.
    fn from_str(text: &str) -> Result<Self, FactorError> {
        let shown = || text.chars().take(40).collect::<String>();
        let not_a_number = || FactorError::NotANumber(shown());
        let number = match text.split_once('/') {
            Some((over, under)) => {
                let (over, under) = ratio(over, under).ok_or_else(not_a_number)?;
                over.checked_div(under).filter(|quotient| quotient.checked_mul(under) == Some(over))
            }
            None => Some(plain(text).ok_or_else(not_a_number)?),
        };
        let number = number.map(|number| number.normalize()).filter(|number| number.scale() <= MAX_SCALE);
        let number = number.ok_or_else(shown).map_err(FactorError::NotExact)?;
        if number < Decimal::ONE {
            return Err(FactorError::FinerThanBase(shown()));
        }
        if number >= Decimal::from(LIMIT) {
            return Err(FactorError::TooLarge(shown()));
        }
        Ok(Self(number))
    }
}

fn plain(text: &str) -> Option<Decimal> {
    let digits = !text.is_empty() && text.len() <= 24 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if digits { Decimal::from_str_exact(text).ok() } else { None }
}

fn ratio(over: &str, under: &str) -> Option<(Decimal, Decimal)> {
    let whole = |text: &str| plain(text).filter(|_| !text.contains('.'));
    Some((whole(over)?, whole(under).filter(|under| !under.is_zero())?))
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl Serialize for Factor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A factor that a document was made with: it keeps this version (6.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitFactor {
    /// Of which product.
    pub product: ProductId,
    /// The unit that was said.
    pub unit: Unit,
    /// The product's base unit.
    pub base: Unit,
    /// How many base units the unit holds.
    pub factor: Factor,
    /// The version of the product's master data that says so.
    pub version: u64,
    /// The pack is allocated whole or not at all (6.4).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub indivisible: bool,
}

#[cfg(test)]
mod tests {
    use super::Factor;

    fn check(text: &str, expected: &str) {
        let actual = text.parse::<Factor>().map_or_else(|error| error.to_string(), |factor| factor.to_string());
        assert_eq!(actual, expected, "{text}");
    }

    #[test]
    fn a_factor_is_an_exact_decimal_from_one_on() {
        check("12", "12");
        check("2.50", "2.5");
        check("25/2", "12.5");
        check("1", "1");
        let inexact = "is no decimal number with at most 6 digits after the point: it cannot be counted with exactly";
        check("1/12", &format!("1/12 {inexact}"));
        check("100/3", &format!("100/3 {inexact}"));
        check("1.0000001", &format!("1.0000001 {inexact}"));
        check("0.5", "0.5 is below 1: the base unit is the finest, so a finer unit has to become the base unit");
        check("1/4", "1/4 is below 1: the base unit is the finest, so a finer unit has to become the base unit");
        check("1000000000", "1000000000 is not below 1000000000");
        for text in ["", "-12", "1e3", "1/0", "1/2/3", "1.5/2", "twelve"] {
            check(text, &format!("`{text}` is neither a decimal number nor a ratio of two whole numbers"));
        }
    }

    #[test]
    fn what_cannot_be_counted_exactly_is_not_counted() {
        let dozen: Factor = "12".parse().unwrap();
        assert_eq!(dozen.balance("-13.000".parse().unwrap()), "-156".parse().ok());
        assert_eq!(dozen.price("120.00".parse().unwrap()).map(|each| each.to_string()), Some("10.00".to_owned()));
        assert_eq!(dozen.price("100.00".parse().unwrap()), None);
        assert_eq!(dozen.quantity("999999999999".parse().unwrap()), None);
        let fine: Factor = "1.5".parse().unwrap();
        assert_eq!(fine.quantity("0.000001".parse().unwrap()), None);
    }
}
