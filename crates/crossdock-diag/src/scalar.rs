//! What an unquoted word of YAML means: the core schema of YAML 1.2, kept to what JSON can say.
//! Here: null, truth values, numbers. Not here: quoted text (always text).
//! A number whose digits JSON would lose or not know stays text: `007`, `1_000`, `.inf`, `12:30`. Ids survive that way.

use crate::document::NodeValue;

/// The meaning of an unquoted word.
pub(crate) fn plain(text: &str) -> NodeValue {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => NodeValue::Null,
        "true" | "True" | "TRUE" => NodeValue::Bool(true),
        "false" | "False" | "FALSE" => NodeValue::Bool(false),
        _ => number(text).map_or_else(|| NodeValue::String(text.to_owned()), NodeValue::Number),
    }
}

/// The number in the notation of JSON, if the word is one.
fn number(text: &str) -> Option<String> {
    if let Some(hex) = text.strip_prefix("0x") {
        return radix(hex, 16);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return radix(octal, 8);
    }
    is_json_number(text).then(|| text.to_owned()).or_else(|| relaxed(text))
}

fn radix(digits: &str, radix: u32) -> Option<String> {
    // `u128::from_str_radix` would take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    u128::from_str_radix(digits, radix).ok().map(|value| value.to_string())
}

/// `+1`, `.5` and `1.`: numbers of YAML that JSON writes with one character more or less.
fn relaxed(text: &str) -> Option<String> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => ("", &text[1..]),
        b'-' => ("-", &text[1..]),
        _ => ("", text),
    };
    let rest = if rest.starts_with('.') { format!("0{rest}") } else { rest.to_owned() };
    let rest = rest.strip_suffix('.').filter(|digits| !digits.is_empty()).map_or(rest.clone(), ToOwned::to_owned);
    let whole = format!("{sign}{rest}");
    (rest.starts_with(|c: char| c.is_ascii_digit()) && is_json_number(&whole)).then_some(whole)
}

/// The grammar of RFC 8259, section 6.
pub(crate) fn is_json_number(text: &str) -> bool {
    json_number_len(text.as_bytes()) == Some(text.len())
}

/// The length of the number that the bytes begin with.
pub(crate) fn json_number_len(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(at);
    if whole == 0 || (whole > 1 && bytes[at] == b'0') {
        return None;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}

/// Written without fraction and exponent.
pub(crate) fn is_integer(literal: &str) -> bool {
    literal.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}
