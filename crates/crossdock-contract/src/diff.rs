//! Two versions of a contract compared: what changed, in which direction, and whom it breaks.
//! Here: the public types and which documents are compared. Not here: the rules (`diff/*`, one file an area).
//! Invariant: a document compared with itself changes nothing, and a change keeps its fingerprint when lines move.

mod alternatives;
mod bounds;
mod object;
mod operation;
mod parameter;
mod recorder;
mod response;
mod schema;
mod types;
mod view;

use std::collections::BTreeMap;

use crossdock_diag::{Diagnostic, Diagnostics, Node, SourceFile, Span};
use serde::Serialize;

use crate::library::{Library, Place};
use crate::load::{Contracts, Kind};
use recorder::Recorder;

/// Whose new version the revision is, where the document itself does not say: a JSON Schema, an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// A new reader: it must accept all that the old one did.
    Consumer,
    /// A new writer: it must send nothing that old readers refuse.
    Producer,
    /// Both at once.
    #[default]
    Both,
}

/// How to compare.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Whose new version it is.
    pub role: Role,
    /// The declared consumers by path of the document in the library; see [`Options::with_catalog`].
    pub consumers: BTreeMap<String, Vec<String>>,
}

/// How bad a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Somebody who kept to the old contract fails by the new one.
    Breaking,
    /// Somebody may fail, depending on how strictly they read.
    Warning,
    /// Nobody fails.
    Info,
}

/// What kind of compatibility a change touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Messages.
    Wire,
    /// Code generated from the contract.
    Source,
    /// What a field means.
    Semantic,
}

/// The way that a message goes, seen from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// What the provider (or reader) takes.
    Request,
    /// What the provider (or writer) sends.
    Response,
}

/// The version bump that a set of changes needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bump {
    /// Nothing changed.
    None,
    /// Only words changed.
    Patch,
    /// Something was added, nobody breaks.
    Minor,
    /// Somebody breaks.
    Major,
}

/// A place in one of the two documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The rule.
    pub id: String,
    /// How bad it is.
    pub level: Level,
    /// What kind of compatibility it touches.
    pub category: Category,
    /// The compared document.
    pub document: String,
    /// The operation, in an API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The way the message goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The path within the message: `lines[].quantity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// JSON pointer to the change in its document (the revision's; the base's for what was removed).
    pub pointer: String,
    /// What changed, in words.
    pub text: String,
    /// The same for the same change, whatever lines move.
    pub fingerprint: String,
    /// Where it was.
    pub base: Position,
    /// Where it is, or would be.
    pub revision: Position,
    /// The declared consumers that it breaks; empty unless it is breaking.
    pub consumers: Vec<String>,
}

/// All changes between two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The changes, the worst first.
    pub changes: Vec<Change>,
    /// How many are breaking.
    pub breaking: usize,
    /// How many are warnings.
    pub warnings: usize,
    /// The version bump they need.
    pub bump: Bump,
}

impl Options {
    /// Names the consumers of each document by the catalogue of the revision.
    #[must_use]
    pub fn with_catalog(mut self, contracts: &Contracts) -> Self {
        for entry in contracts.catalog().entries() {
            let known = self.consumers.entry(entry.file.clone()).or_default();
            known.extend(entry.consumers.iter().cloned());
            known.sort();
            known.dedup();
        }
        self
    }
}

impl Comparison {
    fn of(mut changes: Vec<Change>, differs: bool) -> Self {
        changes.sort_by(|a, b| {
            (a.level, &a.document, &a.operation, &a.path, &a.id, a.revision.line).cmp(&(
                b.level,
                &b.document,
                &b.operation,
                &b.path,
                &b.id,
                b.revision.line,
            ))
        });
        let count = |level: Level| changes.iter().filter(|change| change.level == level).count();
        let (breaking, warnings) = (count(Level::Breaking), count(Level::Warning));
        let bump = match (breaking, changes.is_empty(), differs) {
            (0, true, false) => Bump::None,
            (0, true, true) => Bump::Patch,
            (0, false, _) => Bump::Minor,
            _ => Bump::Major,
        };
        Self { changes, breaking, warnings, bump }
    }
}

/// Compares two documents of the same kind, each in its library.
/// # Errors
/// If a document is missing, the two are of different kinds, or of a kind that is not compared.
pub fn diff(base: (&Library, &str), revision: (&Library, &str), options: &Options) -> Result<Comparison, Diagnostics> {
    let (old, new) = (root(base)?, root(revision)?);
    let mut recorder = Recorder::new(base.0, revision.0, options);
    compare(&mut recorder, revision.1, &old, &new)?;
    let differs = base
        .0
        .documents()
        .map(|(_, document)| document.root.to_value())
        .ne(revision.0.documents().map(|(_, document)| document.root.to_value()));
    Ok(Comparison::of(recorder.into_changes(), differs))
}

/// Compares two contracts folders, document by document of the same path.
/// # Errors
/// As [`diff`].
pub fn diff_folders(base: &Library, revision: &Library, options: &Options) -> Result<Comparison, Diagnostics> {
    let mut recorder = Recorder::new(base, revision, options);
    let mut differs = false;
    for (path, old) in base.documents() {
        let kind = Kind::of(base, path);
        if !matches!(kind, Kind::OpenApi | Kind::AsyncApi | Kind::Object) {
            continue;
        }
        let old_root = root((base, path))?;
        let Ok(new_root) = root((revision, path)) else {
            let nearest = revision.documents().next().and_then(|(path, _)| revision.root(path));
            // Objects are compared where messages carry them; one that nobody carries any more breaks nobody.
            if kind != Kind::Object {
                recorder.document_removed(path, &old_root, nearest.as_ref());
            }
            differs = true;
            continue;
        };
        differs |= new_root.node.to_value() != old.root.to_value();
        if kind != Kind::Object {
            compare(&mut recorder, path, &old_root, &new_root)?;
        }
    }
    Ok(Comparison::of(recorder.into_changes(), differs))
}

fn compare<'a>(
    recorder: &mut Recorder<'a>,
    document: &str,
    base: &Place<'a>,
    revision: &Place<'a>,
) -> Result<(), Diagnostics> {
    match (kind(base), kind(revision)) {
        (Shape::OpenApi, Shape::OpenApi) => operation::compare(recorder, document, base, revision),
        (Shape::AsyncApi, Shape::AsyncApi) => response::compare_events(recorder, document, base, revision),
        (Shape::Schema, Shape::Schema) => schema::compare_document(recorder, document, base, revision),
        (old, new) => {
            let message = format!("{} cannot be compared with {}", old.name(), new.name());
            return Err(Diagnostic::error("diff/kinds", message)
                .at(&revision.document.file, revision.span, "the revision")
                .into());
        }
    }
    Ok(())
}

fn root<'a>((library, path): (&'a Library, &str)) -> Result<Place<'a>, Diagnostics> {
    library.root(path).ok_or_else(|| {
        let file = SourceFile::new(path, "");
        Diagnostic::error("diff/no-such-file", format!("there is no `{path}`")).at(&file, Span::at(0), "missing").into()
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    OpenApi,
    AsyncApi,
    Schema,
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Self::OpenApi => "an OpenAPI document",
            Self::AsyncApi => "an AsyncAPI document",
            Self::Schema => "a JSON Schema",
        }
    }
}

fn kind(root: &Place<'_>) -> Shape {
    let has = |key: &str| root.node.get(key).is_some_and(|node: &Node| !node.is_null());
    if has("openapi") || has("swagger") {
        Shape::OpenApi
    } else if has("asyncapi") {
        Shape::AsyncApi
    } else {
        Shape::Schema
    }
}
