//! From a place in a text to its place in the file that the text stands in.
//! Here: expressions and templates inside YAML and JSON scalars. Not here: what is wrong with them.

use crate::document::{Node, NodeValue};
use crate::source::SourceFile;

/// The offset in the file of byte `offset` of the text of a scalar node.
///
/// Exact where the text is plain, quoted, or a literal block; where it cannot be told (a folded text, an alias of another file), the start of the node.
pub fn offset_in_file(file: &SourceFile, node: &Node, offset: usize) -> usize {
    let text = match &node.value {
        NodeValue::String(text) | NodeValue::Number(text) => text.as_str(),
        _ => return node.span.start,
    };
    let source = file.slice(node.span);
    let inside = match source.as_bytes().first() {
        _ if source.trim_end() == text.trim_end() => Some(offset),
        Some(b'\'') => quoted(source, offset, |rest| rest.starts_with("''").then_some((2, 1))),
        Some(b'"') => quoted(source, offset, escape),
        _ => literal(source, text, offset),
    };
    inside.map_or(node.span.start, |inside| node.span.start + inside.min(source.len()))
}

/// Walks a quoted text: `step` tells for an escape how long it is in the source and in the text.
fn quoted(source: &str, offset: usize, step: impl Fn(&str) -> Option<(usize, usize)>) -> Option<usize> {
    let (mut at, mut read) = (1, 0);
    while read < offset {
        let rest = source.get(at..)?;
        let first = rest.chars().next()?;
        if first == '\n' || first == '\r' {
            return None; // folded over lines
        }
        let (long, short) = step(rest).unwrap_or((first.len_utf8(), first.len_utf8()));
        at += long;
        read += short;
    }
    Some(at)
}

/// The escapes of JSON and of double-quoted YAML: their length in the source, and in the text.
fn escape(rest: &str) -> Option<(usize, usize)> {
    let kind = rest.strip_prefix('\\')?.chars().next()?;
    let digits = match kind {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        'N' | '_' => return Some((2, 2)),
        'L' | 'P' => return Some((2, 3)),
        _ => return Some((1 + kind.len_utf8(), kind.len_utf8())),
    };
    let code = u32::from_str_radix(rest.get(2..2 + digits)?, 16).ok()?;
    match char::from_u32(code) {
        Some(c) => Some((2 + digits, c.len_utf8())),
        // A surrogate pair: twelve characters for one of four bytes.
        None => Some((12, 4)),
    }
}

/// A literal block keeps its lines; only their indentation is gone. The span begins behind that of the first line.
fn literal(source: &str, text: &str, offset: usize) -> Option<usize> {
    let before = text.get(..offset)?;
    let line = before.matches('\n').count();
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    let shown = text.split('\n').nth(line)?;
    let mut at = 0;
    for _ in 0..line {
        at += source.get(at..)?.find('\n')? + 1;
    }
    let written = source.get(at..)?.split('\n').next()?.trim_end_matches('\r');
    let indent = written.strip_suffix(shown)?;
    indent.trim().is_empty().then_some(at + indent.len() + column)
}
