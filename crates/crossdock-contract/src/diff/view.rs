//! A schema as a reader sees it: references followed, `allOf` folded in.
//! Invariant: every keyword keeps the place where it was written, so that a change points there.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::library::{Library, Place};

/// How deep `allOf` may nest.
const MAX_DEPTH: usize = 16;

/// The effective keywords of a schema.
#[derive(Clone, Debug)]
pub(super) struct View<'a> {
    /// The schema itself, behind its references.
    pub(super) place: Place<'a>,
    /// `false`: nothing is allowed.
    pub(super) never: bool,
    /// Keywords other than those below; of several, the first.
    pub(super) keywords: BTreeMap<&'a str, Place<'a>>,
    /// Properties by name.
    pub(super) properties: BTreeMap<&'a str, Place<'a>>,
    /// Required names, each with its place.
    pub(super) required: BTreeMap<&'a str, Place<'a>>,
    /// Where properties would be added: the `properties` key, else the schema.
    pub(super) container: Place<'a>,
}

impl<'a> View<'a> {
    pub(super) fn of(library: &'a Library, place: &Place<'a>) -> Self {
        let target = library.resolve(place).unwrap_or_else(|_| place.clone());
        let mut view = Self {
            never: target.node.as_bool() == Some(false),
            keywords: BTreeMap::new(),
            properties: BTreeMap::new(),
            required: BTreeMap::new(),
            container: target.clone(),
            place: target.clone(),
        };
        view.fold(library, &target, 0);
        // OpenAPI 3.1 and JSON Schema: what stands beside a `$ref` counts too.
        if target.address() != place.address() {
            view.fold_siblings(place);
        }
        view
    }

    fn fold(&mut self, library: &'a Library, place: &Place<'a>, depth: usize) {
        if place.node.as_bool() == Some(false) {
            self.never = true;
        }
        for (key, value) in place.entries() {
            match key {
                "properties" => {
                    if self.properties.is_empty() {
                        self.container = value.clone();
                    }
                    for (name, property) in value.entries() {
                        self.properties.entry(name).or_insert(property);
                    }
                }
                "required" if value.node.as_seq().is_some() => {
                    for name in value.items() {
                        if let Some(text) = name.node.as_str() {
                            self.required.entry(text).or_insert(name);
                        }
                    }
                }
                "allOf" if depth < MAX_DEPTH => {
                    for part in value.items() {
                        if let Ok(target) = library.resolve(&part) {
                            self.fold(library, &target, depth + 1);
                        }
                    }
                }
                "$ref" | "allOf" => {}
                _ => drop(self.keywords.entry(key).or_insert(value)),
            }
        }
    }

    fn fold_siblings(&mut self, place: &Place<'a>) {
        for (key, value) in place.entries() {
            if !matches!(key, "$ref" | "properties" | "required" | "allOf") {
                self.keywords.insert(key, value);
            }
        }
    }

    pub(super) fn get(&self, keyword: &str) -> Option<&Place<'a>> {
        self.keywords.get(keyword)
    }

    pub(super) fn value(&self, keyword: &str) -> Option<Value> {
        self.keywords.get(keyword).map(|place| place.node.to_value())
    }

    pub(super) fn flag(&self, keyword: &str) -> bool {
        self.keywords.get(keyword).and_then(|place| place.node.as_bool()).unwrap_or(false)
    }

    /// The place of a keyword, else of the schema.
    pub(super) fn at(&self, keyword: &str) -> Place<'a> {
        self.keywords.get(keyword).unwrap_or(&self.place).clone()
    }

    /// Whether properties that nobody names are refused.
    pub(super) fn is_closed(&self) -> bool {
        ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .any(|key| self.keywords.get(key).and_then(|place| place.node.as_bool()) == Some(false))
    }
}

/// The value of a place with references followed, for comparing parts whose meaning is not taken apart.
pub(super) fn expanded(library: &Library, place: &Place<'_>) -> Value {
    Expansion { library, open: Vec::new(), left: MAX_NODES }.of(place)
}

/// How many nodes are expanded; beyond them references stand for themselves.
const MAX_NODES: usize = 5000;

struct Expansion<'l> {
    library: &'l Library,
    /// Addresses that are being expanded: a schema may contain itself.
    open: Vec<String>,
    left: usize,
}

impl Expansion<'_> {
    fn of(&mut self, place: &Place<'_>) -> Value {
        let Ok(target) = self.library.resolve(place) else { return place.node.to_value() };
        if target.node.as_map().is_none() && target.node.as_seq().is_none() {
            return target.node.to_value();
        }
        let address = target.address();
        if self.left == 0 || self.open.contains(&address) {
            return Value::String(target.pointer);
        }
        self.left -= 1;
        self.open.push(address);
        let value = if target.node.as_seq().is_some() {
            Value::Array(target.items().map(|item| self.of(&item)).collect())
        } else {
            let parts = target
                .entries()
                .filter(|(key, _)| !matches!(*key, "description" | "title" | "examples" | "example" | "$comment"));
            Value::Object(parts.map(|(key, value)| (key.to_owned(), self.of(&value))).collect())
        };
        self.open.pop();
        value
    }
}
