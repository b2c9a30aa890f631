//! Cases that others wrote, where `CROSSDOCK_ACCEPTANCE` names their folder; it is other people's data and no part of this project.

#![allow(clippy::disallowed_methods, reason = "the folder is named by the environment, and by nothing else")]

use std::path::{Path, PathBuf};

use crossdock_diag::Limits;

use crate::diff::{Options, Role, diff};
use crate::library::Library;

fn folder(set: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("CROSSDOCK_ACCEPTANCE").map(|root| PathBuf::from(root).join("open").join(set));
    if folder.is_none() {
        println!("skipped: CROSSDOCK_ACCEPTANCE is not set");
    }
    folder
}

/// The share of pairs whose verdict is as the index says.
fn share(folder: &Path, role: Role, breaks: impl Fn(&[&str]) -> Option<bool>) -> f64 {
    let index = std::fs::read_to_string(folder.join("index.tsv")).unwrap();
    let (mut right, mut all) = (0.0, 0.0);
    for line in index.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let (Some(wanted), Some(base), Some(revision)) = (breaks(&cells), cells.get(1), cells.get(2)) else { continue };
        let read = |name: &str| Library::read_file(&folder.join(name), &Limits::default());
        let (Ok((base, old)), Ok((revision, new))) = (read(base), read(revision)) else { continue };
        let options = Options { role, ..Options::default() };
        let found = diff((&old, &base), (&new, &revision), &options).is_ok_and(|comparison| comparison.breaking > 0);
        all += 1.0;
        right += f64::from(u8::from(found == wanted));
    }
    right / all
}

#[test]
fn openapi_pairs() {
    let Some(folder) = folder("openapi-pairs") else { return };
    let share = share(&folder, Role::Both, |cells| (*cells.get(10)? != "yes").then(|| cells.get(3) == Some(&"yes")));
    assert!(share >= 0.87, "only {share:.3} of the pairs are judged as their authors do");
}

#[test]
fn json_schema_pairs() {
    let Some(folder) = folder("json-schema-pairs") else { return };
    let share = share(&folder, Role::Consumer, |cells| Some(*cells.get(3)? == "no"));
    assert!(share >= 0.94, "only {share:.3} of the pairs are judged as their authors do");
}
