//! The formats a report can have.
//! Here: their names, which renderer writes which. Not here: the renderers, where the text goes.

use std::path::PathBuf;
use std::str::FromStr;

use crate::model::Report;
use crate::{github, html, junit, markdown, sarif, terminal};

/// A format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// For people, in a terminal.
    #[default]
    Terminal,
    /// The model itself.
    Json,
    /// For CI servers: a false expectation is a `failure`, what could not be judged an `error`.
    Junit,
    /// SARIF 2.1.0: findings with a place in a file, for code scanning.
    Sarif,
    /// A comment under a pull request.
    Markdown,
    /// One self-contained page with charts.
    Html,
    /// Annotations of GitHub Actions.
    Github,
}

impl Format {
    /// All of them, in the order help texts list them.
    pub const ALL: [Self; 7] =
        [Self::Terminal, Self::Json, Self::Junit, Self::Sarif, Self::Markdown, Self::Html, Self::Github];

    /// Its name on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Sarif => "sarif",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Github => "github",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let words = || Self::ALL.iter().map(|format| format.word());
        Self::ALL.into_iter().find(|format| format.word() == word).ok_or_else(|| {
            let near = crossdock_diag::did_you_mean(word, words()).map(|near| format!("; did you mean `{near}`?"));
            format!(
                "no format `{word}`{} (there are {})",
                near.unwrap_or_default(),
                crossdock_diag::list_of(words(), 8)
            )
        })
    }
}

/// `FORMAT=FILE`: a report to be written beside what is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTarget {
    /// The format.
    pub format: Format,
    /// The file.
    pub path: PathBuf,
}

impl FromStr for ReportTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, path) =
            text.split_once('=').ok_or_else(|| format!("`{text}` is not FORMAT=FILE, such as junit=report.xml"))?;
        if path.is_empty() {
            return Err(format!("`{text}` names no file"));
        }
        Ok(Self { format: format.parse()?, path: PathBuf::from(path) })
    }
}

/// How a terminal wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether escape codes are understood.
    pub color: bool,
    /// How many columns there are.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 100 }
    }
}

/// A report that could not be written: a defect of ours, not of what was judged.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// JSON refused it.
    #[error("cannot write the report as JSON")]
    Json(#[from] serde_json::Error),
    /// XML refused it.
    #[error("cannot write the report as XML")]
    Junit(#[from] quick_junit::SerializeError),
}

/// The report in a format, ending in a line break.
pub fn render(report: &Report, format: Format, style: &Style) -> Result<String, RenderError> {
    let mut text = match format {
        Format::Terminal => terminal::render(report, style),
        Format::Json => serde_json::to_string_pretty(report)?,
        Format::Junit => junit::render(report)?,
        Format::Sarif => serde_json::to_string_pretty(&sarif::render(report))?,
        Format::Markdown => markdown::render(report),
        Format::Html => html::render(report),
        Format::Github => github::render(report),
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}
