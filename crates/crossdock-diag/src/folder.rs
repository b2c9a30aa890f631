//! All files of a directory that people write, read at once.
//! Here: which files, in which order. Not here: what they mean.
//! Invariant: the order is that of the relative paths, never that of the disk; links are not followed, so there are no cycles.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::Document;
use crate::load::{Limits, Syntax, nowhere, read_as, unreadable};

/// How deep directories are searched.
const MAX_DEPTH: usize = 16;
/// How many files are read.
const MAX_FILES: usize = 10_000;

/// Documents by their path relative to a directory, `/` between the parts on every system.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    /// The directory.
    pub dir: PathBuf,
    /// The documents that could be read.
    pub documents: BTreeMap<String, Document>,
}

impl Folder {
    /// Reads every `.yaml`, `.yml` and `.json` file under `dir`; names that begin with a dot are passed over.
    ///
    /// The files that could be read come back even when others could not, so that all mistakes can be reported at once.
    pub fn read(dir: &Path, limits: &Limits) -> (Self, Diagnostics) {
        let mut folder = Self { dir: dir.to_owned(), documents: BTreeMap::new() };
        let mut found = Vec::new();
        let mut files = BTreeMap::new();
        walk(dir, "", 0, &mut files, &mut found);
        for (relative, path) in files {
            match read_as(&path, &path.display().to_string(), limits) {
                Ok(document) => drop(folder.documents.insert(relative, document)),
                Err(diagnostics) => found.extend(diagnostics),
            }
        }
        (folder, found.into())
    }

    /// The document at a relative path.
    pub fn get(&self, relative: &str) -> Option<&Document> {
        self.documents.get(relative)
    }

    /// The documents whose relative path begins so, such as `apis/`.
    pub fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Document)> {
        self.documents
            .iter()
            .filter(move |(path, _)| path.starts_with(prefix))
            .map(|(path, document)| (path.as_str(), document))
    }
}

fn walk(dir: &Path, prefix: &str, depth: usize, files: &mut BTreeMap<String, PathBuf>, found: &mut Vec<Diagnostic>) {
    let name = dir.display().to_string();
    if depth > MAX_DEPTH {
        found.push(nowhere(&name, "folder::too_deep", format!("`{name}` is more than {MAX_DEPTH} directories deep")));
        return;
    }
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => {
            found.push(unreadable(dir, &name, &error));
            return;
        }
    };
    let mut entries: Vec<_> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let Ok(file_name) = entry.file_name().into_string() else {
            continue;
        };
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if file_name.starts_with('.') {
            continue;
        }
        let relative = if prefix.is_empty() { file_name } else { format!("{prefix}/{file_name}") };
        if kind.is_dir() {
            walk(&entry.path(), &relative, depth + 1, files, found);
        } else if kind.is_file() && Syntax::of(&entry.path()).is_some() {
            if files.len() >= MAX_FILES {
                found.push(nowhere(
                    &name,
                    "folder::too_many",
                    format!("more than {MAX_FILES} files under one directory"),
                ));
                return;
            }
            files.insert(relative, entry.path());
        }
    }
}
