//! A length of time as people write it: `80ms`, `2s`, `1m`.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A length of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Delay(Duration);

impl Delay {
    /// As the standard library's type.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.0
    }

    /// So many milliseconds.
    #[must_use]
    pub fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }
}

impl TryFrom<String> for Delay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (count, unit) = text.split_at(digits);
        let count: u64 = count.parse().map_err(|_| explain(&text))?;
        let milliseconds = match unit {
            "ms" => Some(count),
            "s" => count.checked_mul(1_000),
            "m" => count.checked_mul(60_000),
            _ => None,
        };
        milliseconds.map(Self::from_millis).ok_or_else(|| explain(&text))
    }
}

fn explain(text: &str) -> String {
    format!("`{text}` is not a length of time: write 80ms, 2s or 1m")
}

impl JsonSchema for Delay {
    fn schema_name() -> Cow<'static, str> {
        "Delay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]{1,9}(ms|s|m)$",
            "description": "A length of time: 80ms, 2s, 1m.",
        })
    }
}
