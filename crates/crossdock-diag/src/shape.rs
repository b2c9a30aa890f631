//! Whether a tree has the shape a type wants: every mistake, each with its place.
//! Here: types, keys, values, bounds. Not here: which alternative of a union is meant (`union`); what only the type itself knows
//! (`decode` asks it afterwards).
//! Invariant: a node is judged once; what stands under a free schema is never judged.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::document::{Key, Node, NodeValue};
use crate::schema::{Root, View, in_words};
use crate::source::{SourceFile, Span};
use crate::suggest::{did_you_mean, list_of};

/// How many words a help line lists.
const LISTED: usize = 24;

/// Whether a value keeps to a bound.
type Holds = fn(f64, f64) -> bool;

/// All mistakes of a tree against a schema.
pub(crate) fn check(file: &Arc<SourceFile>, node: &Node, schema: &Value) -> Vec<Diagnostic> {
    let mut checker = Checker { file, root: Root(schema), found: Vec::new() };
    checker.check(node, schema, node.head());
    let mut found = checker.found;
    // What stands behind an anchor is judged wherever it is repeated, but people wrote it once.
    let mut told = BTreeSet::new();
    found.retain(|diagnostic| {
        let place = diagnostic.place().map(|place| place.span);
        told.insert((place, diagnostic.message.clone()))
    });
    found
}

pub(crate) struct Checker<'a> {
    pub(crate) file: &'a Arc<SourceFile>,
    pub(crate) root: Root<'a>,
    pub(crate) found: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    /// `head` is where to point for the node as a whole: its key where it has one and is a block.
    pub(crate) fn check(&mut self, node: &Node, schema: &'a Value, head: Span) {
        let view = self.root.view(schema);
        if view.never {
            self.error("shape::not_allowed", "nothing is allowed here", head, "remove this");
            return;
        }
        if let Some(values) = view.values() {
            self.check_listed(node, &values, head);
            return;
        }
        if !self.check_kind(node, &view, head) {
            return;
        }
        match &node.value {
            NodeValue::Mapping(entries) => self.check_mapping(entries, &view, head),
            NodeValue::Sequence(items) => self.check_sequence(items, &view, head),
            NodeValue::String(text) => self.check_text(text, node.span, &view),
            NodeValue::Number(literal) => self.check_number(literal, node.span, &view),
            NodeValue::Null | NodeValue::Bool(_) => {}
        }
        let alternatives = view.alternatives();
        if !alternatives.is_empty() {
            self.check_union(node, &alternatives, head);
        }
    }

    /// One of a list of values.
    pub(crate) fn check_listed(&mut self, node: &Node, values: &[&Value], head: Span) {
        let value = node.to_value();
        if values.contains(&&value) {
            return;
        }
        let words: Vec<String> =
            values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let NodeValue::String(text) = &node.value else {
            let message = format!("expected {}, found {}", one_of(&words), node.kind_name());
            // `version: 1` where the text "1" is wanted, and the unquoted yes and no of older YAML.
            let quoted = words
                .iter()
                .find(|word| **word == self.file.slice(node.span))
                .map(|word| format!("put it in quotes: \"{word}\""));
            let diagnostic =
                Diagnostic::error("shape::wrong_type", message).at(self.file, head, "here").maybe_help(quoted);
            self.found.push(diagnostic);
            return;
        };
        let near = did_you_mean(text, words.iter().copied());
        let message = match near {
            Some(near) => format!("unknown value `{text}`; did you mean `{near}`?"),
            None => format!("unknown value `{text}`"),
        };
        let help = format!("expected {}", one_of(&words));
        self.found
            .push(Diagnostic::error("shape::unknown_value", message).at(self.file, head, "not known here").help(help));
    }

    fn check_kind(&mut self, node: &Node, view: &View<'a>, head: Span) -> bool {
        let Some(types) = view.types() else {
            return true;
        };
        if types.iter().any(|kind| fits(node, kind)) {
            return true;
        }
        self.wrong_type(node, &types, head);
        false
    }

    /// "expected a list, found text", with what would make it right where that is plain.
    pub(crate) fn wrong_type(&mut self, node: &Node, types: &[&str], head: Span) {
        let wanted: Vec<&str> =
            types.iter().filter(|kind| **kind != "null" || types.len() == 1).map(|kind| in_words(kind)).collect();
        let found = match &node.value {
            NodeValue::Number(_) if types.contains(&"integer") => "a fraction",
            _ => node.kind_name(),
        };
        let message = format!("expected {}, found {found}", or_list(&wanted));
        let written = self.file.slice(node.span);
        let help = match &node.value {
            NodeValue::Number(_) | NodeValue::Bool(_) if types.contains(&"string") => {
                Some(format!("put it in quotes: \"{written}\""))
            }
            NodeValue::String(text)
                if types.iter().any(|kind| matches!(*kind, "number" | "integer")) && text.parse::<f64>().is_ok() =>
            {
                Some(format!("without quotes: {text}"))
            }
            NodeValue::String(text) if types.contains(&"boolean") => match text.to_ascii_lowercase().as_str() {
                "yes" | "on" | "y" => Some("YAML 1.2 writes `true`".to_owned()),
                "no" | "off" | "n" => Some("YAML 1.2 writes `false`".to_owned()),
                _ => None,
            },
            NodeValue::Mapping(_) | NodeValue::String(_) | NodeValue::Number(_) if types.contains(&"array") => {
                Some("a list has one item a line, each after `- `".to_owned())
            }
            _ => None,
        };
        let label = if node.is_null() { "has no value" } else { "here" };
        let diagnostic = Diagnostic::error("shape::wrong_type", message).at(self.file, head, label).maybe_help(help);
        self.found.push(diagnostic);
    }

    fn check_mapping(&mut self, entries: &[(Key, Node)], view: &View<'a>, head: Span) {
        let names = view.property_names();
        let mut meant = Vec::new();
        for (key, node) in entries {
            let head = head_of(key, node);
            if let Some(schema) = view.property(&key.text) {
                self.check(node, schema, head);
                continue;
            }
            if let Some(schema) = by_pattern(view, &key.text) {
                self.check(node, schema, head);
                continue;
            }
            match view.other_keys() {
                // The alternatives of a union know more keys: they judge them.
                None if !view.alternatives().is_empty() => {}
                None => meant.extend(self.unknown_key(key, entries, &names)),
                Some(schema) => self.check(node, schema, head),
            }
        }
        for name in view.required() {
            let there = entries.iter().any(|(key, _)| key.text == name);
            // A misspelt key has been named already.
            if there || meant.iter().any(|meant| meant == name) {
                continue;
            }
            let what = view.property(name).map(|schema| self.root.view(schema)).and_then(|view| view.sentence());
            let help = what.map(|what| format!("`{name}`: {what}"));
            let diagnostic = Diagnostic::error("shape::missing_key", format!("missing key `{name}`"))
                .at(self.file, head, format!("needs `{name}`"))
                .maybe_help(help);
            self.found.push(diagnostic);
        }
        self.check_count(entries.len(), view, ("minProperties", "maxProperties"), "keys", head);
    }

    /// Says which key was probably meant; returns it.
    fn unknown_key(&mut self, key: &Key, entries: &[(Key, Node)], names: &[&str]) -> Option<String> {
        // A key that is there already was not meant.
        let free = names.iter().copied().filter(|name| !entries.iter().any(|(key, _)| key.text == *name));
        let near = did_you_mean(&key.text, free).map(ToOwned::to_owned);
        let message = match &near {
            Some(near) => format!("unknown key `{}`; did you mean `{near}`?", key.text),
            None => format!("unknown key `{}`", key.text),
        };
        let help = if names.is_empty() {
            "no keys are known here".to_owned()
        } else {
            format!("known keys: {}", list_of(names.iter().copied(), LISTED))
        };
        self.found.push(
            Diagnostic::error("shape::unknown_key", message).at(self.file, key.span, "not a key here").help(help),
        );
        near
    }

    fn check_sequence(&mut self, items: &[Node], view: &View<'a>, head: Span) {
        let places: Vec<&Value> = view.first("prefixItems").and_then(Value::as_array).into_iter().flatten().collect();
        let rest = view.first("items");
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = places.get(index).copied().or(rest) {
                self.check(item, schema, item.head());
            }
        }
        self.check_count(items.len(), view, ("minItems", "maxItems"), "items", head);
    }

    fn check_text(&mut self, text: &str, span: Span, view: &View<'a>) {
        self.check_count(text.chars().count(), view, ("minLength", "maxLength"), "characters", span);
        for pattern in view.all("pattern").filter_map(Value::as_str) {
            // A pattern this engine does not know is left to the type.
            if Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text)) {
                let help = view.sentence().map_or_else(
                    || format!("must match {pattern}"),
                    |sentence| format!("{sentence} (must match {pattern})"),
                );
                let message = format!("`{text}` is not of the form wanted here");
                self.found.push(Diagnostic::error("shape::pattern", message).at(self.file, span, "here").help(help));
            }
        }
    }

    fn check_number(&mut self, literal: &str, span: Span, view: &View<'a>) {
        let Ok(value) = literal.parse::<f64>() else {
            return;
        };
        let bounds: [(&'static str, Holds, &str); 4] = [
            ("minimum", |value, bound| value >= bound, "at least"),
            ("maximum", |value, bound| value <= bound, "at most"),
            ("exclusiveMinimum", |value, bound| value > bound, "more than"),
            ("exclusiveMaximum", |value, bound| value < bound, "less than"),
        ];
        for (keyword, holds, words) in bounds {
            if let Some(bound) =
                view.first(keyword).filter(|bound| bound.as_f64().is_some_and(|bound| !holds(value, bound)))
            {
                self.error("shape::out_of_range", format!("{literal} must be {words} {bound}"), span, "out of range");
            }
        }
    }

    fn check_count(
        &mut self,
        count: usize,
        view: &View<'a>,
        keywords: (&'static str, &'static str),
        what: &str,
        head: Span,
    ) {
        let bound = |keyword| view.first(keyword).and_then(Value::as_u64);
        let (least, most) = (bound(keywords.0), bound(keywords.1));
        let wanted = match (least, most) {
            (Some(least), _) if (count as u64) < least => format!("at least {least}"),
            (_, Some(most)) if (count as u64) > most => format!("at most {most}"),
            _ => return,
        };
        self.error("shape::count", format!("expected {wanted} {what}, found {count}"), head, "here");
    }

    pub(crate) fn error(&mut self, code: &'static str, message: impl Into<String>, span: Span, label: &str) {
        self.found.push(Diagnostic::error(code, message).at(self.file, span, label));
    }
}

/// Where to point for the value of a key: at the value itself, or at the key when the value is a block.
pub(crate) fn head_of(key: &Key, node: &Node) -> Span {
    match &node.value {
        NodeValue::Mapping(_) | NodeValue::Sequence(_) => key.span,
        _ => node.span,
    }
}

/// Whether a node is of a type of JSON Schema.
pub(crate) fn fits(node: &Node, kind: &str) -> bool {
    match &node.value {
        NodeValue::Null => kind == "null",
        NodeValue::Bool(_) => kind == "boolean",
        NodeValue::Number(_) => kind == "number" || (kind == "integer" && node.is_integer()),
        NodeValue::String(_) => kind == "string",
        NodeValue::Sequence(_) => kind == "array",
        NodeValue::Mapping(_) => kind == "object",
    }
}

fn by_pattern<'a>(view: &View<'a>, key: &str) -> Option<&'a Value> {
    let maps = view.all("patternProperties").filter_map(Value::as_object);
    maps.flatten()
        .find(|(pattern, _)| Regex::new(pattern).is_ok_and(|regex| regex.is_match(key)))
        .map(|(_, schema)| schema)
}

fn one_of(words: &[&str]) -> String {
    match words {
        [one] => format!("`{one}`"),
        _ => format!("one of {}", list_of(words.iter().copied(), LISTED)),
    }
}

/// "a list", "a list or text", "a list, text or a number".
pub(crate) fn or_list(words: &[&str]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
