//! Schemas: valid, bounded, described, named and bound, wherever they stand.
//! Here: the walk over a schema's parts, and the rules of each. Not here: whether it compiles (`load`).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crossdock_diag::Node;
use jsonschema::Validator;

use super::names::{fits, restyled, style_name};
use super::{Lint, examples, glossary, near};
use crate::api::compile::stem;
use crate::library::Place;
use crate::policy::{NameStyle, Openness};
use crate::violation;

/// Keywords of JSON Schema 2020-12, of OpenAPI's schema dialects and of older drafts.
const KEYWORDS: &[&str] = &[
    "$schema",
    "$id",
    "$ref",
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$vocabulary",
    "$comment",
    "$defs",
    "definitions",
    "type",
    "enum",
    "const",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "maxContains",
    "minContains",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
    "required",
    "properties",
    "patternProperties",
    "additionalProperties",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "propertyNames",
    "if",
    "then",
    "else",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "unevaluatedItems",
    "unevaluatedProperties",
    "format",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "examples",
    "example",
    "nullable",
    "discriminator",
    "xml",
    "externalDocs",
    "id",
];

/// Keywords whose value is a schema, a list of schemas, or a map of schemas.
const ONE: &[&str] = &[
    "items",
    "additionalProperties",
    "additionalItems",
    "contains",
    "propertyNames",
    "if",
    "then",
    "else",
    "not",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];
const MANY: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems", "items"];
const NAMED: &[&str] = &["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"];

/// A canonical object: `objects/NAME.json`.
pub(super) fn check_object(lint: &mut Lint<'_>, path: &str) {
    let Some(root) = lint.library().root(path) else { return };
    let name = stem(path);
    if let Some(base) = lint.contracts.policy().naming.schema_base.clone() {
        let wanted = format!("{base}{path}");
        match root.get("$id") {
            Some(id) if id.node.as_str() == Some(&wanted) => {}
            Some(id) => lint.say(
                "schema/id",
                &id,
                "the `$id` is not the base plus the path of the file",
                "here",
                Some(format!("`{wanted}`")),
            ),
            None => lint.say(
                "schema/id",
                &root,
                "the object has no `$id`",
                "missing",
                Some(format!("`\"$id\": \"{wanted}\"`")),
            ),
        }
    }
    if let Some(style) = lint.contracts.policy().naming.ids.filter(|style| !fits(*style, name)) {
        let help = Some(format!("call it `{}`", restyled(style, name)));
        lint.say("schema/naming", &root, format!("the object `{name}` is not {}", style_name(style)), "here", help);
    }
    if root.get("examples").is_none() && root.get("example").is_none() {
        lint.say(
            "schema/has-example",
            &root,
            format!("the object `{name}` has no example"),
            "none",
            Some("add `examples: [...]`".into()),
        );
    }
    check_facts(lint, &root, name);
    check(lint, &root, Some(name));
}

/// A schema and everything inside it, as far as it stands in the same document.
pub(super) fn check(lint: &mut Lint<'_>, schema: &Place<'_>, object: Option<&str>) {
    let mut waiting = vec![schema.clone()];
    let root = schema.pointer.clone();
    check_meta(lint, schema);
    while let Some(place) = waiting.pop() {
        if place.node.as_bool().is_some() {
            continue;
        }
        if place.node.as_map().is_none() {
            lint.say(
                "schema/valid",
                &place,
                format!("a schema is a mapping, not {}", place.node.kind_name()),
                "here",
                None,
            );
            continue;
        }
        check_keywords(lint, &place);
        check_bounds(lint, &place);
        check_properties(lint, &place, object.filter(|_| place.pointer == root));
        for example in place.get("examples").iter().flat_map(Place::items).chain(place.get("example")) {
            examples::check(lint, "schema/example", &place, &example);
        }
        waiting.extend(children(&place));
    }
}

/// The schemas directly inside a schema.
pub(crate) fn children<'a>(place: &Place<'a>) -> Vec<Place<'a>> {
    let mut found = Vec::new();
    for (key, value) in place.entries() {
        if NAMED.contains(&key) {
            found.extend(value.entries().map(|(_, child)| child));
        } else if MANY.contains(&key) && value.node.as_seq().is_some() {
            found.extend(value.items());
        } else if ONE.contains(&key) {
            found.push(value);
        }
    }
    found
}

/// What the meta-schema says: values of keywords that are of the wrong kind.
fn check_meta(lint: &mut Lint<'_>, schema: &Place<'_>) {
    if schema.document.root.get("openapi").and_then(Node::as_str).is_some_and(|version| version.starts_with("3.0")) {
        return; // Its dialect is none of JSON Schema's drafts.
    }
    let value = schema.node.to_value();
    let dialect = schema.document.root.get("$schema").and_then(Node::as_str);
    let found: Vec<violation::Violation> = match &*META {
        Some(meta) if dialect.is_none_or(|uri| uri.contains("2020-12")) => {
            meta.iter_errors(&value).flat_map(|error| violation::from_error(&error, "")).collect()
        }
        _ => {
            jsonschema::meta::validate(&value).err().iter().flat_map(|error| violation::from_error(error, "")).collect()
        }
    };
    let mut seen = BTreeSet::new();
    for violation in found {
        let at = schema.at(&violation.pointer).unwrap_or_else(|| schema.clone());
        // An unknown type is found, with what was meant, below.
        let of_type = violation.pointer.ends_with("/type") || violation.pointer.contains("/type/");
        if !of_type && seen.insert(violation.pointer.clone()) {
            lint.say("schema/valid", &at, format!("this is no valid schema: {}", violation.message), "here", None);
        }
    }
}

/// The published meta-schema of 2020-12, which the schema engine carries.
static META: LazyLock<Option<Validator>> = LazyLock::new(|| {
    jsonschema::options().build(&serde_json::json!({"$ref": "https://json-schema.org/draft/2020-12/schema"})).ok()
});

fn check_keywords(lint: &mut Lint<'_>, place: &Place<'_>) {
    for (key, value) in place.entries() {
        if key.starts_with("x-") || KEYWORDS.contains(&key) {
            continue;
        }
        let help = near(key, KEYWORDS.iter().copied()).or_else(|| Some("keywords of your own begin with `x-`".into()));
        lint.say_at(
            "schema/unknown-keyword",
            &value.document.file,
            value.span,
            format!("`{key}` is no keyword of JSON Schema: it checks nothing"),
            "ignored",
            help,
        );
    }
    if let Some(kind) = place.get("type") {
        let names: Vec<Place<'_>> = if kind.node.as_seq().is_some() { kind.items().collect() } else { vec![kind] };
        for name in names {
            const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];
            let Some(text) = name.node.as_str().filter(|text| TYPES.contains(text)) else {
                let text = name.node.as_str().unwrap_or_default();
                lint.say(
                    "schema/valid",
                    &name,
                    format!("`{text}` is no type"),
                    "here",
                    near(text, TYPES).or_else(|| Some(TYPES.join(", "))),
                );
                continue;
            };
            if text == "number" && lint.contracts.policy().payload.decimals.as_deref() == Some("string") {
                lint.say(
                    "schema/decimal-string",
                    &name,
                    "a binary number loses digits",
                    "here",
                    Some(
                        "quantities and amounts are strings with a decimal pattern, counts are `type: integer`".into(),
                    ),
                );
            }
        }
    }
    let Some(required) = place.get("required").filter(|required| required.node.as_seq().is_some()) else { return };
    let Some(properties) = place.get("properties") else { return };
    let closed = place.node.get("additionalProperties").and_then(Node::as_bool) == Some(false);
    for name in required.items() {
        let Some(text) = name.node.as_str() else { continue };
        let known: Vec<&str> = properties.entries().map(|(key, _)| key).collect();
        let help = near(text, known.iter().copied());
        if !known.contains(&text) && (closed || help.is_some()) {
            lint.say(
                "schema/required-unknown",
                &name,
                format!("`{text}` is required, and is no property"),
                "unknown property",
                help,
            );
        }
    }
}

fn check_bounds(lint: &mut Lint<'_>, place: &Place<'_>) {
    let has = |key: &str| place.node.get(key).is_some();
    match place.text("type") {
        Some("string") if !["maxLength", "pattern", "format", "enum", "const"].iter().any(|key| has(key)) => {
            lint.say(
                "schema/bounded",
                place,
                "a string without end",
                "unbounded",
                Some("give it `maxLength`, a `pattern`, a `format` or an `enum`".into()),
            );
        }
        Some("array") if !has("maxItems") => {
            lint.say("schema/bounded", place, "a list without end", "unbounded", Some("give it `maxItems`".into()));
        }
        _ => {}
    }
    let Some(style) = lint.contracts.policy().naming.enum_values else { return };
    for value in place.get("enum").iter().flat_map(Place::items) {
        let Some(text) = value.node.as_str() else { continue };
        let code = text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if !code && !fits(style, text) {
            let help = Some(format!("write `{}`", restyled(style, text)));
            lint.say("schema/naming", &value, format!("the value `{text}` is not {}", style_name(style)), "here", help);
        }
    }
}

fn check_properties(lint: &mut Lint<'_>, place: &Place<'_>, object: Option<&str>) {
    let style: Option<NameStyle> = lint.contracts.policy().naming.properties;
    for (name, property) in place.get("properties").iter().flat_map(Place::entries) {
        glossary::check_binding(lint, &property, object, name);
        if let Some(style) = style.filter(|style| !fits(*style, name) && !name.starts_with('$')) {
            let help = Some(format!("write `{}`", restyled(style, name)));
            lint.say(
                "schema/naming",
                &property,
                format!("the property `{name}` is not {}", style_name(style)),
                "here",
                help,
            );
        }
        let described = |place: &Place<'_>| ["description", "title"].iter().any(|key| place.node.get(key).is_some());
        let target = lint.resolve(&property);
        // A schema that refines another by `allOf` leaves the words to that one.
        let refines = place.get("allOf").is_some();
        if !described(&property)
            && !refines
            && !target.is_some_and(|target| described(&target))
            && property.node.get("const").is_none()
        {
            lint.say(
                "schema/described",
                &property,
                format!("nobody says what `{name}` is"),
                "no description",
                Some("add a `description`".into()),
            );
        }
    }
}

/// Rules for objects that the policy names: openness of facts, marks of synthetic bodies.
fn check_facts(lint: &mut Lint<'_>, root: &Place<'_>, name: &str) {
    let payload = &lint.contracts.policy().payload;
    let listed = |list: &[String]| list.iter().any(|known| known == name);
    let wanted = payload.fact_objects.as_ref().and_then(|facts| {
        if listed(&facts.open) {
            Some(Openness::Open)
        } else if listed(&facts.closed) {
            Some(Openness::Closed)
        } else {
            None
        }
    });
    if let Some(wanted) = wanted {
        check_openness(lint, root, wanted, &format!("the object `{name}`"));
    }
    if listed(&lint.contracts.policy().synthetic.marked_bodies) {
        for mark in ["synthetic", "runId"] {
            if root.at(&format!("/properties/{mark}")).is_none() {
                let message = format!("`{name}` may be synthetic, and has no property `{mark}`");
                lint.say(
                    "schema/synthetic-marks",
                    root,
                    message,
                    "missing",
                    Some("every message of a probe is marked".into()),
                );
            }
        }
    }
}

/// Whether an object takes properties that nobody knows, as policy wants it.
pub(super) fn check_openness(lint: &mut Lint<'_>, schema: &Place<'_>, wanted: Openness, what: &str) {
    let Some(target) = lint.resolve(schema) else { return };
    if target.text("type") != Some("object") {
        return;
    }
    let refuses = |key: &str| target.node.get(key).and_then(Node::as_bool) == Some(false);
    let closed = refuses("additionalProperties") || refuses("unevaluatedProperties");
    match wanted {
        Openness::Closed if !closed => lint.say(
            "schema/openness",
            &target,
            format!("{what} must refuse properties that nobody knows"),
            "open",
            Some("`additionalProperties: false`".into()),
        ),
        Openness::Open if closed => lint.say(
            "schema/openness",
            &target,
            format!("{what} must take properties that nobody knows"),
            "closed",
            Some("leave `additionalProperties: false` out, so that senders may add".into()),
        ),
        _ => {}
    }
}
