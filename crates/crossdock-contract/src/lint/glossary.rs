//! `glossary.yaml`: one meaning per term, and fields that bear what the glossary says they bear.
//! Here: the terms, their fields and formulas; `check_binding` for a property that bears a term, wherever it stands.

use std::collections::BTreeMap;

use super::names::{fits, restyled, style_name};
use super::{Lint, near};
use crate::glossary::{Term, TermKind, Unit};
use crate::library::Place;

pub(super) fn check(lint: &mut Lint<'_>) {
    let Some(terms) = lint.library().root("glossary.yaml").and_then(|root| root.get("terms")) else { return };
    let contracts = lint.contracts;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut bound: BTreeMap<&str, &str> = BTreeMap::new();
    for (term, place) in contracts.glossary().terms.iter().zip(terms.items()) {
        let name = place.get("term").unwrap_or_else(|| place.clone());
        if let Some(line) = seen.insert(&term.term, place.line_col().0) {
            let help = Some(format!("line {line} gives it a meaning already: merge them, or choose another word"));
            lint.say(
                "glossary/two-meanings",
                &name,
                format!("`{}` is defined twice", term.term),
                "a second meaning",
                help,
            );
        }
        if let Some(style) = contracts.policy().naming.terms.filter(|style| !fits(*style, &term.term)) {
            let help = Some(format!("write `{}`", restyled(style, &term.term)));
            lint.say("glossary/naming", &name, format!("`{}` is not {}", term.term, style_name(style)), "here", help);
        }
        check_unit(lint, term, &place);
        check_formula(lint, term, &place);
        for (field, at) in term.fields.iter().zip(place.get("fields").iter().flat_map(Place::items)) {
            if let Some(other) = bound.insert(field, &term.term) {
                lint.say(
                    "glossary/two-meanings",
                    &at,
                    format!("`{field}` is bound to `{other}` already"),
                    "a second meaning",
                    None,
                );
            }
            check_field(lint, term, field, &at);
        }
    }
}

fn check_unit(lint: &mut Lint<'_>, term: &Term, place: &Place<'_>) {
    let wanted = match term.kind {
        TermKind::Quantity | TermKind::Balance => Unit::BaseUnit,
        TermKind::Amount => Unit::Currency,
        TermKind::Count => Unit::Count,
        TermKind::Ratio => Unit::Ratio,
        _ => return,
    };
    if term.unit != wanted {
        let at = place.get("unit").unwrap_or_else(|| place.clone());
        let message = format!("`{}` is of a kind that is counted in another unit", term.term);
        let word =
            serde_json::to_value(wanted).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default();
        lint.say("glossary/kind", &at, message, "the wrong unit", Some(format!("`unit: {word}`")));
    }
}

/// The words of a formula are terms.
fn check_formula(lint: &mut Lint<'_>, term: &Term, place: &Place<'_>) {
    let Some(formula) = &term.formula else { return };
    let at = place.get("formula").unwrap_or_else(|| place.clone());
    let words = formula.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
    for word in words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic())) {
        if matches!(word, "min" | "max") {
            continue;
        }
        if word == term.term {
            lint.say("glossary/formula", &at, format!("`{word}` is computed from itself"), "in a circle", None);
        } else if lint.contracts.glossary().get(word).is_none() {
            let terms = lint.contracts.glossary().terms.iter().map(|known| known.term.as_str());
            lint.say(
                "glossary/formula",
                &at,
                format!("the formula of `{}` needs `{word}`, which is no term", term.term),
                "here",
                near(word, terms),
            );
        }
    }
}

/// A field that the glossary lists exists, and bears the term.
fn check_field(lint: &mut Lint<'_>, term: &Term, field: &str, at: &Place<'_>) {
    let contracts = lint.contracts;
    let Some((object, property)) = field.split_once('.') else {
        lint.say(
            "glossary/bound",
            at,
            format!("`{field}` is not OBJECT.PROPERTY"),
            "here",
            Some("such as `order.total`".into()),
        );
        return;
    };
    let Some(schema) = contracts.object(object) else {
        let names = contracts.objects().keys().map(String::as_str);
        lint.say("glossary/bound", at, format!("there is no object `{object}`"), "unknown object", near(object, names));
        return;
    };
    let properties = schema.value().get("properties").and_then(serde_json::Value::as_object);
    let Some(found) = properties.and_then(|map| map.get(property)) else {
        let names = properties.into_iter().flat_map(|map| map.keys().map(String::as_str));
        lint.say(
            "glossary/bound",
            at,
            format!("`{object}` has no property `{property}`"),
            "unknown property",
            near(property, names),
        );
        return;
    };
    match found.get("x-glossary").and_then(serde_json::Value::as_str) {
        Some(borne) if borne == term.term => {}
        Some(borne) => {
            let message = format!("`{field}` bears `{borne}`, and is listed under `{}`", term.term);
            lint.say("glossary/differs", at, message, "two meanings", Some("one of the two is wrong".into()));
        }
        None => {
            let message = format!("`{field}` does not bear its term");
            lint.say(
                "glossary/bound",
                at,
                message,
                "not bound there",
                Some(format!("add `x-glossary: {}` to the property", term.term)),
            );
        }
    }
}

/// A property that bears a term: the term exists, the property has its shape, and the glossary lists it.
pub(super) fn check_binding(lint: &mut Lint<'_>, property: &Place<'_>, object: Option<&str>, name: &str) {
    let Some(at) = property.get("x-glossary") else { return };
    let contracts = lint.contracts;
    let Some(word) = at.node.as_str() else {
        lint.say("glossary/known", &at, "`x-glossary` names a term", "not a name", None);
        return;
    };
    let Some(term) = contracts.glossary().get(word) else {
        let terms = contracts.glossary().terms.iter().map(|known| known.term.as_str());
        lint.say(
            "glossary/known",
            &at,
            format!("the glossary has no term `{word}`"),
            "unknown term",
            near(word, terms),
        );
        return;
    };
    for (key, meant) in
        [("x-unit", serde_json::to_value(term.unit).ok()), ("x-formula", term.formula.clone().map(Into::into))]
    {
        if let Some(said) = property.get(key).filter(|said| Some(said.node.to_value()) != meant) {
            let meant = meant.map_or_else(|| "none".to_owned(), |value| value.as_str().unwrap_or_default().to_owned());
            let what = key.trim_start_matches("x-");
            let message = format!("the {what} of `{word}` is `{meant}` in the glossary");
            lint.say(
                "glossary/differs",
                &said,
                message,
                "another meaning",
                Some("a term means the same everywhere: leave it out here".into()),
            );
        }
    }
    check_shape(lint, term, property, &at);
    if let Some(object) = object {
        let field = format!("{object}.{name}");
        if !term.fields.contains(&field) {
            let message = format!("`{field}` bears `{word}`, and the glossary does not list it there");
            lint.say(
                "glossary/bound",
                &at,
                message,
                "not listed",
                Some(format!("add `{field}` to the fields of `{word}`")),
            );
        }
    }
}

fn check_shape(lint: &mut Lint<'_>, term: &Term, property: &Place<'_>, at: &Place<'_>) {
    let library = lint.library();
    let Ok(target) = library.resolve(property) else { return };
    let kind = target.text("type");
    let has = |key: &str| target.node.get(key).is_some() || property.node.get(key).is_some();
    let format = target.text("format").or_else(|| property.text("format"));
    let (fits, wanted) = match term.kind {
        kind_of if kind_of.is_decimal() => (
            kind == Some("string") && has("pattern"),
            "a string with a decimal pattern, as objects/quantity.json, balance.json or amount.json",
        ),
        TermKind::Flag => (kind == Some("boolean"), "`type: boolean`"),
        TermKind::Time => (
            kind == Some("string") && (format == Some("date-time") || has("pattern")),
            "`type: string, format: date-time`",
        ),
        TermKind::Date => {
            (kind == Some("string") && (format == Some("date") || has("pattern")), "`type: string, format: date`")
        }
        TermKind::Identifier => (matches!(kind, Some("string") | None), "`type: string`: ids keep every digit"),
        TermKind::Duration => (kind == Some("integer"), "`type: integer`, in the unit that its name ends with"),
        _ => (true, ""),
    };
    // A list of bound values bears the term for its items.
    if !fits && kind != Some("array") {
        let message = format!("`{}` has another shape: it must be {wanted}", term.term);
        lint.say("glossary/kind", at, message, "the wrong shape for this term", None);
    }
}
