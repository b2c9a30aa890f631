//! What a person got wrong in a text, and all of it.
//! Here: the diagnostic and its collection. Not here: how it looks (`render`).
//! Invariant: [`Diagnostics`] are iterated in the order of their places, whatever order they were found in.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::source::{SourceFile, Span};

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can be used; somebody will regret it.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The word people and machines read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// A place and what is to be said about it.
#[derive(Clone, Debug)]
pub struct Label {
    /// The text it points into.
    pub file: Arc<SourceFile>,
    /// Where.
    pub span: Span,
    /// A few words, shown beside the marks; may be empty.
    pub text: String,
    /// Whether this is the place of the mistake; the others explain it.
    pub primary: bool,
}

/// One mistake.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// A stable name, `area::mistake`: people search for it, `docs/` explain it.
    pub code: Cow<'static, str>,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence without a full stop.
    pub message: String,
    /// The places; the first primary one is *the* place.
    pub labels: Vec<Label>,
    /// What would be right, one sentence each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// A mistake that makes the file unusable.
    pub fn error(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// A mistake that can be lived with.
    pub fn warning(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// Something worth knowing.
    pub fn info(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(Severity::Info, code, message)
    }

    fn new(severity: Severity, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { code: code.into(), severity, message: message.into(), labels: Vec::new(), help: Vec::new() }
    }

    /// Adds a place: the first one added is primary.
    #[must_use]
    pub fn at(mut self, file: &Arc<SourceFile>, span: impl Into<Span>, text: impl Into<String>) -> Self {
        let primary = self.labels.is_empty();
        self.labels.push(Label { file: Arc::clone(file), span: span.into(), text: text.into(), primary });
        self
    }

    /// Adds a sentence that says what would be right.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds the sentence if there is one.
    #[must_use]
    pub fn maybe_help(self, text: Option<String>) -> Self {
        match text {
            Some(text) => self.help(text),
            None => self,
        }
    }

    /// The primary label.
    pub fn place(&self) -> Option<&Label> {
        self.labels.iter().find(|label| label.primary).or(self.labels.first())
    }

    /// The name of the file of the primary label.
    pub fn file(&self) -> Option<&str> {
        self.place().map(|label| label.file.name.as_str())
    }

    /// The line of the primary label, from 1.
    pub fn line(&self) -> Option<usize> {
        self.place().map(|label| label.file.line_col(label.span.start).0)
    }

    /// The column of the primary label, in characters from 1.
    pub fn column(&self) -> Option<usize> {
        self.place().map(|label| label.file.line_col(label.span.start).1)
    }
}

impl fmt::Display for Diagnostic {
    /// One line, for logs and for errors that carry a diagnostic: `file:line:column: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place() {
            let (line, column) = place.file.line_col(place.span.start);
            write!(f, "{}:{line}:{column}: ", place.file.name)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// All mistakes of a run.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
        self.sort();
    }

    /// Adds many.
    pub fn extend(&mut self, more: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(more);
        self.sort();
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// In the order of their places.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// In the order of their places.
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    /// The value, unless there are errors. Warnings alone are dropped: keep them before you call this.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }

    /// By file, then offset; those without a place come first. Stable, so equal places keep the order they were found in.
    fn sort(&mut self) {
        fn key(diagnostic: &Diagnostic) -> Option<(&str, usize)> {
            diagnostic.place().map(|place| (place.file.name.as_str(), place.span.start))
        }
        self.0.sort_by(|a, b| key(a).cmp(&key(b)));
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl From<Vec<Diagnostic>> for Diagnostics {
    fn from(list: Vec<Diagnostic>) -> Self {
        let mut all = Self(list);
        all.sort();
        all
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(iter: I) -> Self {
        Self::from(iter.into_iter().collect::<Vec<_>>())
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for Diagnostics {
    /// One line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
