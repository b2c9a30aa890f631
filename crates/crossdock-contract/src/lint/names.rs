//! How names are written: styles, versions, dates.

use super::Lint;
use crate::api::compile::stem;
use crate::policy::NameStyle;

/// Whether a name is written in a style.
pub(super) fn fits(style: NameStyle, name: &str) -> bool {
    let inner =
        |allowed: fn(char) -> bool| name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(allowed);
    match style {
        NameStyle::CamelCase => inner(|c| c.is_ascii_alphanumeric()),
        NameStyle::SnakeCase => {
            inner(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') && !name.ends_with('_')
        }
        NameStyle::KebabCase => {
            inner(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') && !name.ends_with('-')
        }
    }
}

/// A name as the style would have it.
pub(super) fn restyled(style: NameStyle, name: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut previous_lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            words.push(String::new());
            previous_lower = false;
            continue;
        }
        if words.is_empty() || previous_lower && c.is_ascii_uppercase() {
            words.push(String::new());
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        if let Some(word) = words.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    match style {
        NameStyle::SnakeCase => words.join("_"),
        NameStyle::KebabCase => words.join("-"),
        NameStyle::CamelCase => words
            .iter()
            .enumerate()
            .map(|(index, word)| match word.chars().next() {
                Some(first) if index > 0 => format!("{}{}", first.to_ascii_uppercase(), &word[first.len_utf8()..]),
                _ => word.clone(),
            })
            .collect(),
    }
}

pub(super) fn style_name(style: NameStyle) -> &'static str {
    match style {
        NameStyle::CamelCase => "camelCase",
        NameStyle::SnakeCase => "snake_case",
        NameStyle::KebabCase => "kebab-case",
    }
}

/// The name of a file.
pub(super) fn check_file(lint: &mut Lint<'_>, path: &str) {
    let Some(style) = lint.contracts.policy().naming.files else { return };
    let name = stem(path);
    if fits(style, name) || name.chars().all(|c| c.is_ascii_digit()) {
        return;
    }
    if let Some(root) = lint.library().root(path) {
        let help = Some(format!("rename it to `{}`", restyled(style, name)));
        lint.say(
            "files/naming",
            &root,
            format!("the file name `{name}` is not {}", style_name(style)),
            "this file",
            help,
        );
    }
}

/// Whether a text is a semantic version.
pub(super) fn is_semver(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()))
}

/// A date, if the text is one.
pub(super) fn date(text: &str) -> Option<jiff::civil::Date> {
    (text.len() == 10).then(|| text.parse().ok())?
}
