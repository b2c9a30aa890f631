//! Checks elements: presence, type, length, codes, and the relations between the elements of a segment.

use crate::documents::{parse_date, parse_time};
use crate::error::ElementCode;
use crate::guide::{ElementRule, Item, Kind, Use};
use crate::tree::Segment;

/// What is wrong with one element of a segment.
pub(super) struct ElementFault {
    pub(super) element: usize,
    pub(super) code: ElementCode,
    pub(super) message: String,
}

/// Checks all elements of a segment.
pub(super) fn check(item: &Item, segment: &Segment<'_>) -> Vec<ElementFault> {
    let mut faults = Vec::new();
    let last = item.elements.last().map_or(0, |rule| rule.at);
    for rule in &item.elements {
        let text = segment.get(rule.at);
        if text.is_empty() {
            if rule.usage == Use::Mandatory {
                let message = format!("{}{:02} ({}) is missing", segment.id, rule.at, rule.name);
                faults.push(ElementFault { element: rule.at, code: ElementCode::MandatoryMissing, message });
            }
            continue;
        }
        if let Some((code, why)) = check_value(rule, text) {
            let message = format!("{}{:02} ({}) {why}", segment.id, rule.at, rule.name);
            faults.push(ElementFault { element: rule.at, code, message });
        }
    }
    // Elements that the guide leaves out inside the segment are the standard's business; beyond its last one there is nothing.
    if let Some(beyond) = (last + 1..=segment.elements.len()).find(|&at| !segment.get(at).is_empty()) {
        let message = format!("{} has {last} elements in this guide; element {beyond} is one too many", segment.id);
        faults.push(ElementFault { element: beyond, code: ElementCode::TooMany, message });
    }
    for relation in item.relations.iter().filter_map(|text| Relation::parse(text)) {
        faults.extend(relation.check(segment));
    }
    faults
}

/// The first thing wrong with a value.
fn check_value(rule: &ElementRule, text: &str) -> Option<(ElementCode, String)> {
    if rule.usage == Use::NotUsed {
        return Some((ElementCode::TooMany, "is not used in this guide".to_owned()));
    }
    if let Some(fault) = check_kind(rule.kind, text) {
        return Some(fault);
    }
    // Signs and points do not count towards the length of a number.
    let length = match rule.kind {
        Kind::R | Kind::N0 | Kind::N2 => text.bytes().filter(u8::is_ascii_digit).count(),
        _ => text.chars().count(),
    };
    if length < rule.min {
        return Some((ElementCode::TooShort, format!("has {length} characters; {} are the least", rule.min)));
    }
    if length > rule.max {
        return Some((ElementCode::TooLong, format!("has {length} characters; {} are the most", rule.max)));
    }
    if !rule.codes.is_empty() && !rule.codes.contains_key(text.trim_end()) {
        let known: Vec<&str> = rule.codes.keys().map(String::as_str).take(12).collect();
        return Some((ElementCode::InvalidCode, format!("is `{}`; it may be {}", shown(text), known.join(", "))));
    }
    None
}

fn check_kind(kind: Kind, text: &str) -> Option<(ElementCode, String)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (holds, code, right) = match kind {
        Kind::AN => {
            (!text.chars().any(char::is_control), ElementCode::InvalidCharacter, "text without control characters")
        }
        Kind::ID => (text.chars().all(|c| c.is_ascii_graphic() || c == ' '), ElementCode::InvalidCharacter, "a code"),
        Kind::DT => (parse_date(text).is_some(), ElementCode::InvalidDate, "a date as CCYYMMDD"),
        Kind::TM => (parse_time(text).is_some(), ElementCode::InvalidTime, "a time as HHMM, HHMMSS or HHMMSSDD"),
        Kind::N0 | Kind::N2 => {
            (!unsigned.is_empty() && digits(unsigned), ElementCode::InvalidCharacter, "a whole number")
        }
        Kind::R => {
            let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
            let holds = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
            (holds, ElementCode::InvalidCharacter, "a decimal number")
        }
    };
    (!holds).then(|| (code, format!("is `{}`; it must be {right}", shown(text))))
}

fn shown(text: &str) -> String {
    text.chars().take(20).collect()
}

/// A relation between elements.
pub(super) struct Relation {
    kind: char,
    elements: Vec<usize>,
}

impl Relation {
    /// `P0304` and the like.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let kind = text.chars().next().filter(|kind| matches!(kind, 'P' | 'R' | 'E' | 'C' | 'L'))?;
        let digits = text.get(1..)?;
        if digits.len() < 4 || digits.len() % 2 != 0 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let elements = (0..digits.len()).step_by(2).filter_map(|at| digits.get(at..at + 2)?.parse().ok()).collect();
        Some(Self { kind, elements })
    }

    fn check(&self, segment: &Segment<'_>) -> Option<ElementFault> {
        let there = |element: usize| !segment.get(element).is_empty();
        let first = self.elements.first().copied().unwrap_or(0);
        let absent = self.elements.iter().copied().find(|&element| !there(element));
        let present = self.elements.iter().filter(|&&element| there(element)).count();
        let (element, code, why) = match self.kind {
            'P' if present > 0 => (absent?, ElementCode::ConditionalMissing, "go together"),
            'R' if present == 0 => (first, ElementCode::ConditionalMissing, "cannot all be missing"),
            'C' if there(first) => {
                (absent?, ElementCode::ConditionalMissing, "are needed where the first of them is there")
            }
            'L' if there(first) && present == 1 => (
                self.elements.get(1).copied()?,
                ElementCode::ConditionalMissing,
                "need one more where the first of them is there",
            ),
            'E' if present > 1 => {
                let second = self.elements.iter().copied().filter(|&element| there(element)).nth(1)?;
                (second, ElementCode::Exclusion, "exclude each other")
            }
            _ => return None,
        };
        let names: Vec<String> = self.elements.iter().map(|element| format!("{}{element:02}", segment.id)).collect();
        Some(ElementFault { element, code, message: format!("{} {why}", names.join(", ")) })
    }
}
