//! A file as a tree in which every value knows its place.
//! Here: nodes, keys, JSON pointers into them. Not here: how text becomes a tree (`yaml`, `json`), or types (`decode`).
//! Invariant: the tree has no shared parts (YAML aliases are expanded, within limits) and mappings have no key twice.

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use crate::scalar;
use crate::source::{SourceFile, Span};

/// A file that has been read.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its name and text.
    pub file: Arc<SourceFile>,
    /// Its content.
    pub root: Node,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// The bytes of the value, quotes and brackets included.
    pub span: Span,
    /// The value.
    pub value: NodeValue,
}

/// What a file can say.
#[derive(Clone, Debug)]
pub enum NodeValue {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written, every digit kept, in the notation of JSON.
    Number(String),
    /// A text.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values, in the order of the file.
    Mapping(Vec<(Key, Node)>),
}

/// A key of a mapping and where it stands.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key as text: `200:` and `"200":` are both `200`.
    pub text: String,
    /// The bytes of the key, quotes included.
    pub span: Span,
}

impl Node {
    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|(found, _)| found.text == key).map(|(_, node)| node)
    }

    /// The place of a key of a mapping.
    pub fn key_span(&self, key: &str) -> Option<Span> {
        self.as_map()?.iter().find(|(found, _)| found.text == key).map(|(found, _)| found.span)
    }

    /// The node at a JSON pointer (RFC 6901): `""` is this node, `/steps/0/call` goes down.
    pub fn pointer(&self, pointer: &str) -> Option<&Node> {
        let (node, rest) = self.walk(pointer);
        rest.is_empty().then_some(node)
    }

    /// The deepest node on the way to a JSON pointer that exists.
    pub fn nearest(&self, pointer: &str) -> &Node {
        self.walk(pointer).0
    }

    fn walk<'p>(&self, pointer: &'p str) -> (&Node, &'p str) {
        let mut node = self;
        let mut rest = pointer;
        while let Some(tail) = rest.strip_prefix('/') {
            let (token, after) = tail.find('/').map_or((tail, ""), |at| tail.split_at(at));
            let token = token.replace("~1", "/").replace("~0", "~");
            let next = match &node.value {
                NodeValue::Mapping(_) => node.get(&token),
                NodeValue::Sequence(items) => token.parse::<usize>().ok().and_then(|index| items.get(index)),
                _ => None,
            };
            let Some(next) = next else {
                return (node, rest);
            };
            node = next;
            rest = after;
        }
        (node, rest)
    }

    /// The text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            NodeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            NodeValue::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The items, if this is a list.
    pub fn as_seq(&self) -> Option<&[Node]> {
        match &self.value {
            NodeValue::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if this is a mapping.
    pub fn as_map(&self) -> Option<&[(Key, Node)]> {
        match &self.value {
            NodeValue::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// Whether this is `null` or nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.value, NodeValue::Null)
    }

    /// What this is, in people's words: "a list", "text", "nothing" …
    pub fn kind_name(&self) -> &'static str {
        match &self.value {
            NodeValue::Null => "nothing",
            NodeValue::Bool(_) => "true or false",
            NodeValue::Number(_) => "a number",
            NodeValue::String(_) => "text",
            NodeValue::Sequence(_) => "a list",
            NodeValue::Mapping(_) => "a mapping",
        }
    }

    /// The value without its places; numbers keep their digits.
    pub fn to_value(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            // A literal that JSON does not know cannot occur; were it to, its text is truer than a wrong number.
            NodeValue::Number(literal) => {
                literal.parse::<Number>().map_or_else(|_| Value::String(literal.clone()), Value::Number)
            }
            NodeValue::String(text) => Value::String(text.clone()),
            NodeValue::Sequence(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            NodeValue::Mapping(entries) => Value::Object(
                entries.iter().map(|(key, node)| (key.text.clone(), node.to_value())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// The first few bytes of a value: where to point when a whole block would be too much.
    ///
    /// A mapping is shown by its first key, a list by its first item, anything else by itself.
    pub fn head(&self) -> Span {
        match &self.value {
            NodeValue::Mapping(entries) => entries.first().map_or(self.span, |(key, _)| key.span),
            NodeValue::Sequence(items) => items.first().map_or(self.span, Node::head),
            _ => self.span,
        }
    }

    /// A whole number: written without a fraction.
    pub(crate) fn is_integer(&self) -> bool {
        matches!(&self.value, NodeValue::Number(literal) if scalar::is_integer(literal))
    }
}
