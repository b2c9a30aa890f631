//! Money: exact amounts that keep the scale they arrived with.
//! Invariant: 403.00 stays 403.00; nothing here rounds.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Quantity;

/// Why a text is no amount or currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a plain decimal number, or more digits than money has.
    #[error("`{0}` is not an amount of money")]
    NotAnAmount(String),
    /// Not three capital letters.
    #[error("`{0}` is not an ISO 4217 currency code")]
    NotACurrency(String),
}

/// An amount in a currency that the document names. May be negative (a credit). A JSON string on the wire.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(Decimal);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The price of `quantity` at this amount each: exact, not rounded.
    ///
    /// `None` where the product has more digits than 96 bits hold.
    pub fn times(self, quantity: Quantity) -> Option<Self> {
        self.0.checked_mul(quantity.decimal()).map(Self)
    }

    /// The sum, `None` where it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The number itself.
    pub fn decimal(self) -> Decimal {
        self.0
    }
}

impl From<Decimal> for Amount {
    fn from(number: Decimal) -> Self {
        Self(number)
    }
}

impl FromStr for Amount {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let plain =
            !text.is_empty() && text.len() <= 24 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
        let number = if plain { Decimal::from_str_exact(text).ok() } else { None };
        number.map(Self).ok_or_else(|| MoneyError::NotAnAmount(text.chars().take(40).collect()))
    }
}

impl Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}
impl Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An ISO 4217 code: `USD`, `EUR` …
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

impl Currency {
    /// The three letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for the ISO 4217 code of a currency in use, and not just three letters.
    pub fn is_money(&self) -> bool {
        crate::currency::is_money(self.as_str())
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
        if text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(Self(text))
        } else {
            Err(MoneyError::NotACurrency(text.chars().take(40).collect()))
        }
    }
}
impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Self::try_from(text.to_owned())
    }
}
impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}
impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
