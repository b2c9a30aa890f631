//! Quantities: exact decimals in a product's base unit.
//! Here: [`Quantity`] (what a message carries, never negative) and [`Balance`] (what a sum of them may become).
//! Not here: units of measure and their factors.
//! Invariant: no float anywhere; on the wire a quantity is a JSON string.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Digits after the point at most.
const MAX_SCALE: u32 = 6;
/// Millionths in one unit.
const ONE: i64 = 1_000_000;
/// A quantity is below a trillion units.
const LIMIT: i64 = 1_000_000_000_000;

/// Why a text is no quantity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a plain decimal number.
    #[error("`{0}` is not a decimal number")]
    NotANumber(String),
    /// Below zero, where only an amount makes sense.
    #[error("{0} is negative; a quantity says how much, the kind of movement says which way")]
    Negative(Balance),
    /// More than six digits after the point.
    #[error("{0} has more than {MAX_SCALE} digits after the point")]
    TooPrecise(Decimal),
    /// A trillion or more.
    #[error("{0} is not below {LIMIT}")]
    TooLarge(Decimal),
}

/// The number in millionths.
fn parse(text: &str) -> Result<i64, QuantityError> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    let number = if plain { Decimal::from_str_exact(text).ok() } else { None };
    let number = number.ok_or_else(|| QuantityError::NotANumber(text.chars().take(40).collect()))?;
    if number.scale() > MAX_SCALE && number.normalize().scale() > MAX_SCALE {
        return Err(QuantityError::TooPrecise(number));
    }
    if number.abs() >= Decimal::from(LIMIT) {
        return Err(QuantityError::TooLarge(number));
    }
    (number * Decimal::from(ONE)).normalize().try_into().map_err(|_| QuantityError::TooLarge(number))
}

/// An amount in the product's base unit: exact, never negative, at most six decimals. Kept in millionths.
///
/// A sum stops at nine times the largest amount that a message may carry: no order comes near it, and nothing wraps.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A whole number of base units.
    pub fn units(count: u32) -> Self {
        Self(i64::from(count) * ONE)
    }

    /// True for nothing.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// [`Quantity::is_zero`], as serde asks for it: for fields that are left out when there is nothing.
    pub fn is_zero_ref(&self) -> bool {
        self.is_zero()
    }

    /// `None` if `other` is more than there is: the caller must say what a shortfall means.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        if other <= self { Some(Self(self.0 - other.0)) } else { None }
    }

    /// What is left; nothing if `other` is more. Only where the rule itself says "at least zero".
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        self.checked_sub(other).unwrap_or(Self::ZERO)
    }

    /// A sum that is known to be at least zero.
    fn of(number: i128) -> Self {
        Self(i64::try_from(number).unwrap_or(i64::MAX))
    }

    /// The most that is whole packs of `pack`; nothing of it, if a pack holds nothing.
    #[must_use]
    pub fn whole(self, pack: Self) -> Self {
        self.0.checked_rem(pack.0).map_or(Self::ZERO, |rest| Self(self.0 - rest))
    }

    /// The number itself.
    pub fn decimal(self) -> Decimal {
        Decimal::from_i128_with_scale(self.0.into(), MAX_SCALE).normalize()
    }
}

/// A signed sum of quantities: a position's bucket, a correction. Kept in millionths, with room for 10^20 of the largest quantities.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Balance(i128);

impl Balance {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The part above zero, as a quantity.
    pub fn floored(self) -> Quantity {
        Quantity::of(self.0.max(0))
    }

    /// How much is missing to zero.
    pub fn shortfall(self) -> Quantity {
        Quantity::of((-self.0).max(0))
    }

    /// True below zero.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The number itself.
    pub fn decimal(self) -> Decimal {
        Decimal::try_from_i128_with_scale(self.0, MAX_SCALE).unwrap_or(Decimal::MAX).normalize()
    }
}

impl From<Quantity> for Balance {
    fn from(quantity: Quantity) -> Self {
        Self(quantity.0.into())
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let number = parse(text)?;
        if number < 0 {
            return Err(QuantityError::Negative(Balance(number.into())));
        }
        Ok(Self(number))
    }
}

impl FromStr for Balance {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse(text).map(|number| Self(number.into()))
    }
}

impl TryFrom<Decimal> for Quantity {
    type Error = QuantityError;
    fn try_from(number: Decimal) -> Result<Self, QuantityError> {
        number.to_string().parse()
    }
}

impl Add for Quantity {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}
impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}
impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl<T: Into<Balance>> Add<T> for Balance {
    type Output = Self;
    fn add(self, other: T) -> Self {
        Self(self.0 + other.into().0)
    }
}
impl<T: Into<Balance>> Sub<T> for Balance {
    type Output = Self;
    fn sub(self, other: T) -> Self {
        Self(self.0 - other.into().0)
    }
}
impl<T: Into<Balance>> AddAssign<T> for Balance {
    fn add_assign(&mut self, other: T) {
        self.0 += other.into().0;
    }
}
impl<T: Into<Balance>> SubAssign<T> for Balance {
    fn sub_assign(&mut self, other: T) {
        self.0 -= other.into().0;
    }
}
impl Neg for Balance {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// Millionths as a plain decimal without zeros at the end.
fn write(f: &mut fmt::Formatter<'_>, number: i128) -> fmt::Result {
    let (whole, mut part) = (
        number.unsigned_abs() / u128::from(ONE.unsigned_abs()),
        number.unsigned_abs() % u128::from(ONE.unsigned_abs()),
    );
    let mut text = whole.to_string();
    if part != 0 {
        let mut digits = MAX_SCALE as usize;
        while part % 10 == 0 {
            part /= 10;
            digits -= 1;
        }
        text = format!("{text}.{part:0digits$}");
    }
    f.pad_integral(number >= 0, "", &text)
}

macro_rules! decimal_text {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Quantities carry no scale of their own: 2 and 2.00 are the same amount and print alike.
                write(f, self.0.into())
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
decimal_text!(Quantity, Balance);
