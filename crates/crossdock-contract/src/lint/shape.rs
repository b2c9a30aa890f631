//! The shape of OpenAPI and AsyncAPI objects: which keys they have, which they need, what those hold.
//! Why not the published meta-schemas: their messages name a branch of a `oneOf`, and a person needs the key and its line.
//! Here: the tables and the check of one object. Not here: which objects stand where (`openapi`, `asyncapi`).

use super::{Lint, near};
use crate::library::Place;

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Flag,
    Map,
    List,
    Any,
}

use Holds::{Any, Flag, List, Map, Text};

/// An object of a specification.
pub(super) struct Object {
    /// What people call it.
    pub(super) name: &'static str,
    keys: &'static [(&'static str, Holds)],
    required: &'static [&'static str],
}

macro_rules! object {
    ($id:ident, $name:literal, [$($key:literal: $holds:ident),* $(,)?], [$($required:literal),*]) => {
        pub(super) const $id: Object =
            Object { name: $name, keys: &[$(($key, $holds)),*], required: &[$($required),*] };
    };
}

object!(OPENAPI, "OpenAPI document",
    ["openapi": Text, "info": Map, "jsonSchemaDialect": Text, "servers": List, "paths": Map, "webhooks": Map,
     "components": Map, "security": List, "tags": List, "externalDocs": Map], ["openapi", "info"]);
object!(INFO, "info",
    ["title": Text, "summary": Text, "description": Text, "termsOfService": Text, "contact": Map, "license": Map,
     "version": Text], ["title", "version"]);
object!(COMPONENTS, "components",
    ["schemas": Map, "responses": Map, "parameters": Map, "examples": Map, "requestBodies": Map, "headers": Map,
     "securitySchemes": Map, "links": Map, "callbacks": Map, "pathItems": Map], []);
object!(PATH_ITEM, "path item",
    ["$ref": Text, "summary": Text, "description": Text, "get": Map, "put": Map, "post": Map, "delete": Map,
     "options": Map, "head": Map, "patch": Map, "trace": Map, "servers": List, "parameters": List], []);
object!(OPERATION, "operation",
    ["tags": List, "summary": Text, "description": Text, "externalDocs": Map, "operationId": Text, "parameters": List,
     "requestBody": Map, "responses": Map, "callbacks": Map, "deprecated": Flag, "security": List, "servers": List],
    ["responses"]);
object!(PARAMETER, "parameter",
    ["name": Text, "in": Text, "description": Text, "required": Flag, "deprecated": Flag, "allowEmptyValue": Flag,
     "style": Text, "explode": Flag, "allowReserved": Flag, "schema": Any, "example": Any, "examples": Map,
     "content": Map], ["name", "in"]);
object!(HEADER, "header",
    ["description": Text, "required": Flag, "deprecated": Flag, "style": Text, "explode": Flag, "schema": Any,
     "example": Any, "examples": Map, "content": Map], []);
object!(REQUEST_BODY, "request body", ["description": Text, "content": Map, "required": Flag], ["content"]);
object!(RESPONSE, "response",
    ["description": Text, "headers": Map, "content": Map, "links": Map], ["description"]);
object!(MEDIA_TYPE, "media type", ["schema": Any, "example": Any, "examples": Map, "encoding": Map], []);
object!(EXAMPLE, "example",
    ["summary": Text, "description": Text, "value": Any, "externalValue": Text], []);

object!(ASYNCAPI, "AsyncAPI document",
    ["asyncapi": Text, "id": Text, "info": Map, "servers": Map, "defaultContentType": Text, "channels": Map,
     "operations": Map, "components": Map], ["asyncapi", "info"]);
object!(ASYNC_INFO, "info",
    ["title": Text, "version": Text, "description": Text, "termsOfService": Text, "contact": Map, "license": Map,
     "tags": List, "externalDocs": Map], ["title", "version"]);
object!(CHANNEL, "channel",
    ["address": Any, "messages": Map, "title": Text, "summary": Text, "description": Text, "servers": List,
     "parameters": Map, "tags": List, "externalDocs": Map, "bindings": Map], []);
object!(ASYNC_OPERATION, "operation",
    ["action": Text, "channel": Map, "title": Text, "summary": Text, "description": Text, "security": List,
     "tags": List, "externalDocs": Map, "bindings": Map, "traits": List, "messages": List, "reply": Map],
    ["action", "channel"]);
object!(MESSAGE, "message",
    ["headers": Any, "payload": Any, "correlationId": Map, "contentType": Text, "name": Text, "title": Text,
     "summary": Text, "description": Text, "tags": List, "externalDocs": Map, "bindings": Map, "examples": List,
     "traits": List], []);
object!(ASYNC_COMPONENTS, "components",
    ["schemas": Map, "servers": Map, "channels": Map, "operations": Map, "messages": Map, "securitySchemes": Map,
     "serverVariables": Map, "parameters": Map, "correlationIds": Map, "replies": Map, "replyAddresses": Map,
     "externalDocs": Map, "tags": Map, "operationTraits": Map, "messageTraits": Map, "serverBindings": Map,
     "channelBindings": Map, "operationBindings": Map, "messageBindings": Map], []);

/// Checks one object's keys; answers whether it is an object at all.
pub(super) fn check(lint: &mut Lint<'_>, area: Area, place: &Place<'_>, object: &Object) -> bool {
    let Some(entries) = place.node.as_map() else {
        let message = format!("{} is {}, and must be a mapping", an(object.name), place.node.kind_name());
        lint.say(area.valid(), place, message, "not a mapping", None);
        return false;
    };
    if place.reference().is_some() && object.name != PATH_ITEM.name {
        return true; // What it refers to is checked where it stands.
    }
    for (key, value) in place.entries() {
        if key.starts_with("x-") {
            continue;
        }
        match object.keys.iter().find(|(known, _)| *known == key) {
            None => {
                let known = object.keys.iter().map(|(known, _)| *known);
                let help = near(key, known).or_else(|| Some(format!("{} has {}", an(object.name), list(object.keys))));
                lint.say_at(
                    area.unknown(),
                    &value.document.file,
                    value.span,
                    format!("{} has no key `{key}`", an(object.name)),
                    "unknown key",
                    help,
                );
            }
            Some((_, holds)) => check_kind(lint, area, key, &value, *holds),
        }
    }
    for required in object.required {
        if !entries.iter().any(|(key, _)| key.text == *required) {
            lint.say(
                area.valid(),
                place,
                format!("{} needs `{required}`", an(object.name)),
                "it is missing here",
                None,
            );
        }
    }
    true
}

fn check_kind(lint: &mut Lint<'_>, area: Area, key: &str, value: &Place<'_>, holds: Holds) {
    let (fits, wanted) = match holds {
        Any => (true, ""),
        Text => (value.node.as_str().is_some(), "text"),
        Flag => (value.node.as_bool().is_some(), "true or false"),
        Map => (value.node.as_map().is_some(), "a mapping"),
        List => (value.node.as_seq().is_some(), "a list"),
    };
    if !fits {
        let help = (wanted == "text").then(|| "put it in quotes".to_owned());
        let message = format!("`{key}` is {}, and must be {wanted}", value.node.kind_name());
        lint.say(area.valid(), value, message, "of the wrong kind", help);
    }
}

/// Which specification a document follows: it names the codes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Area {
    OpenApi,
    AsyncApi,
}

impl Area {
    pub(super) fn valid(self) -> &'static str {
        match self {
            Self::OpenApi => "openapi/valid",
            Self::AsyncApi => "asyncapi/valid",
        }
    }

    fn unknown(self) -> &'static str {
        match self {
            Self::OpenApi => "openapi/unknown-key",
            Self::AsyncApi => "asyncapi/unknown-key",
        }
    }
}

fn an(name: &str) -> String {
    match name {
        "info" | "components" => format!("`{name}`"),
        _ if name.starts_with(['a', 'e', 'i', 'o', 'A', 'O']) => format!("an {name}"),
        _ => format!("a {name}"),
    }
}

fn list(keys: &[(&str, Holds)]) -> String {
    keys.iter().map(|(key, _)| *key).collect::<Vec<_>>().join(", ")
}
