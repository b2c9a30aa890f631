//! The simple forms: a path, a comparison of a path with a literal or a path, and `and`/`or` of those.
//! Here: their parser and evaluator. Not here: everything else that jq can say; `parse` answers `None` and jaq takes it.
//! Invariant: a simple form means what jq would make of it, except that glossary-bound properties compare as decimals.

use std::cmp::Ordering;

use serde_json::Value;

use super::{EvalError, Terms, decimal, truthy};

/// A parsed simple form.
#[derive(Clone, Debug)]
pub(super) enum Simple {
    Value(Operand),
    Compare(Operand, Op, Operand),
    And(Box<Simple>, Box<Simple>),
    Or(Box<Simple>, Box<Simple>),
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Path(Vec<Part>),
    Literal(Value),
}

#[derive(Clone, Debug)]
pub(super) enum Part {
    Key(String),
    Index(i64),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Op {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Simple {
    pub(super) fn eval(&self, input: &Value, terms: &Terms) -> Result<Value, EvalError> {
        Ok(match self {
            Self::Value(operand) => operand.get(input)?.clone(),
            Self::Compare(left, op, right) => {
                let (a, b) = (left.get(input)?, right.get(input)?);
                let as_decimals = (left.is_bound(terms) || right.is_bound(terms)).then(|| decimal::compare(a, b));
                let order = as_decimals.flatten().unwrap_or_else(|| decimal::jq_order(a, b));
                Value::Bool(op.holds(order))
            }
            Self::And(left, right) => {
                Value::Bool(truthy(&left.eval(input, terms)?) && truthy(&right.eval(input, terms)?))
            }
            Self::Or(left, right) => {
                Value::Bool(truthy(&left.eval(input, terms)?) || truthy(&right.eval(input, terms)?))
            }
        })
    }

    pub(super) fn roots(&self) -> Vec<String> {
        match self {
            Self::Value(operand) => operand.root().into_iter().collect(),
            Self::Compare(left, _, right) => left.root().into_iter().chain(right.root()).collect(),
            Self::And(left, right) | Self::Or(left, right) => {
                let mut roots = left.roots();
                roots.extend(right.roots());
                roots
            }
        }
    }
}

impl Operand {
    fn get<'a>(&'a self, input: &'a Value) -> Result<&'a Value, EvalError> {
        match self {
            Self::Literal(value) => Ok(value),
            Self::Path(parts) => {
                let mut at = input;
                for (depth, part) in parts.iter().enumerate() {
                    at = step(at, part).ok_or_else(|| {
                        EvalError::new(format!(
                            "`{}` is {}, so `{}` cannot be read from it",
                            text(&parts[..depth]),
                            kind(at),
                            text(&parts[depth..=depth]),
                        ))
                    })?;
                }
                Ok(at)
            }
        }
    }

    fn is_bound(&self, terms: &Terms) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Path(parts) => parts
                .iter()
                .rev()
                .find_map(|part| match part {
                    Part::Key(key) => Some(terms.contains(key)),
                    Part::Index(_) => None,
                })
                .unwrap_or(false),
        }
    }

    fn root(&self) -> Option<String> {
        let Self::Path(parts) = self else { return None };
        let names: Vec<&str> = parts
            .iter()
            .map_while(|part| match part {
                Part::Key(key) => Some(key.as_str()),
                Part::Index(_) => None,
            })
            .collect();
        (!names.is_empty()).then(|| super::jq::root_text(&names))
    }
}

/// What jq answers for a path step: `null` where nothing is, an error (here `None`) where nothing could be.
fn step<'a>(at: &'a Value, part: &Part) -> Option<&'a Value> {
    match (at, part) {
        (Value::Null, _) => Some(&Value::Null),
        (Value::Object(map), Part::Key(key)) => Some(map.get(key).unwrap_or(&Value::Null)),
        (Value::Array(items), Part::Index(index)) => {
            let from_end = usize::try_from(index.unsigned_abs()).ok()?;
            let position = if *index < 0 { items.len().checked_sub(from_end) } else { Some(from_end) };
            Some(position.and_then(|p| items.get(p)).unwrap_or(&Value::Null))
        }
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn text(parts: &[Part]) -> String {
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Key(key) => out.push_str(&super::jq::root_text(&[key])),
            Part::Index(index) => {
                out.push_str(if out.is_empty() { ".[" } else { "[" });
                out.push_str(&index.to_string());
                out.push(']');
            }
        }
    }
    if out.is_empty() { ".".into() } else { out }
}

/// The simple form that the text is, or `None` where it is none (or no jq at all).
pub(super) fn parse(text: &str) -> Option<Simple> {
    let mut reader = Reader { rest: text };
    let form = reader.or()?;
    reader.space();
    // A lone literal is jq's too, but calling it an expression hides mistakes such as a forgotten dot.
    (reader.rest.is_empty() && !matches!(form, Simple::Value(Operand::Literal(_)))).then_some(form)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn word(&mut self, word: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(word) {
            Some(rest) if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn or(&mut self) -> Option<Simple> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Simple::Or(Box::new(left), Box::new(self.and()?));
        }
        Some(left)
    }

    fn and(&mut self) -> Option<Simple> {
        let mut left = self.comparison()?;
        while self.word("and") {
            left = Simple::And(Box::new(left), Box::new(self.comparison()?));
        }
        Some(left)
    }

    fn comparison(&mut self) -> Option<Simple> {
        self.space();
        if self.take("(") {
            let inner = self.or()?;
            self.space();
            return self.take(")").then_some(inner);
        }
        let left = self.operand()?;
        let Some(op) = self.op() else { return Some(Simple::Value(left)) };
        let right = self.operand()?;
        Some(Simple::Compare(left, op, right))
    }

    fn op(&mut self) -> Option<Op> {
        self.space();
        let ops = [
            ("==", Op::Equal),
            ("!=", Op::NotEqual),
            ("<=", Op::LessOrEqual),
            (">=", Op::GreaterOrEqual),
            ("<", Op::Less),
            (">", Op::Greater),
        ];
        ops.into_iter().find_map(|(token, op)| self.take(token).then_some(op))
    }

    fn operand(&mut self) -> Option<Operand> {
        self.space();
        if self.rest.starts_with('.') {
            return self.path();
        }
        for (word, value) in [("true", Value::Bool(true)), ("false", Value::Bool(false)), ("null", Value::Null)] {
            if self.word(word) {
                return Some(Operand::Literal(value));
            }
        }
        if self.rest.starts_with('"') {
            return Some(Operand::Literal(Value::String(self.string()?)));
        }
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E')))
            .unwrap_or(self.rest.len());
        let number = serde_json::from_str(self.rest.get(..end)?).ok()?;
        self.rest = self.rest.get(end..)?;
        Some(Operand::Literal(Value::Number(number)))
    }

    /// A string literal without interpolation; `\(…)` is jq's business.
    fn string(&mut self) -> Option<String> {
        let mut escaped = false;
        for (offset, c) in self.rest.char_indices().skip(1) {
            match c {
                '(' if escaped => return None,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let (literal, rest) = self.rest.split_at(offset + 1);
                    self.rest = rest;
                    return serde_json::from_str(literal).ok();
                }
                _ => {}
            }
        }
        None
    }

    fn path(&mut self) -> Option<Operand> {
        let mut parts = Vec::new();
        while self.take(".") {
            if self.rest.starts_with('"') {
                parts.push(Part::Key(self.string()?));
            } else if self.rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
                let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
                let (name, rest) = self.rest.split_at(end);
                parts.push(Part::Key(name.to_owned()));
                self.rest = rest;
            } else if !self.rest.starts_with('[') && !parts.is_empty() {
                return None; // `.a.` is a mistake that jq words well
            }
            while self.take("[") {
                parts.push(self.subscript()?);
            }
        }
        // `.a?`, `.a | …`, `.a + 1` and the like continue: not simple.
        Some(Operand::Path(parts))
    }

    fn subscript(&mut self) -> Option<Part> {
        let part = if self.rest.starts_with('"') {
            Part::Key(self.string()?)
        } else {
            let end = self.rest.find(']')?;
            let index = self.rest.get(..end)?.trim().parse().ok()?;
            self.rest = self.rest.get(end..)?;
            Part::Index(index)
        };
        self.space();
        self.take("]").then_some(part)
    }
}
