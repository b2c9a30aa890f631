//! JSON values to jaq's and back.
//! Invariant: a number that jq only moved keeps its literal: `403.00` stays `403.00`, a 64-bit id keeps every digit.

use jaq_core::ValT as _;
use jaq_json::{Num, Val};
use serde_json::{Map, Number, Value};

use super::EvalError;

/// A JSON value as jaq's.
pub(super) fn to_jaq(value: &Value) -> Result<Val, EvalError> {
    Ok(match value {
        Value::Null => Val::Null,
        Value::Bool(flag) => Val::Bool(*flag),
        Value::Number(number) => {
            Val::from_num(&number.to_string()).map_err(|e| EvalError::new(format!("not a number: {e}")))?
        }
        Value::String(text) => Val::utf8_str(text.clone()),
        Value::Array(items) => items.iter().map(to_jaq).collect::<Result<Val, _>>()?,
        Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(key, value)| Ok((Val::utf8_str(key.clone()), to_jaq(value)?)))
                .collect::<Result<Vec<_>, EvalError>>()?;
            Val::from_map(pairs).map_err(|e| EvalError::new(e.to_string()))?
        }
    })
}

/// A jaq value as JSON. What JSON cannot say (not-a-number, infinity) becomes `null`, as in jq.
pub(super) fn from_jaq(value: &Val) -> Value {
    match value {
        Val::Null => Value::Null,
        Val::Bool(flag) => Value::Bool(*flag),
        Val::Num(number) => from_number(number),
        Val::BStr(bytes) | Val::TStr(bytes) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
        Val::Arr(items) => Value::Array(items.iter().map(from_jaq).collect()),
        Val::Obj(map) => {
            let mut out = Map::new();
            for (key, value) in &**map {
                let key = match from_jaq(key) {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                out.insert(key, from_jaq(value));
            }
            Value::Object(out)
        }
    }
}

fn from_number(number: &Num) -> Value {
    let literal = match number {
        Num::Int(int) => int.to_string(),
        Num::BigInt(int) => int.to_string(),
        // Whole results of jq's arithmetic print as whole numbers, as people write them.
        Num::Float(float) if float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
        Num::Float(float) => float.to_string(),
        Num::Dec(literal) => literal.to_string(),
    };
    serde_json::from_str::<Number>(&literal).map_or(Value::Null, Value::Number)
}
