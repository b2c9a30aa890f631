//! A JSON Schema as the shape check sees it: references resolved, `allOf` and neighbours of `$ref` laid together.
//! Here: reading keywords. Not here: judging nodes (`shape`, `union`). Only what `schemars` writes is understood; other keywords pass.

use serde_json::{Map, Value};

/// One level of references is enough for people; a cycle of them must end.
const MAX_LAYERS: usize = 32;

/// The schemas that hold for one node, all at once.
#[derive(Clone)]
pub(crate) struct View<'s> {
    layers: Vec<&'s Map<String, Value>>,
    /// A `false` schema: nothing is right here.
    pub(crate) never: bool,
}

/// The whole schema, for resolving references.
#[derive(Clone, Copy)]
pub(crate) struct Root<'s>(pub(crate) &'s Value);

impl<'s> Root<'s> {
    /// What holds where `schema` stands.
    pub(crate) fn view(self, schema: &'s Value) -> View<'s> {
        let mut view = View { layers: Vec::new(), never: false };
        self.collect(schema, &mut view);
        view
    }

    fn collect(self, schema: &'s Value, view: &mut View<'s>) {
        if view.layers.len() >= MAX_LAYERS {
            return;
        }
        match schema {
            Value::Bool(false) => view.never = true,
            Value::Object(map) => {
                view.layers.push(map);
                view.never |= map.get("not").is_some_and(|not| not.as_object().is_some_and(Map::is_empty));
                if let Some(target) = map.get("$ref").and_then(Value::as_str).and_then(|target| self.resolve(target)) {
                    self.collect(target, view);
                }
                for part in map.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                    self.collect(part, view);
                }
            }
            _ => {}
        }
    }

    fn resolve(self, reference: &str) -> Option<&'s Value> {
        self.0.pointer(reference.strip_prefix('#')?)
    }
}

impl<'s> View<'s> {
    /// A keyword, from each layer that has it.
    pub(crate) fn all(&self, keyword: &'static str) -> impl Iterator<Item = &'s Value> + '_ {
        self.layers.iter().filter_map(move |layer| layer.get(keyword))
    }

    /// A keyword, from the outermost layer that has it.
    pub(crate) fn first(&self, keyword: &'static str) -> Option<&'s Value> {
        self.all(keyword).next()
    }

    /// The types that are right here; `None` when any is.
    pub(crate) fn types(&self) -> Option<Vec<&'s str>> {
        let mut types: Option<Vec<&str>> = None;
        for keyword in self.all("type") {
            let here: Vec<&str> = match keyword {
                Value::String(one) => vec![one],
                Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
                _ => continue,
            };
            types = Some(match types {
                None => here,
                Some(before) => before.into_iter().filter(|kind| here.contains(kind)).collect(),
            });
        }
        types
    }

    /// The values that are right here, by `const` and `enum`; `None` when they are not listed.
    pub(crate) fn values(&self) -> Option<Vec<&'s Value>> {
        self.first("const")
            .map(|value| vec![value])
            .or_else(|| self.first("enum").and_then(Value::as_array).map(|values| values.iter().collect()))
    }

    /// The schema of a property.
    pub(crate) fn property(&self, name: &str) -> Option<&'s Value> {
        self.all("properties").find_map(|properties| properties.get(name))
    }

    /// The names of all properties, in the order of the type.
    pub(crate) fn property_names(&self) -> Vec<&'s str> {
        let maps = self.all("properties").filter_map(Value::as_object);
        maps.flat_map(|map| map.keys().map(String::as_str)).collect()
    }

    /// The names of properties that must be there, in the order of the type.
    pub(crate) fn required(&self) -> Vec<&'s str> {
        let lists = self.all("required").filter_map(Value::as_array);
        lists.flatten().filter_map(Value::as_str).collect()
    }

    /// What holds for keys that are no property: a schema, or `None` when they are wrong.
    pub(crate) fn other_keys(&self) -> Option<&'s Value> {
        static ANY: Value = Value::Bool(true);
        let mut others = self.all("additionalProperties").chain(self.all("unevaluatedProperties"));
        match others.find(|schema| **schema != Value::Bool(true)) {
            Some(Value::Bool(false)) => None,
            Some(schema) => Some(schema),
            None => Some(&ANY),
        }
    }

    /// The alternatives of `oneOf` and `anyOf`.
    pub(crate) fn alternatives(&self) -> Vec<&'s Value> {
        let lists = self.all("oneOf").chain(self.all("anyOf")).filter_map(Value::as_array);
        lists.flatten().collect()
    }

    /// The first sentence of the description.
    pub(crate) fn sentence(&self) -> Option<&'s str> {
        let text = self.first("description")?.as_str()?;
        let line = text.split("\n\n").next().unwrap_or(text);
        Some(line.split_once(". ").map_or(line, |(first, _)| first).trim_end_matches('.'))
    }
}

/// A type of JSON Schema in people's words.
pub(crate) fn in_words(kind: &str) -> &str {
    match kind {
        "null" => "nothing",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "text",
        "array" => "a list",
        "object" => "a mapping",
        other => other,
    }
}
