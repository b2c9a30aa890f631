//! Exact comparison of numbers and of decimal strings.
//! Invariant: no figure goes through a binary float unless it does not fit 28 digits.

use std::cmp::Ordering;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde_json::Value;

/// Compares two values as decimals, where both are numbers or decimal strings: `"403.00"` equals `403`.
pub fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    Some(decimal(left)?.cmp(&decimal(right)?))
}

fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => parse(&number.to_string()),
        Value::String(text) => parse(text),
        _ => None,
    }
}

/// Reads a decimal exactly; a figure with more digits than a decimal holds is none.
pub(super) fn parse(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if text.contains(['e', 'E']) {
        return Decimal::from_scientific(text).ok();
    }
    Decimal::from_str_exact(text).ok()
}

/// jq's order of all values: null, false, true, numbers, strings, arrays, objects.
pub(super) fn jq_order(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => numbers(&a.to_string(), &b.to_string()),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Array(a), Value::Array(b)) => a
            .iter()
            .zip(b)
            .map(|(x, y)| jq_order(x, y))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| a.len().cmp(&b.len())),
        (Value::Object(a), Value::Object(b)) => objects(a, b),
        _ => rank(left).cmp(&rank(right)),
    }
}

fn objects(a: &serde_json::Map<String, Value>, b: &serde_json::Map<String, Value>) -> Ordering {
    let sorted = |map: &serde_json::Map<String, Value>| {
        let mut keys: Vec<String> = map.keys().cloned().collect();
        keys.sort();
        keys
    };
    let (keys, others) = (sorted(a), sorted(b));
    keys.cmp(&others).then_with(|| {
        keys.iter().map(|key| jq_order(&a[key], &b[key])).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    })
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(false) => 1,
        Value::Bool(true) => 2,
        Value::Number(_) => 3,
        Value::String(_) => 4,
        Value::Array(_) => 5,
        Value::Object(_) => 6,
    }
}

fn numbers(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    if let (Some(a), Some(b)) = (parse(a), parse(b)) {
        a.cmp(&b)
    } else {
        let float = |text: &str| f64::from_str(text).unwrap_or(f64::NAN);
        float(a).total_cmp(&float(b))
    }
}
