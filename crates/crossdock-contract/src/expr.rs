//! Expressions: the jq that scenarios, mappings and mocks are written in, and the `${…}` templates around it.
//! Here: the two ways to evaluate (simple forms natively, the rest by jaq), and the names an expression reads.
//! Not here: what the names mean; the scenario and the mock check `roots()` against what they offer.
//! Invariant: no expression reads the environment, a clock or another input, and none can loop.

mod convert;
mod decimal;
mod jq;
mod simple;
mod template;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

pub use decimal::compare as compare_decimals;
pub use template::Template;

/// Longest expression that is read, in bytes. Longer ones are programs and belong elsewhere.
pub const MAX_TEXT: usize = 2000;
/// Deepest nesting of brackets that is read: the parser below recurses.
pub const MAX_NESTING: usize = 48;

/// The property names that are bound to a decimal term of the glossary: comparisons of them are decimal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms(BTreeSet<String>);

impl Terms {
    /// Whether a property of this name holds a quantity, an amount or a balance.
    pub fn contains(&self, property: &str) -> bool {
        self.0.contains(property)
    }
}

impl<S: Into<String>> FromIterator<S> for Terms {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}

/// One checked expression. Cheap to clone, safe to share between threads.
#[derive(Clone, Debug)]
pub struct Expr {
    text: Arc<str>,
    kind: Arc<Kind>,
}

#[derive(Debug)]
enum Kind {
    Simple(simple::Simple, Terms),
    Jq(jq::Program),
}

/// What is wrong with the text of an expression, and where in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// Byte offset into the text that was parsed.
    pub offset: usize,
    /// Length of the wrong part in bytes; at least 1 unless the text ended too early.
    pub len: usize,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: Option<String>,
}

/// Why an expression has no single value for this input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// What happened, in words.
    pub message: String,
}

impl EvalError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl Expr {
    /// Reads an expression with jq's own comparisons.
    pub fn parse(text: &str) -> Result<Self, ExprError> {
        Self::parse_with(text, &Terms::default())
    }

    /// Reads an expression in which properties bound to the glossary compare as decimals: `"2.0"` equals `2`.
    pub fn parse_with(text: &str, terms: &Terms) -> Result<Self, ExprError> {
        guard(text)?;
        let kind = match simple::parse(text) {
            Some(form) => Kind::Simple(form, terms.clone()),
            None => Kind::Jq(jq::compile(text, terms)?),
        };
        Ok(Self { text: text.into(), kind: Arc::new(kind) })
    }

    /// The text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the expression is evaluated natively, without jq.
    pub fn is_simple(&self) -> bool {
        matches!(*self.kind, Kind::Simple(..))
    }

    /// The paths that the expression reads from its input, as written from the root: `.captured.order`.
    ///
    /// Only names are in it (no indices), sorted, each once; a path behind a pipe is not the input's and is left out.
    pub fn roots(&self) -> Vec<String> {
        let paths = match &*self.kind {
            Kind::Simple(form, _) => form.roots(),
            Kind::Jq(program) => program.roots().to_vec(),
        };
        let unique: BTreeSet<String> = paths.into_iter().collect();
        unique.into_iter().collect()
    }

    /// The glossary-bound properties on which the expression does arithmetic in jq, which loses decimals.
    pub fn inexact(&self) -> &[String] {
        match &*self.kind {
            Kind::Simple(..) => &[],
            Kind::Jq(program) => program.inexact(),
        }
    }

    /// The one value of the expression for this input.
    /// # Errors
    /// If it fails, yields nothing, or yields several values.
    pub fn eval(&self, input: &Value) -> Result<Value, EvalError> {
        match &*self.kind {
            Kind::Simple(form, terms) => form.eval(input, terms),
            Kind::Jq(program) => program.eval(input),
        }
    }

    /// Whether the expression is true for this input (neither `false` nor `null`).
    /// # Errors
    /// As [`Expr::eval`].
    pub fn holds(&self, input: &Value) -> Result<bool, EvalError> {
        Ok(truthy(&self.eval(input)?))
    }
}

fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

/// Refuses what would overflow a recursive parser before it is given to one.
fn guard(text: &str) -> Result<(), ExprError> {
    if text.trim().is_empty() {
        return Err(ExprError {
            offset: 0,
            len: text.len(),
            message: "the expression is empty".into(),
            help: Some("a path such as `.body.status`, or a comparison such as `.status == 201`".into()),
        });
    }
    if text.len() > MAX_TEXT {
        return Err(ExprError {
            offset: 0,
            len: text.len(),
            message: format!("the expression has {} bytes; {MAX_TEXT} are read", text.len()),
            help: Some("capture parts of it in earlier steps".into()),
        });
    }
    let mut depth = 0usize;
    for (offset, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(ExprError {
                offset,
                len: 1,
                message: format!("brackets nest deeper than {MAX_NESTING}"),
                help: Some("capture parts of it in earlier steps".into()),
            });
        }
    }
    Ok(())
}
