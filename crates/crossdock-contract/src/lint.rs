//! Lint: whether the contracts of a folder are valid, complete and mean one thing.
//! Here: the order of the checks and how a finding gets its level. Not here: the rules themselves (one file an area).
//! Invariant: one broken file, reference or rule never hides what is wrong elsewhere; every finding has a file and a line.

mod asyncapi;
mod catalog;
mod examples;
mod glossary;
mod guide;
mod names;
mod openapi;
mod ownership;
mod policy;
mod rules;
mod schema;
mod shape;
mod slas;

use std::path::Path;
use std::sync::Arc;

use crossdock_diag::{Diagnostic, Diagnostics, Folder, Limits, Severity, SourceFile, Span};

use crate::library::{Library, Place};
use crate::load::{Contracts, Kind};
use crate::policy::RuleLevel;

/// Reads and judges a contracts folder.
pub fn lint(dir: &Path) -> Diagnostics {
    let (folder, problems) = Folder::read(dir, &Limits::default());
    lint_library(folder.into(), problems)
}

/// Judges documents that were read already; `problems` are those of reading them.
pub fn lint_library(library: Library, problems: Diagnostics) -> Diagnostics {
    let loaded = Contracts::compile(library, problems);
    let mut lint = Lint { contracts: &loaded.contracts, found: Vec::new() };
    policy::check(&mut lint);
    catalog::check(&mut lint);
    ownership::check(&mut lint);
    slas::check(&mut lint);
    glossary::check(&mut lint);
    for (path, _) in loaded.contracts.library.documents() {
        names::check_file(&mut lint, path);
        match Kind::of(&loaded.contracts.library, path) {
            Kind::OpenApi => openapi::check(&mut lint, path),
            Kind::AsyncApi => asyncapi::check(&mut lint, path),
            Kind::Object => schema::check_object(&mut lint, path),
            Kind::Guide => guide::check(&mut lint, path),
            Kind::Settings | Kind::Pact | Kind::Unknown => {}
        }
    }
    let mut found = lint.found;
    // A catalogue that cannot be read lists nothing: saying so at every document would bury its own mistake.
    if is_unread(&loaded.problems, "catalog.yaml") {
        found.retain(|one| !matches!(&*one.code, "catalog/unlisted" | "ownership/unowned"));
    }
    if is_unread(&loaded.problems, "ownership.yaml") {
        found.retain(|one| one.code != "ownership/unowned");
    }
    found.retain(|one| !loaded.is_echo(one));
    let mut all = loaded.problems;
    all.extend(found);
    sorted(all)
}

/// Whether a file is wrong in itself, so that nothing can be said about what it lists.
fn is_unread(problems: &Diagnostics, file: &str) -> bool {
    let of_reading = |code: &str| ["file::", "yaml::", "shape::"].iter().any(|kind| code.starts_with(kind));
    problems
        .iter()
        .any(|one| one.file().and_then(|name| name.rsplit('/').next()) == Some(file) && of_reading(&one.code))
}

/// By file and place; the same finding once.
fn sorted(all: Diagnostics) -> Diagnostics {
    let mut list: Vec<Diagnostic> = all.into_iter().collect();
    // What keeps a schema from compiling has been said at its keyword, in better words than the engine's.
    let explained: Vec<String> =
        list.iter().filter(|one| one.code == "schema/valid").filter_map(|one| one.file().map(str::to_owned)).collect();
    list.retain(|one| one.code != "schema/invalid" || !explained.iter().any(|file| one.file() == Some(file)));
    let key = |one: &Diagnostic| {
        let place = one.place().map(|label| (label.file.name.clone(), label.span.start));
        (place, one.code.to_string(), one.message.clone())
    };
    list.sort_by_cached_key(key);
    list.dedup_by_key(|one| key(one));
    list.into_iter().collect()
}

/// The state of one lint run.
struct Lint<'a> {
    contracts: &'a Contracts,
    found: Vec<Diagnostic>,
}

impl<'a> Lint<'a> {
    fn library(&self) -> &'a Library {
        &self.contracts.library
    }

    /// Records a finding, at the level that the policy gives its rule.
    fn say(
        &mut self,
        code: &'static str,
        at: &Place<'_>,
        message: impl Into<String>,
        label: &str,
        help: Option<String>,
    ) {
        self.say_at(code, &at.document.file, at.focus(), message, label, help);
    }

    fn say_at(
        &mut self,
        code: &'static str,
        file: &Arc<SourceFile>,
        span: Span,
        message: impl Into<String>,
        label: &str,
        help: Option<String>,
    ) {
        let severity = match rules::level(self.contracts.policy(), code) {
            RuleLevel::Off => return,
            RuleLevel::Error => Severity::Error,
            RuleLevel::Warning => Severity::Warning,
        };
        let mut diagnostic = Diagnostic::error(code, message).at(file, span, label).maybe_help(help);
        diagnostic.severity = severity;
        self.found.push(diagnostic);
    }

    /// The place itself or what it refers to; `None` where the reference dangles, which is reported elsewhere.
    fn resolve(&self, place: &Place<'a>) -> Option<Place<'a>> {
        self.library().resolve(place).ok()
    }
}

/// `did you mean …?`, where something is near enough.
fn near<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    crossdock_diag::did_you_mean(word, known).map(|found| format!("did you mean `{found}`?"))
}
