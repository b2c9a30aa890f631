//! How durations and rates are spelled in scenario and environment files: `30s`, `1.5m`, `20/s`.
//! Here: the two spellings, their parsers, and their words in the editor schema. Not here: reporting a wrong one with its
//! place (`compile`), because only the document knows where it stands.
//! Invariant: reading a file never fails on a spelling; it is kept as text until the place of a mistake can be told.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A duration as people write it: a decimal number and a unit of `us`, `ms`, `s`, `m`, `h`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DurationText(pub String);

/// A rate as people write it: a decimal number `per` a unit, `20/s`, `90/m`, `1000/h`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RateText(pub String);

/// A spelling that means nothing, with what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a {what}")]
pub struct SpellingError {
    /// The text as it stands in the file.
    pub found: String,
    /// `duration` or `rate`.
    pub what: &'static str,
    /// What would be right.
    pub help: &'static str,
}

const DURATION_PATTERN: &str = r"^[0-9]+(\.[0-9]+)?(us|ms|s|m|h)$";
const RATE_PATTERN: &str = r"^[0-9]+(\.[0-9]+)?/(s|m|h)$";
const DURATION_HELP: &str = "write a number and a unit: `250ms`, `30s`, `1.5m`, `2h`";
const RATE_HELP: &str = "write a number per unit: `20/s`, `90/m`, `1000/h`";
/// Longer than any sensible wait, and far from overflow of the arithmetic behind it.
const LONGEST_SECONDS: f64 = 365.0 * 24.0 * 3600.0;

impl DurationText {
    /// The duration meant.
    pub fn parse(&self) -> Result<Duration, SpellingError> {
        let wrong = || SpellingError { found: self.0.clone(), what: "duration", help: DURATION_HELP };
        let unit_at = self.0.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
        let (number, unit) = self.0.split_at(unit_at);
        let seconds_per_unit = match unit {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        let seconds = decimal(number).ok_or_else(wrong)? * seconds_per_unit;
        if seconds > LONGEST_SECONDS {
            return Err(SpellingError { help: "a year is the longest duration", ..wrong() });
        }
        Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
    }
}

impl RateText {
    /// The rate meant, per second; above zero.
    pub fn parse(&self) -> Result<f64, SpellingError> {
        let wrong = || SpellingError { found: self.0.clone(), what: "rate", help: RATE_HELP };
        let (number, unit) = self.0.split_once('/').ok_or_else(wrong)?;
        let seconds = match unit {
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return Err(wrong()),
        };
        let per_second = decimal(number).ok_or_else(wrong)? / seconds;
        if per_second > 0.0 && per_second <= 1e6 {
            Ok(per_second)
        } else {
            Err(SpellingError { help: "a rate is above zero and at most a million a second", ..wrong() })
        }
    }
}

/// Digits with an optional fraction; neither a sign nor an exponent, which nobody expects here.
fn decimal(text: &str) -> Option<f64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if digits(whole) && digits(fraction) { text.parse().ok() } else { None }
}

impl JsonSchema for DurationText {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": DURATION_PATTERN, "description": "A number and a unit: 250ms, 30s, 1.5m, 2h", "examples": ["30s"]})
    }
}

impl JsonSchema for RateText {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": RATE_PATTERN, "description": "A number per unit: 20/s, 90/m, 1000/h", "examples": ["20/s"]})
    }
}
