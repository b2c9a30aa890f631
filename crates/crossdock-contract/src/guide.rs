//! X12 guides among the contracts: read, and sound.
//! Here: from a document to a guide, every mistake at its place. Not here: what a guide says of a set (`crossdock-edi`).

use std::collections::BTreeMap;

use crossdock_diag::Diagnostic;
use crossdock_edi::Guide;

use crate::library::Library;

/// The guides by their set identifier.
pub type Guides = BTreeMap<String, Guide>;

/// Adds the guide of a file; what keeps it from being used is returned.
pub(crate) fn compile(library: &Library, path: &str, guides: &mut Guides) -> Vec<Diagnostic> {
    let Some(root) = library.root(path) else { return Vec::new() };
    let guide: Guide = match crossdock_diag::decode(root.document) {
        Ok(guide) => guide,
        Err(problems) => return problems.into_iter().collect(),
    };
    let mut found: Vec<Diagnostic> = guide
        .mistakes()
        .into_iter()
        .map(|mistake| {
            let place = root.at(&mistake.pointer).unwrap_or_else(|| root.clone());
            Diagnostic::error("guide/invalid", mistake.message).at(&place.document.file, place.focus(), "here")
        })
        .collect();
    if guides.contains_key(&guide.set) {
        let place = root.get("set").unwrap_or_else(|| root.clone());
        let message = format!("there is another guide for set {}", guide.set);
        found.push(Diagnostic::error("guide/duplicate", message).at(&place.document.file, place.focus(), "again here"));
    } else if found.is_empty() {
        guides.insert(guide.set.clone(), guide);
    }
    found
}
