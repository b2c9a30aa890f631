//! `crossdock contract diff`: what changed between two versions, what of it breaks, and whom.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::ValueEnum;
use crossdock_contract::diff::{self, Change, Comparison, Level, Options};
use crossdock_contract::{Contracts, Library};
use crossdock_diag::{Diagnostic, Folder, Limits, SourceFile};
use crossdock_report::{Format, Report, TestResult};

use crate::exit::Failure;
use crate::output::{self, OutputArgs};

/// Arguments of `contract diff`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The version that is in use: a document or a folder
    pub base: PathBuf,
    /// The version that would follow it
    pub revision: PathBuf,
    /// Whose new version a schema or an event is
    #[arg(long, value_enum, default_value = "both")]
    pub role: Role,
    /// Output
    #[command(flatten)]
    pub output: OutputArgs,
}

/// Whose new version it is, where the document does not say.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Role {
    /// A new reader: it must accept everything that the old one did
    Consumer,
    /// A new writer: it must send nothing that old readers refuse
    Producer,
    /// Both at once
    Both,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (started, began) = (jiff::Timestamp::now(), Instant::now());
    let compared = compare(args)?;
    let mut report = Report::new("contract diff");
    for change in &compared.changes {
        let mut result = match change.level {
            Level::Breaking => TestResult::fail(change.text.clone(), broken(&change.consumers)),
            Level::Warning | Level::Info => TestResult::pass(change.text.clone()),
        };
        result = result.rule(change.id.clone()).pointer(change.pointer.clone());
        result.operation.clone_from(&change.operation);
        result.file = Some(change.revision.file.clone());
        result.line = Some(change.revision.line);
        report.push(result);
    }
    if compared.changes.is_empty() {
        report.push(TestResult::pass("nothing changed that anybody could notice"));
    }
    report.set("changes", &compared.changes);
    report.set("breaking", compared.breaking);
    report.set("warnings", compared.warnings);
    report.set("bump", compared.bump);
    let report = report.finish(started, began.elapsed());
    if args.output.format != Format::Terminal {
        return output::finish(&report, &args.output);
    }
    // People get what matters as a compiler says it, with both places; the rest by name.
    let code = output::write_reports(&report, &args.output);
    let told: Vec<Diagnostic> =
        compared.changes.iter().filter(|change| change.level != Level::Info).map(diagnostic).collect();
    if !told.is_empty() {
        output::print(&format!("{}\n", crossdock_diag::render(&told, output::stdout_style().color)));
    }
    let mut short = report.clone();
    short.extra.remove("changes");
    short.results = report
        .results
        .into_iter()
        .zip(&compared.changes)
        .filter(|(_, change)| change.level == Level::Info)
        .map(|(result, _)| result)
        .collect();
    if compared.changes.is_empty() {
        short.results.push(TestResult::pass("nothing changed that anybody could notice"));
    }
    output::show(&short, Format::Terminal)?;
    Ok(code)
}

/// A change with the place where it was, the place where it is, and whom it breaks.
fn diagnostic(change: &Change) -> Diagnostic {
    let mut diagnostic = if change.level == Level::Breaking {
        Diagnostic::error(change.id.clone(), change.text.clone())
    } else {
        Diagnostic::warning(change.id.clone(), change.text.clone())
    };
    for (position, words) in [(&change.base, "as it was"), (&change.revision, "as it would be")] {
        // A file that went away since has no line to show.
        let Ok(text) = std::fs::read_to_string(&position.file) else { continue };
        let span = span(&text, position.line, position.column);
        diagnostic = diagnostic.at(&SourceFile::new(position.file.clone(), text), span, words);
    }
    if change.level == Level::Breaking { diagnostic.help(broken(&change.consumers)) } else { diagnostic }
}

/// The word at a line and column, both from 1.
fn span(text: &str, line: usize, column: usize) -> std::ops::Range<usize> {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let start = before + rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>();
    let word = text.get(start..).unwrap_or_default();
    let length = word.find(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | '}' | ']')).unwrap_or(word.len());
    start..start + length.max(1).min(word.len())
}

fn broken(consumers: &[String]) -> String {
    if consumers.is_empty() {
        "breaks whoever keeps to the old version".to_owned()
    } else {
        format!("breaks {}", consumers.join(", "))
    }
}

fn compare(args: &Args) -> Result<Comparison, Failure> {
    let role = match args.role {
        Role::Consumer => diff::Role::Consumer,
        Role::Producer => diff::Role::Producer,
        Role::Both => diff::Role::Both,
    };
    let mut options = Options { role, ..Options::default() };
    // The catalogue, where there is one, knows who reads what.
    if let Some(Ok(contracts)) = contracts_of(&args.revision).map(Contracts::load) {
        options = options.with_catalog(&contracts);
    }
    let limits = Limits::default();
    match (args.base.is_dir(), args.revision.is_dir()) {
        (true, true) => {
            let read = |dir: &Path| -> Result<Library, Failure> {
                let (folder, problems) = Folder::read(dir, &limits);
                Ok(problems.into_result(folder)?.into())
            };
            Ok(diff::diff_folders(&read(&args.base)?, &read(&args.revision)?, &options)?)
        }
        (false, false) => {
            let (base_path, base) = Library::read_file(&args.base, &limits)?;
            let (revision_path, revision) = Library::read_file(&args.revision, &limits)?;
            Ok(diff::diff((&base, &base_path), (&revision, &revision_path), &options)?)
        }
        _ if !args.base.exists() => Err(missing(&args.base)),
        _ if !args.revision.exists() => Err(missing(&args.revision)),
        _ => Err(Failure::new("a folder cannot be compared with a document").help("name two folders or two documents")),
    }
}

/// The contracts folder that a path is, or is in.
fn contracts_of(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.join("catalog.yaml").is_file())
}

fn missing(path: &Path) -> Failure {
    Failure::new(format!("there is no `{}`", path.display()))
}
