//! What changes from run to run, made the same.
//! Here: times, durations, ports, paths, ids. Not here: anything a test should see.

use regex::{Captures, Regex};

/// Rules, applied one after the other.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    literal: Vec<(String, String)>,
    rules: Vec<(Regex, String)>,
}

impl Redactor {
    /// No rules.
    pub fn none() -> Self {
        Self::default()
    }

    /// Times of RFC 3339 (`TIME`), UUIDs (`UUID`), ports of this machine (`PORT`), durations with a unit (`DURATION`) and the keys
    /// `duration_ms` and `started` of reports.
    pub fn usual() -> Self {
        Self::none()
            .rule(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", "TIME")
            .rule(r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b", "UUID")
            .rule(r"\b(127\.0\.0\.1|localhost|\[::1\]):\d{2,5}\b", "$1:PORT")
            .rule(r#"("(?:duration|late|simulated)_ms"\s*:\s*)\d+(?:\.\d+)?"#, "${1}0")
            .rule(r"\b\d+(?:\.\d+)? ?(?:ns|µs|us|ms|s|min)\b", "DURATION")
    }

    /// A rule of one's own; the replacement may use `$1` or `$name`.
    ///
    /// # Panics
    /// If the pattern is not valid.
    #[must_use]
    pub fn rule(mut self, pattern: &str, replacement: &str) -> Self {
        let regex = Regex::new(pattern).unwrap_or_else(|error| panic!("redaction `{pattern}`: {error}"));
        self.rules.push((regex, replacement.to_owned()));
        self
    }

    /// A text that is replaced wherever it stands, such as a temporary folder. Goes before the rules; the longest goes first.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>, replacement: &str) -> Self {
        self.literal.push((text.into(), replacement.to_owned()));
        self.literal.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        self
    }

    /// The text with all rules applied.
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (literal, replacement) in self.literal.iter().filter(|(literal, _)| !literal.is_empty()) {
            text = text.replace(literal, replacement);
        }
        for (regex, replacement) in &self.rules {
            text = regex
                .replace_all(&text, |captures: &Captures<'_>| {
                    let mut replaced = String::new();
                    captures.expand(replacement, &mut replaced);
                    replaced
                })
                .into_owned();
        }
        text
    }
}
