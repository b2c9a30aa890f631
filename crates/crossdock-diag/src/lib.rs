#![doc = include_str!("../README.md")]

mod decode;
mod diagnostic;
mod document;
mod embedded;
mod folder;
mod json;
mod load;
mod render;
mod scalar;
mod schema;
mod shape;
mod source;
mod suggest;
mod union;
mod yaml;

#[cfg(test)]
mod tests;

pub use decode::{check, decode, decode_node};
pub use diagnostic::{Diagnostic, Diagnostics, Label, Severity};
pub use document::{Document, Key, Node, NodeValue};
pub use embedded::offset_in_file;
pub use folder::Folder;
pub use load::{Limits, Syntax, parse, parse_bytes, read};
pub use render::render;
pub use source::{SourceFile, Span};
pub use suggest::{did_you_mean, list_of};
