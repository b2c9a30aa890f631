//! Diagnostics as text for people, in the manner of rustc.
//! Here: order, snippets, colour. Not here: machine formats (`crossdock-report`).

use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Label, Severity};
use crate::source::SourceFile;

/// A line longer than this is cut before it is shown: nobody reads it, and minified JSON has one line.
const LONGEST_LINE: usize = 4_000;
const WIDTH: usize = 120;

/// All of them, one after the other, and a line that counts them when there are several. Empty for none.
pub fn render(diagnostics: &[Diagnostic], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.term_width(WIDTH);
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&one(&renderer, diagnostic));
        text.push_str("\n\n");
    }
    if diagnostics.len() > 1 {
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
        text.push_str(&summary(errors, diagnostics.len() - errors));
        text.push('\n');
    } else {
        text.truncate(text.trim_end().len());
        if !text.is_empty() {
            text.push('\n');
        }
    }
    text
}

fn summary(errors: usize, others: usize) -> String {
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    match (errors, others) {
        (_, 0) => count(errors, "error"),
        (0, _) => count(others, "warning"),
        _ => format!("{}, {}", count(errors, "error"), count(others, "warning")),
    }
}

fn one(renderer: &Renderer, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let title = level.primary_title(visible(&diagnostic.message)).id(diagnostic.code.as_ref());
    let mut group = Group::with_title(title);
    for (file, labels) in by_file(&diagnostic.labels) {
        group = match snippet(file, &labels) {
            Some(snippet) => group.element(snippet),
            None => group.element(origin(file, &labels)),
        };
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(visible(help)));
    }
    renderer.render(&[group])
}

/// The file of the primary label first, each file once.
fn by_file(labels: &[Label]) -> Vec<(&Arc<SourceFile>, Vec<&Label>)> {
    let mut files: Vec<(&Arc<SourceFile>, Vec<&Label>)> = Vec::new();
    for label in labels.iter().filter(|label| label.primary).chain(labels.iter().filter(|label| !label.primary)) {
        match files.iter_mut().find(|(file, _)| Arc::ptr_eq(file, &label.file)) {
            Some((_, list)) => list.push(label),
            None => files.push((&label.file, vec![label])),
        }
    }
    files
}

/// The lines around the labels; nothing where the text is empty or its line is of no use to people.
fn snippet<'a>(
    file: &'a Arc<SourceFile>,
    labels: &[&'a Label],
) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    if file.text.is_empty() || labels.iter().any(|label| line_len(file, label.span.start) > LONGEST_LINE) {
        return None;
    }
    // Only a window of the file is given to the renderer: it reads all it gets, and files may be large.
    let first = labels.iter().map(|label| label.span.start).min()?;
    let last = labels.iter().map(|label| label.span.end.max(label.span.start)).max()?;
    let from = file.text[..file.floor_char_boundary(first)].rfind('\n').map_or(0, |at| at + 1);
    let end = file.floor_char_boundary(last);
    let to = file.text[end..].find('\n').map_or(file.text.len(), |at| end + at);
    let mut snippet = Snippet::source(&file.text[from..to]).path(file.name.as_str()).line_start(file.line_col(from).0);
    for label in labels {
        let start = file.floor_char_boundary(label.span.start);
        let end = file.floor_char_boundary(label.span.end).max(start);
        let kind = if label.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let text = (!label.text.is_empty()).then(|| visible(&label.text));
        snippet = snippet.annotation(kind.span(start - from..end - from).label(text));
    }
    Some(snippet)
}

/// The place alone.
fn origin<'a>(file: &'a SourceFile, labels: &[&Label]) -> Origin<'a> {
    let origin = Origin::path(file.name.as_str());
    match labels.first() {
        Some(label) if !file.text.is_empty() => {
            let (line, column) = file.line_col(label.span.start);
            origin.line(line).char_column(column)
        }
        _ => origin,
    }
}

fn line_len(file: &SourceFile, offset: usize) -> usize {
    let at = file.floor_char_boundary(offset);
    let from = file.text[..at].rfind('\n').map_or(0, |at| at + 1);
    file.text[at..].find('\n').map_or(file.text.len(), |to| at + to) - from
}

/// Messages may quote what a file says: nothing in them may move the cursor.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
