//! JSON to a tree of nodes: RFC 8259, to the letter.
//! Here: a parser of our own, because `serde_json` keeps no places and takes a key twice. Not here: numbers' grammar (`scalar`).
//! Invariant: depth and count are bounded by the limits; the text of a number is kept as written.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::document::{Key, Node, NodeValue};
use crate::load::Limits;
use crate::scalar::json_number_len;
use crate::source::{SourceFile, Span};

/// The tree, if there is a whole one, and every mistake on the way.
pub(crate) fn parse(file: &Arc<SourceFile>, limits: &Limits) -> (Option<Node>, Vec<Diagnostic>) {
    let start = if file.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut parser = Parser { file, text: &file.text, at: start, limits, nodes: 0, depth: 0, found: Vec::new() };
    match parser.document() {
        Ok(root) => (Some(root), parser.found),
        Err(diagnostic) => {
            parser.found.push(*diagnostic);
            (None, parser.found)
        }
    }
}

type Parsed<T> = Result<T, Box<Diagnostic>>;

struct Parser<'a> {
    file: &'a Arc<SourceFile>,
    text: &'a str,
    at: usize,
    limits: &'a Limits,
    nodes: usize,
    depth: usize,
    found: Vec<Diagnostic>,
}

impl Parser<'_> {
    fn document(&mut self) -> Parsed<Node> {
        self.space();
        let root = self.value()?;
        self.space();
        match self.peek() {
            None => Ok(root),
            Some(_) => Err(Box::new(self.unexpected("the end of the file"))),
        }
    }

    fn value(&mut self) -> Parsed<Node> {
        self.nodes += 1;
        if self.nodes > self.limits.max_nodes {
            return Err(Box::new(self.error(
                "json::too_many_values",
                format!("more than {} values", self.limits.max_nodes),
                self.at,
            )));
        }
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => NodeValue::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", NodeValue::Bool(true))?,
            Some(b'f') => self.word("false", NodeValue::Bool(false))?,
            Some(b'n') => self.word("null", NodeValue::Null)?,
            _ => return Err(Box::new(self.unexpected("a value"))),
        };
        Ok(Node { span: Span::new(start, self.at), value })
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Parsed<NodeValue>) -> Parsed<NodeValue> {
        self.depth += 1;
        if self.depth > self.limits.max_depth {
            return Err(Box::new(self.error(
                "json::too_deep",
                format!("more than {} levels deep", self.limits.max_depth),
                self.at,
            )));
        }
        let value = parse(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Parsed<NodeValue> {
        let opened = self.at;
        self.at += 1;
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        self.space();
        if self.eat(b'}') {
            return Ok(NodeValue::Mapping(entries));
        }
        loop {
            self.space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(Box::new(self.unclosed(opened, "a key in double quotes")));
            }
            let key = Key { text: self.string()?, span: Span::new(start, self.at) };
            self.space();
            if !self.eat(b':') {
                return Err(Box::new(self.unclosed(opened, "`:`")));
            }
            self.space();
            let node = self.value()?;
            if let Some(first) = seen.get(&key.text) {
                self.found.push(
                    Diagnostic::error("json::duplicate_key", format!("key `{}` twice in one mapping", key.text))
                        .at(self.file, key.span, "again here")
                        .at(self.file, *first, "first here"),
                );
            } else {
                seen.insert(key.text.clone(), key.span);
                entries.push((key, node));
            }
            self.space();
            if self.eat(b'}') {
                return Ok(NodeValue::Mapping(entries));
            }
            if !self.eat(b',') {
                return Err(Box::new(self.unclosed(opened, "`,` or `}`")));
            }
        }
    }

    fn array(&mut self) -> Parsed<NodeValue> {
        let opened = self.at;
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.eat(b']') {
            return Ok(NodeValue::Sequence(items));
        }
        loop {
            self.space();
            items.push(self.value()?);
            self.space();
            if self.eat(b']') {
                return Ok(NodeValue::Sequence(items));
            }
            if !self.eat(b',') {
                return Err(Box::new(self.unclosed(opened, "`,` or `]`")));
            }
        }
    }

    fn number(&mut self) -> Parsed<NodeValue> {
        let rest = &self.text.as_bytes()[self.at..];
        let run = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
        match json_number_len(rest) {
            Some(length) if length == run => {
                let literal = self.text[self.at..self.at + length].to_owned();
                self.at += length;
                Ok(NodeValue::Number(literal))
            }
            _ => Err(Box::new(
                Diagnostic::error("json::syntax", "not a number of JSON")
                    .at(self.file, Span::new(self.at, self.at + run), "here")
                    .help("digits, then a fraction, then an exponent: no leading zeros, no bare point"),
            )),
        }
    }

    fn word(&mut self, word: &str, value: NodeValue) -> Parsed<NodeValue> {
        let rest = &self.text.as_bytes()[self.at..];
        let run = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if &rest[..run] == word.as_bytes() {
            self.at += run;
            return Ok(value);
        }
        Err(Box::new(self.unexpected("a value")))
    }

    fn string(&mut self) -> Parsed<String> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let run = self.at;
            while self.peek().is_some_and(|byte| byte != b'"' && byte != b'\\' && byte >= 0x20) {
                self.at += 1;
            }
            // The run ends before an ASCII byte or at the end: always at the boundary of a character.
            text.push_str(&self.text[run..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escape()?),
                Some(_) => {
                    return Err(Box::new(
                        self.error("json::syntax", "a line break or control character in a text".to_owned(), self.at)
                            .help("write it as an escape, such as \\n"),
                    ));
                }
                None => {
                    return Err(Box::new(
                        Diagnostic::error("json::syntax", "a text that does not end")
                            .at(self.file, Span::at(self.text.len()), "the file ends here")
                            .at(self.file, Span::new(start, start + 1), "begins here"),
                    ));
                }
            }
        }
    }

    fn escape(&mut self) -> Parsed<char> {
        let start = self.at;
        self.at += 2;
        let plain = match self.text.as_bytes().get(start + 1) {
            Some(b'u') => return self.unicode(start),
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
            _ => {
                return Err(Box::new(self.error(
                    "json::syntax",
                    "an escape that JSON does not know".to_owned(),
                    start,
                )));
            }
        };
        Ok(plain)
    }

    /// `\uXXXX`, or two of them that make a pair (RFC 8259, section 7).
    fn unicode(&mut self, start: usize) -> Parsed<char> {
        let bad = "half of a surrogate pair, or not four hexadecimal digits";
        let Some(first) = self.hex4() else {
            return Err(Box::new(self.error("json::syntax", bad.to_owned(), start)));
        };
        let mut code = first;
        if (0xD800..0xDC00).contains(&first) && self.text.as_bytes()[self.at..].starts_with(b"\\u") {
            self.at += 2;
            match self.hex4() {
                Some(second) if (0xDC00..0xE000).contains(&second) => {
                    code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                }
                _ => return Err(Box::new(self.error("json::syntax", bad.to_owned(), start))),
            }
        }
        char::from_u32(code).ok_or_else(|| Box::new(self.error("json::syntax", bad.to_owned(), start)))
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let digits = Some(digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self, wanted: &str) -> Diagnostic {
        let rest = &self.text[self.at..];
        let word: String = rest.chars().take_while(|c| c.is_alphanumeric()).take(20).collect();
        let found = match rest.chars().next() {
            None => "the file ends".to_owned(),
            Some(_) if !word.is_empty() => format!("found `{word}`"),
            Some(c) => format!("found `{}`", if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }),
        };
        let end = self.at + word.len().max(rest.chars().next().map_or(0, char::len_utf8));
        let help = match rest.as_bytes() {
            [b'/' | b'#', ..] => Some("JSON has no comments"),
            [b'\'', ..] => Some("JSON writes text in double quotes"),
            [b'}' | b']', ..] if self.text[..self.at].trim_end().ends_with(',') => Some("remove the comma before it"),
            _ => None,
        };
        let message = format!("not valid JSON: expected {wanted}, {found}");
        Diagnostic::error("json::syntax", message)
            .at(self.file, Span::new(self.at, end), "stopped here")
            .maybe_help(help.map(ToOwned::to_owned))
    }

    /// As `unexpected`, naming the bracket that is open.
    fn unclosed(&self, opened: usize, wanted: &str) -> Diagnostic {
        let diagnostic = self.unexpected(wanted);
        if self.at < self.text.len() {
            return diagnostic;
        }
        diagnostic.at(self.file, Span::new(opened, opened + 1), "opened here")
    }

    fn error(&self, code: &'static str, message: String, at: usize) -> Diagnostic {
        let at = self.file.floor_char_boundary(at);
        let end = at + self.text[at..].chars().next().map_or(0, char::len_utf8);
        Diagnostic::error(code, message).at(self.file, Span::new(at, end), "here")
    }
}
