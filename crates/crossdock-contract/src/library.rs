//! The documents of a folder, or of one side of a comparison, and the references between them.
//! Here: places (a node that knows its document and pointer), `$ref` resolution, reading a file with what it refers to.
//! Not here: what a node means.
//! Invariant: resolution never leaves the library and always ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crossdock_diag::{Diagnostics, Document, Folder, Limits, Node, Span};

/// How many references may follow each other.
const MAX_HOPS: usize = 32;
/// How many files one comparison side may pull in.
const MAX_FILES: usize = 1000;

/// Documents by their path, `/` between the parts, relative to one root.
#[derive(Debug, Default)]
pub struct Library {
    documents: BTreeMap<String, Document>,
    by_id: BTreeMap<String, String>,
}

/// A node that knows where it stands.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// Path of its document in the library.
    pub path: &'a str,
    /// Its document.
    pub document: &'a Document,
    /// The node.
    pub node: &'a Node,
    /// JSON pointer of the node in its document.
    pub pointer: String,
    /// Where to point at: the key that leads here, else the value.
    pub span: Span,
}

/// A `$ref` that points at nothing.
#[derive(Clone, Debug)]
pub struct Dangling<'a> {
    /// The place that bears the `$ref`.
    pub at: Place<'a>,
    /// The reference as written.
    pub reference: String,
    /// What is wrong with it.
    pub message: String,
    /// What would be right, where that can be guessed.
    pub help: Option<String>,
}

impl From<Folder> for Library {
    fn from(folder: Folder) -> Self {
        Self::new(folder.documents)
    }
}

impl Library {
    /// A library of these documents, by their paths.
    pub fn new(documents: impl IntoIterator<Item = (String, Document)>) -> Self {
        let documents: BTreeMap<String, Document> = documents.into_iter().collect();
        let by_id = documents
            .iter()
            .filter_map(|(path, document)| Some((document.root.get("$id")?.as_str()?.to_owned(), path.clone())))
            .collect();
        Self { documents, by_id }
    }

    /// Reads one file and every file that it refers to. The first part of the answer is the file's path in the library.
    ///
    /// References to files that do not exist are left dangling; whoever resolves them says so with their place.
    /// # Errors
    /// If the file itself, or a file that it refers to and that exists, cannot be read.
    pub fn read_file(file: &Path, limits: &Limits) -> Result<(String, Self), Diagnostics> {
        let mut documents = BTreeMap::new();
        let mut problems = Diagnostics::new();
        let entry = display(file);
        let mut waiting: Vec<(String, PathBuf)> = vec![(entry.clone(), file.to_owned())];
        while let Some((name, path)) = waiting.pop() {
            if documents.contains_key(&name) || documents.len() >= MAX_FILES {
                continue;
            }
            match crossdock_diag::read(&path, limits) {
                Ok(document) => {
                    for target in outward(&document.root) {
                        let joined = join(&name, &target);
                        let path = PathBuf::from(&joined);
                        if path.is_file() {
                            waiting.push((joined, path));
                        }
                    }
                    documents.insert(name, document);
                }
                Err(more) => problems.extend(more),
            }
        }
        problems.into_result((entry, Self::new(documents)))
    }

    /// Another library of the same documents.
    #[cfg(test)]
    pub(crate) fn clone_documents(&self) -> Self {
        Self::new(self.documents.clone())
    }

    /// The documents by path.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &Document)> {
        self.documents.iter().map(|(path, document)| (path.as_str(), document))
    }

    /// The document at a path.
    pub fn get(&self, path: &str) -> Option<&Document> {
        self.documents.get(path)
    }

    /// The path of the document with this `$id`.
    pub fn path_of_id(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(String::as_str)
    }

    /// The root of a document.
    pub fn root(&self, path: &str) -> Option<Place<'_>> {
        let (path, document) = self.documents.get_key_value(path)?;
        let span = document.root.head();
        Some(Place { path, document, node: &document.root, pointer: String::new(), span })
    }

    /// The place itself, or what its `$ref` (and that one's `$ref` …) points at.
    /// # Errors
    /// If a reference on the way points at nothing, or in a circle.
    pub fn resolve<'a>(&'a self, place: &Place<'a>) -> Result<Place<'a>, Box<Dangling<'a>>> {
        let mut at = place.clone();
        for _ in 0..MAX_HOPS {
            let Some(reference) = at.reference() else { return Ok(at) };
            at = self.follow(&at, reference)?;
        }
        let reference = place.reference().unwrap_or_default().to_owned();
        Err(Box::new(Dangling {
            at: place.clone(),
            message: format!("`{reference}` refers to itself in a circle"),
            reference,
            help: None,
        }))
    }

    /// What one reference points at, seen from a place.
    /// # Errors
    /// If it points at nothing.
    pub fn follow<'a>(&'a self, from: &Place<'a>, reference: &str) -> Result<Place<'a>, Box<Dangling<'a>>> {
        let dangling = |message: String, help: Option<String>| {
            Box::new(Dangling { at: from.clone(), reference: reference.to_owned(), message, help })
        };
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let Some(target) = self.target(from, file) else {
            let names = self.documents.keys().map(String::as_str);
            let wanted = join(from.path, file);
            let help = crossdock_diag::did_you_mean(&wanted, names)
                .map(|name| format!("did you mean `{}`?", relative(from.path, name)));
            return Err(dangling(format!("`{reference}` points at a file that is not there (`{wanted}`)"), help));
        };
        let Some(root) = self.root(target) else {
            return Err(dangling(format!("`{reference}` points at a file that is not there"), None));
        };
        let fragment = percent_decode(fragment);
        if fragment.is_empty() {
            return Ok(root);
        }
        if !fragment.starts_with('/') {
            return find_anchor(&root, &fragment)
                .ok_or_else(|| dangling(format!("there is no anchor `{fragment}` in {target}"), None));
        }
        if let Some(place) = root.at(&fragment) {
            Ok(place)
        } else {
            let (message, help) = missing(&root, &fragment, target);
            Err(dangling(format!("`{reference}` points at nothing: {message}"), help))
        }
    }

    /// The path of the document that the file part of a reference means.
    fn target<'a>(&'a self, from: &Place<'a>, file: &str) -> Option<&'a str> {
        if file.is_empty() {
            return Some(from.path);
        }
        let known = |path: &str| self.documents.get_key_value(path).map(|(path, _)| path.as_str());
        if let Some(path) = self.path_of_id(file) {
            return Some(path);
        }
        if file.contains("://") {
            return None;
        }
        let file = percent_decode(file);
        known(&join(from.path, &file)).or_else(|| {
            // A reference relative to the `$id` of its document rather than to its file.
            let id = from.document.root.get("$id")?.as_str()?;
            let (base, _) = id.rsplit_once('/')?;
            self.path_of_id(&format!("{base}/{file}"))
        })
    }
}

impl<'a> Place<'a> {
    /// The `$ref` that this node bears.
    pub fn reference(&self) -> Option<&'a str> {
        self.node.get("$ref")?.as_str()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<Place<'a>> {
        let (found, node) = self.node.as_map()?.iter().find(|(found, _)| found.text == key)?;
        Some(self.child(&found.text, node, found.span))
    }

    /// The text of a key.
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.node.get(key)?.as_str()
    }

    /// The keys and values of a mapping.
    pub fn entries(&self) -> impl Iterator<Item = (&'a str, Place<'a>)> {
        self.node
            .as_map()
            .unwrap_or_default()
            .iter()
            .map(|(key, node)| (key.text.as_str(), self.child(&key.text, node, key.span)))
    }

    /// The items of a list.
    pub fn items(&self) -> impl Iterator<Item = Place<'a>> {
        self.node
            .as_seq()
            .unwrap_or_default()
            .iter()
            .enumerate()
            .map(|(index, node)| self.child(&index.to_string(), node, node.head()))
    }

    /// The place at a JSON pointer below this one.
    pub fn at(&self, pointer: &str) -> Option<Place<'a>> {
        let mut place = self.clone();
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            place = match place.node.as_seq() {
                Some(_) => {
                    let index: usize = token.parse().ok()?;
                    place.items().nth(index)?
                }
                None => place.get(&token)?,
            };
        }
        Some(place)
    }

    /// Path and pointer, for people and for keys: `apis/commerce.yaml#/paths/~1orders`.
    pub fn address(&self) -> String {
        format!("{}#{}", self.path, self.pointer)
    }

    /// Where to point at when the value itself is meant: a scalar, or the key of anything larger.
    pub fn focus(&self) -> Span {
        let scalar = self.node.as_map().is_none() && self.node.as_seq().is_none() && !self.node.is_null();
        if scalar { self.node.span } else { self.span }
    }

    /// Line and column, from 1.
    pub fn line_col(&self) -> (usize, usize) {
        self.document.file.line_col(self.span.start)
    }

    fn child(&self, key: &str, node: &'a Node, span: Span) -> Place<'a> {
        Place {
            path: self.path,
            document: self.document,
            node,
            pointer: format!("{}/{}", self.pointer, escape(key)),
            span,
        }
    }
}

/// A key as a token of a JSON pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The file parts of all references of a tree that leave their document.
fn outward(node: &Node) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        if let Some(reference) = node.get("$ref").and_then(Node::as_str) {
            let file = reference.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains("://") {
                found.push(percent_decode(file));
            }
        }
        waiting.extend(node.as_map().unwrap_or_default().iter().map(|(_, child)| child));
        waiting.extend(node.as_seq().unwrap_or_default());
    }
    found
}

/// A relative path seen from a document, with `.` and `..` worked out.
fn join(from: &str, file: &str) -> String {
    if file.starts_with('/') {
        return file.to_owned();
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "." | "" => {}
            ".." => match parts.last() {
                None | Some(&"..") => parts.push(".."),
                Some(_) => drop(parts.pop()),
            },
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// The way from a document to another, as a reference would write it.
fn relative(from: &str, to: &str) -> String {
    let here: Vec<&str> = from.split('/').collect();
    let there: Vec<&str> = to.split('/').collect();
    let dirs = here.len().saturating_sub(1);
    let common = here.iter().take(dirs).zip(&there).take_while(|(a, b)| a == b).count();
    let up = "../".repeat(dirs - common);
    format!("{up}{}", there.get(common..).unwrap_or_default().join("/"))
}

fn display(file: &Path) -> String {
    file.to_string_lossy().replace('\\', "/")
}

pub(crate) fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let decoded =
            (byte == b'%').then(|| text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok())).flatten();
        out.push(decoded.unwrap_or(byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn find_anchor<'a>(root: &Place<'a>, anchor: &str) -> Option<Place<'a>> {
    let mut waiting = vec![root.clone()];
    while let Some(place) = waiting.pop() {
        if place.text("$anchor") == Some(anchor) || place.text("$dynamicAnchor") == Some(anchor) {
            return Some(place);
        }
        waiting.extend(place.entries().map(|(_, child)| child));
        waiting.extend(place.items());
    }
    None
}

/// Where a pointer stops leading anywhere, and what was probably meant.
fn missing(root: &Place<'_>, pointer: &str, target: &str) -> (String, Option<String>) {
    let mut place = root.clone();
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let next = match place.node.as_seq() {
            Some(_) => token.parse().ok().and_then(|index| place.items().nth(index)),
            None => place.get(&token),
        };
        if let Some(next) = next {
            place = next;
        } else {
            let keys: Vec<&str> = place.entries().map(|(key, _)| key).collect();
            let help = crossdock_diag::did_you_mean(&token, keys.iter().copied())
                .map(|near| format!("did you mean `#{}/{}`?", place.pointer, escape(near)))
                .or_else(|| {
                    (!keys.is_empty() && keys.len() <= 12)
                        .then(|| format!("{target}#{} has {}", place.pointer, keys.join(", ")))
                });
            let here = if place.pointer.is_empty() { "the file" } else { place.pointer.as_str() };
            return (format!("{here} has no `{token}`"), help);
        }
    }
    ("it is not there".to_owned(), None)
}
