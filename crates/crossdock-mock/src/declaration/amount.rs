//! A decimal as people write it in a file: quoted, so that its scale and digits stay.

use std::borrow::Cow;

use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A quantity or an amount of money, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Amount(Decimal);

impl Amount {
    /// As a decimal; the scale is the one that was written.
    #[must_use]
    pub fn decimal(self) -> Decimal {
        self.0
    }
}

impl TryFrom<String> for Amount {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match Decimal::from_str_exact(&text) {
            Ok(decimal) if !decimal.is_sign_negative() => Ok(Self(decimal)),
            Ok(_) => Err(format!("`{text}` is negative")),
            Err(_) => Err(format!("`{text}` is not a decimal number")),
        }
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]{1,18}(\\.[0-9]{1,9})?$",
            "description": "A decimal in quotes: \"120\", \"403.00\".",
        })
    }
}
