//! Schemas: any place of a library, compiled to a validator when it is first used.
//! Here: the store that validators are built from, OpenAPI 3.0's dialect rewritten to 2020-12. Not here: messages (`violation`).
//! Invariant: nothing is fetched: a reference that leaves the library accepts everything here, and is an error of lint and load.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Registry, Retrieve, Uri, Validator};
use serde_json::{Map, Number, Value};

use crate::library::{Library, Place};
use crate::violation::{self, Violation};

/// Base of the addresses that documents have inside the schema engine.
pub(crate) const BASE: &str = "crossdock:///";
/// At most this many violations are reported of one message.
const MAX_VIOLATIONS: usize = 100;

/// What validators are built from: the values of all documents.
#[derive(Debug)]
pub(crate) struct Store {
    values: Vec<(String, Value)>,
    registry: OnceLock<Result<Registry<'static>, String>>,
}

/// One schema of a contract. Cheap to clone; compiled once, when it is first used.
#[derive(Clone, Debug)]
pub struct Schema {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    address: String,
    value: Value,
    store: Arc<Store>,
    validator: OnceLock<Result<Validator, Broken>>,
}

/// Why a schema cannot be compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Broken {
    /// What the engine says.
    pub message: String,
    /// Whether a reference in it points at nothing (which is reported at the reference itself).
    pub dangling: bool,
}

struct Nothing;

impl Retrieve for Nothing {
    fn retrieve(&self, _uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Value::Bool(true))
    }
}

impl Store {
    pub(crate) fn new(library: &Library) -> Arc<Self> {
        let mut values = Vec::new();
        for (path, document) in library.documents() {
            let mut value = document.root.to_value();
            if is_openapi_3_0(&value) {
                modernise(&mut value);
            }
            // References are by file; an `$id` would make the engine resolve them against another base.
            let id = value.as_object_mut().and_then(|map| map.shift_remove("$id"));
            if let Some(Value::String(id)) = id {
                values.push((id, value.clone()));
            }
            values.push((address(path, ""), value));
        }
        Arc::new(Self { values, registry: OnceLock::new() })
    }

    fn registry(&self) -> Result<&Registry<'static>, String> {
        let prepared = self.registry.get_or_init(|| {
            let mut builder = Registry::new().retriever(Nothing);
            for (uri, value) in &self.values {
                // The registry owns what it indexes, so that validators borrow nothing of a library.
                builder = builder.add(uri, value.clone()).map_err(|error| error.to_string())?;
            }
            builder.prepare().map_err(|error| error.to_string())
        });
        prepared.as_ref().map_err(Clone::clone)
    }
}

impl Schema {
    pub(crate) fn new(store: &Arc<Store>, place: &Place<'_>) -> Self {
        let inner = Inner {
            address: place.address(),
            value: place.node.to_value(),
            store: Arc::clone(store),
            validator: OnceLock::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Where it stands: `apis/commerce.yaml#/components/schemas/Order`.
    pub fn address(&self) -> &str {
        &self.inner.address
    }

    /// The schema as written, references not followed.
    pub fn value(&self) -> &Value {
        &self.inner.value
    }

    /// What a value does that the schema does not allow; empty where all is well.
    pub fn check(&self, value: &Value) -> Vec<Violation> {
        match self.validator() {
            Ok(validator) => {
                if validator.is_valid(value) {
                    return Vec::new();
                }
                let mut found: Vec<Violation> = validator
                    .iter_errors(value)
                    .flat_map(|error| violation::from_error(&error, &self.inner.address))
                    .take(MAX_VIOLATIONS)
                    .collect();
                found.sort_by(|a, b| (&a.pointer, &a.rule).cmp(&(&b.pointer, &b.rule)));
                found.dedup();
                found
            }
            Err(Broken { message, .. }) => vec![Violation::new(
                "",
                "schema",
                format!("the contract itself is broken: {message}"),
                &self.inner.address,
            )],
        }
    }

    /// Whether the schema can be compiled.
    /// # Errors
    /// Why it cannot.
    pub fn compiles(&self) -> Result<(), Broken> {
        self.validator().map(|_| ())
    }

    fn validator(&self) -> Result<&Validator, Broken> {
        let compiled = self.inner.validator.get_or_init(|| {
            let registry = self.inner.store.registry().map_err(|message| Broken { message, dangling: false })?;
            let (path, pointer) = self.inner.address.split_once('#').unwrap_or((&self.inner.address, ""));
            let mut root = Map::new();
            root.insert("$ref".to_owned(), Value::String(address(path, pointer)));
            jsonschema::options()
                .with_registry(registry)
                .should_validate_formats(true)
                .build(&Value::Object(root))
                .map_err(|error| Broken {
                    message: error.to_string(),
                    dangling: matches!(error.kind(), ValidationErrorKind::Referencing(_)),
                })
        });
        compiled.as_ref().map_err(Clone::clone)
    }
}

fn address(path: &str, pointer: &str) -> String {
    let mut out = format!("{BASE}{}", encode(path.trim_start_matches('/')));
    if !pointer.is_empty() {
        out.push('#');
        out.push_str(&encode(pointer));
    }
    out
}

/// Percent-encodes what may not stand in a path or a fragment.
fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b'$' | b'@' | b':' | b'+' => {
                out.push(byte as char);
            }
            _ => {
                out.push('%');
                out.extend([byte >> 4, byte & 15].iter().filter_map(|half| char::from_digit(u32::from(*half), 16)));
            }
        }
    }
    out
}

fn is_openapi_3_0(value: &Value) -> bool {
    value.get("openapi").and_then(Value::as_str).is_some_and(|version| version.starts_with("3.0"))
}

/// Rewrites what OpenAPI 3.0 says in its own way: `nullable`, boolean exclusive bounds, siblings of `$ref` without effect.
fn modernise(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(modernise),
        Value::Object(map) => {
            if map.get("$ref").is_some_and(Value::is_string) {
                map.retain(|key, _| key == "$ref");
                return;
            }
            exclusive(map, "exclusiveMinimum", "minimum");
            exclusive(map, "exclusiveMaximum", "maximum");
            if map.get("nullable") == Some(&Value::Bool(true)) {
                allow_null(map);
            }
            map.values_mut().for_each(modernise);
        }
        _ => {}
    }
}

fn exclusive(map: &mut Map<String, Value>, flag: &str, bound: &str) {
    match map.get(flag) {
        Some(Value::Bool(true)) => {
            if let Some(limit) = map.shift_remove(bound) {
                map.insert(flag.to_owned(), limit);
            } else {
                map.shift_remove(flag);
            }
        }
        Some(Value::Bool(false)) => drop(map.shift_remove(flag)),
        _ => {}
    }
}

fn allow_null(map: &mut Map<String, Value>) {
    if let Some(Value::String(name)) = map.get("type") {
        let types = vec![Value::String(name.clone()), Value::String("null".into())];
        map.insert("type".into(), Value::Array(types));
    }
    if let Some(Value::Array(options)) = map.get_mut("enum")
        && !options.contains(&Value::Null)
    {
        options.push(Value::Null);
    }
}

/// A text from a path, a query or a header as the value that its schema means: `"5"` is 5 where a number is wanted.
pub(crate) fn typed(schema: &Value, text: &str) -> Value {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    for name in types {
        let value = match name {
            "integer" | "number" => serde_json::from_str::<Number>(text).ok().map(Value::Number),
            "boolean" => text.parse().ok().map(Value::Bool),
            _ => None,
        };
        if let Some(value) = value {
            return value;
        }
    }
    Value::String(text.to_owned())
}

/// Objects by name, for whoever wants a canonical object rather than a message.
pub(crate) type Objects = BTreeMap<String, Schema>;
