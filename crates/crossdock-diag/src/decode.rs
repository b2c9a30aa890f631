//! Documents to Rust types, by one description: the JSON Schema that `schemars` derives from the type.
//! Here: the shape check first (all mistakes, with places), then serde. Not here: the check itself (`shape`).
//! Invariant: the same schema is what editors complete by, so a file that an editor accepts is read.

use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::{Document, Node};
use crate::shape;

/// Reads a document as a `T`.
///
/// # Errors
/// All mistakes of its shape at once: wrong types, missing and unknown keys, values that are not listed. If there are none, what the
/// type itself refuses (such as a `try_from`), which stops at the first.
pub fn decode<T: DeserializeOwned + JsonSchema>(document: &Document) -> Result<T, Diagnostics> {
    decode_node(document, &document.root)
}

/// Reads a part of a document as a `T`.
///
/// # Errors
/// As [`decode`].
pub fn decode_node<T: DeserializeOwned + JsonSchema>(document: &Document, node: &Node) -> Result<T, Diagnostics> {
    let schema = schema_of::<T>();
    check(document, node, &schema).into_result(())?;
    serde_path_to_error::deserialize(node.to_value()).map_err(|error| refused(document, node, &error).into())
}

/// Checks a part of a document against a JSON Schema such as `schemars` writes: what [`decode`] does before serde.
pub fn check(document: &Document, node: &Node, schema: &Value) -> Diagnostics {
    shape::check(&document.file, node, schema).into()
}

fn schema_of<T: JsonSchema>() -> Value {
    SchemaGenerator::default().into_root_schema_for::<T>().to_value()
}

/// What serde says, at the deepest node on its path.
fn refused(document: &Document, node: &Node, error: &serde_path_to_error::Error<serde_json::Error>) -> Diagnostic {
    use serde_path_to_error::Segment;
    let mut at = node;
    let mut span = node.head();
    for segment in error.path() {
        let next = match segment {
            Segment::Map { key } => {
                at.as_map().and_then(|entries| entries.iter().find(|(found, _)| found.text == *key))
            }
            _ => None,
        };
        if let Some((key, value)) = next {
            (at, span) = (value, shape::head_of(key, value));
        } else if let Some(item) = match segment {
            Segment::Seq { index } => at.as_seq().and_then(|items| items.get(*index)),
            _ => None,
        } {
            (at, span) = (item, item.head());
        } else {
            break;
        }
    }
    Diagnostic::error("shape::refused", error.inner().to_string()).at(&document.file, span, "here")
}
