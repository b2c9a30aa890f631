//! Texts with expressions in them: `/orders/${.captured.order}`.
//! Here: reading and rendering. Not here: which texts of a file are templates.
//! Invariant: a template that is one expression keeps the type of its value; `$${` is a plain `${`.

use serde_json::Value;

use super::{EvalError, Expr, ExprError, Terms};

/// A text with `${…}` in it, checked.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Expr(Expr),
}

impl Template {
    /// Reads a template with jq's own comparisons.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        Self::parse_with(text, &Terms::default())
    }

    /// Reads a template whose expressions compare bound properties as decimals.
    pub fn parse_with(text: &str, terms: &Terms) -> Result<Self, ExprError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with("$${") {
                plain.push_str("${");
                at += 3;
            } else if let Some(inner) = rest.strip_prefix("${") {
                let start = at + 2;
                let len = closing(inner).ok_or_else(|| ExprError {
                    offset: at,
                    len: 2,
                    message: "this `${` is never closed".into(),
                    help: Some("add `}`; a plain `${` is written `$${`".into()),
                })?;
                let expr = Expr::parse_with(&inner[..len], terms)
                    .map_err(|error| ExprError { offset: error.offset + start, ..error })?;
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Expr(expr));
                at = start + len + 1;
            } else {
                let next = rest.chars().next().map_or(1, char::len_utf8);
                plain.push_str(&rest[..next]);
                at += next;
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether there is no expression in it.
    pub fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The paths that its expressions read, as [`Expr::roots`].
    pub fn roots(&self) -> Vec<String> {
        let mut roots: Vec<String> = self.exprs().flat_map(Expr::roots).collect();
        roots.sort();
        roots.dedup();
        roots
    }

    /// The expressions in it, in order.
    pub fn exprs(&self) -> impl Iterator<Item = &Expr> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expr(expr) => Some(expr),
            Part::Text(_) => None,
        })
    }

    /// The value for this input: of any type if the template is one expression, else a text.
    /// # Errors
    /// If an expression fails, or is `null`, a list or an object within a longer text.
    pub fn render(&self, input: &Value) -> Result<Value, EvalError> {
        match self.parts.as_slice() {
            [Part::Expr(expr)] => expr.eval(input),
            _ => self.render_text(input).map(Value::String),
        }
    }

    /// The value as a text, for headers, paths and keys.
    /// # Errors
    /// As [`Template::render`], and if the whole is `null`, a list or an object.
    pub fn render_text(&self, input: &Value) -> Result<String, EvalError> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Expr(expr) => match expr.eval(input)? {
                    Value::String(text) => out.push_str(&text),
                    value @ (Value::Number(_) | Value::Bool(_)) => out.push_str(&value.to_string()),
                    other => {
                        let what = match other {
                            Value::Null => "null",
                            Value::Array(_) => "a list",
                            _ => "an object",
                        };
                        return Err(EvalError::new(format!("`{}` is {what}, and a text is needed", expr.text())));
                    }
                },
            }
        }
        Ok(out)
    }
}

/// Offset of the `}` that closes the expression, past nested braces and strings.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    for (offset, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '{' if !in_string => depth += 1,
            '}' if !in_string && depth == 0 => return Some(offset),
            '}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    None
}
