//! Figures and values as people read them, the same in every format.

use jiff::Timestamp;
use serde_json::Value;

/// "0.40 ms", "12 ms", "1.20 s", "30 s", "3 min 05 s": three figures are enough, and round values are written round.
pub(crate) fn millis(ms: f64) -> String {
    if ms >= 60_000.0 {
        let seconds = (ms / 1000.0).round() as u64;
        return match seconds % 60 {
            0 => format!("{} min", seconds / 60),
            rest => format!("{} min {rest:02} s", seconds / 60),
        };
    }
    if ms >= 999.5 {
        let digits = match ms {
            _ if ms % 1000.0 == 0.0 => 0,
            9_995.0.. => 1,
            _ => 2,
        };
        return format!("{:.digits$} s", ms / 1000.0);
    }
    let digits = match ms {
        _ if ms % 1.0 == 0.0 => 0,
        9.95.. => 0,
        0.995.. => 1,
        _ => 2,
    };
    format!("{ms:.digits$} ms")
}

/// Microseconds, as people read them.
pub(crate) fn micros(us: f64) -> String {
    millis(us / 1000.0)
}

/// A time to the second, in UTC.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// "1 error", "3 errors".
pub(crate) fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A value of JSON as text: text without quotes, numbers with their digits, the rest as JSON.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => serde_json::to_string_pretty(value).unwrap_or_default(),
        other => other.to_string(),
    }
}

/// A number of JSON; text with a number in it too.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number| number.is_finite())
}

/// At most so many characters, with an ellipsis where there were more.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(std::iter::once('…')).collect()
}

/// Without what could move a terminal's cursor or end a line of a log.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' && c != '\t' { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// Lines of at most `width` columns, broken at spaces where there are any.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(20);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        // What is indented, such as JSON, keeps its shape.
        let indent: String = paragraph.chars().take_while(|c| *c == ' ').take(width / 2).collect();
        let mut line = indent.clone();
        let mut is_empty = true;
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let mut word: Vec<char> = word.chars().collect();
            let used = line.chars().count() + usize::from(!is_empty);
            if !is_empty && used + word.len() > width {
                lines.push(std::mem::replace(&mut line, indent.clone()));
                is_empty = true;
            }
            while line.chars().count() + word.len() > width {
                let room = width - line.chars().count();
                let rest = word.split_off(room.max(1));
                line.extend(word);
                lines.push(std::mem::replace(&mut line, indent.clone()));
                word = rest;
            }
            if !is_empty {
                line.push(' ');
            }
            line.extend(word);
            is_empty = false;
        }
        lines.push(line);
    }
    lines
}
