//! From bytes to a document, within limits.
//! Here: limits, encodings, which syntax, what the disk answers. Not here: the syntaxes themselves (`yaml`, `json`).
//! Invariant: whatever the bytes are, the answer is a document or diagnostics with places; time and memory are bounded by [`Limits`].

use std::io::ErrorKind;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::document::Document;
use crate::source::{SourceFile, Span};
use crate::suggest::{did_you_mean, list_of};
use crate::{json, yaml};

/// What a file may cost. The defaults fit files that people write.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The size of the file.
    pub max_bytes: usize,
    /// How deep lists and mappings may nest, aliases expanded.
    pub max_depth: usize,
    /// How many values there may be, aliases expanded: a few lines of YAML can otherwise stand for billions.
    pub max_nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 16 * 1024 * 1024, max_depth: 100, max_nodes: 500_000 }
    }
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// YAML 1.2, core schema, one document.
    Yaml,
    /// JSON (RFC 8259).
    Json,
}

impl Syntax {
    /// By the extension of a file name: `.yaml`, `.yml` or `.json`.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Reads a file, by its extension.
///
/// # Errors
/// The file is missing, unreadable, too large, not UTF-8, not valid YAML or JSON, has a key twice, or costs more than `limits` allow.
pub fn read(path: &Path, limits: &Limits) -> Result<Document, Diagnostics> {
    read_as(path, &path.display().to_string(), limits)
}

/// Reads a file and calls it `name` in everything that is said about it.
pub(crate) fn read_as(path: &Path, name: &str, limits: &Limits) -> Result<Document, Diagnostics> {
    let Some(syntax) = Syntax::of(path) else {
        return Err(nowhere(name, "file::unknown_type", format!("`{name}` is neither YAML nor JSON by its name"))
            .help("names end in .yaml, .yml or .json")
            .into());
    };
    // The size is asked first, so that a wrong path to something huge does not fill memory.
    let bytes = match std::fs::metadata(path) {
        Ok(metadata) if metadata.len() > limits.max_bytes as u64 => {
            return Err(too_large(name, metadata.len(), limits).into());
        }
        Ok(_) => std::fs::read(path),
        Err(error) => Err(error),
    };
    match bytes {
        Ok(bytes) => parse_bytes(name, &bytes, syntax, limits),
        Err(error) => Err(unreadable(path, name, &error).into()),
    }
}

/// Reads a text that is in memory already.
///
/// # Errors
/// As [`read`].
pub fn parse(name: &str, text: &str, syntax: Syntax, limits: &Limits) -> Result<Document, Diagnostics> {
    if text.len() > limits.max_bytes {
        return Err(too_large(name, text.len() as u64, limits).into());
    }
    let file = SourceFile::new(name, text);
    let (root, diagnostics) = match syntax {
        Syntax::Yaml => yaml::parse(&file, limits),
        Syntax::Json => json::parse(&file, limits),
    };
    match root {
        Some(root) if diagnostics.is_empty() => Ok(Document { file, root }),
        _ => Err(diagnostics.into()),
    }
}

/// Reads bytes from anywhere: a file, an answer, a git object.
///
/// # Errors
/// As [`read`].
pub fn parse_bytes(name: &str, bytes: &[u8], syntax: Syntax, limits: &Limits) -> Result<Document, Diagnostics> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(name, text, syntax, limits),
        Err(error) => {
            let at = error.valid_up_to();
            // Lossy text is the same up to the first bad byte, so the offset still fits.
            let file = SourceFile::new(name, String::from_utf8_lossy(bytes));
            let byte = bytes.get(at).copied().unwrap_or_default();
            Err(Diagnostic::error("file::not_utf8", format!("invalid UTF-8 at byte {at} (0x{byte:02X})"))
                .at(&file, Span::new(at, at + char::REPLACEMENT_CHARACTER.len_utf8()), "not UTF-8 from here")
                .help("save the file as UTF-8")
                .into())
        }
    }
}

/// A mistake about a file that has no text to point into.
pub(crate) fn nowhere(name: &str, code: &'static str, message: String) -> Diagnostic {
    Diagnostic::error(code, message).at(&SourceFile::new(name, ""), Span::default(), "")
}

fn too_large(name: &str, bytes: u64, limits: &Limits) -> Diagnostic {
    let message = format!("`{name}` has {bytes} bytes; at most {} are read", limits.max_bytes);
    nowhere(name, "file::too_large", message)
}

pub(crate) fn unreadable(path: &Path, name: &str, error: &std::io::Error) -> Diagnostic {
    if error.kind() != ErrorKind::NotFound {
        return nowhere(name, "file::unreadable", format!("cannot read `{name}`: {error}"));
    }
    nowhere(name, "file::not_found", format!("there is no `{name}`")).maybe_help(beside(path))
}

/// What stands where the missing file should have been.
fn beside(path: &Path) -> Option<String> {
    let folder = match path.parent()? {
        parent if parent.as_os_str().is_empty() => Path::new("."),
        parent => parent,
    };
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .filter(|entry| Syntax::of(&entry.path()).is_some())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    let wanted = path.file_name()?.to_str()?;
    if let Some(near) = did_you_mean(wanted, names.iter().map(String::as_str)) {
        return Some(format!("did you mean `{}`?", path.with_file_name(near).display()));
    }
    (!names.is_empty())
        .then(|| format!("in `{}` are {}", folder.display(), list_of(names.iter().map(String::as_str), 8)))
}
