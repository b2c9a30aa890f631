//! The house: which crate may know which, a header on every module, generated files as the code makes them.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::support::{files, root};

/// Which of our crates each may import. ARCHITECTURE.md explains the list; an arrow that is not here does not exist.
const ARROWS: &[(&str, &[&str])] = &[
    ("diag", &[]),
    ("model", &[]),
    ("edi", &["model"]),
    ("report", &["diag"]),
    ("core", &["model"]),
    ("ledger", &["model"]),
    ("contract", &["diag", "edi", "model"]),
    ("connector", &["contract", "diag", "edi", "model"]),
    ("hub", &["connector", "contract", "core", "diag", "edi", "ledger", "model"]),
    ("scenario", &["contract", "diag", "edi", "report"]),
    ("verify", &["contract", "diag", "edi", "report", "scenario"]),
    ("bench", &["contract", "diag", "report", "scenario"]),
    ("probe", &["contract", "diag", "report", "scenario"]),
    ("mock", &["contract", "diag", "edi", "model"]),
    ("testkit", &["diag", "model"]),
];

/// Crates that take no input, give no output, and know no clock.
const PURE: &[&str] = &["model", "edi", "core", "contract"];

#[test]
fn arrows_point_up() {
    let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap();
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(name, targets)| (*name, targets.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let Some(name) = package.name.strip_prefix("crossdock-") else { continue };
        let Some(targets) = allowed.get(name) else {
            wrong.push(format!("crossdock-{name} is not in the list of ARCHITECTURE.md"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
            let Some(target) = dependency.name.strip_prefix("crossdock-") else { continue };
            if target == "testkit" || !targets.contains(target) {
                wrong.push(format!("crossdock-{name} may not import crossdock-{target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_says_what_it_is() {
    let sources = files(root()).into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs"));
    let without: Vec<String> = sources
        .filter(|path| {
            let text = std::fs::read_to_string(path).unwrap();
            !(text.starts_with("//!") || text.starts_with("#![doc = include_str!"))
        })
        .map(|path| path.display().to_string())
        .collect();
    assert!(without.is_empty(), "no header: {without:#?}");
}

#[test]
fn pure_crates_deny_clocks_files_and_hash_order() {
    for name in PURE {
        let path = root().join(format!("crates/crossdock-{name}/src/lib.rs"));
        let text = std::fs::read_to_string(&path).unwrap();
        let denied = text.contains("deny(clippy::disallowed_methods") && text.contains("clippy::disallowed_types");
        assert!(denied, "{} does not deny clippy::disallowed_methods and disallowed_types", path.display());
    }
}

#[test]
fn generated_files_are_as_the_code_makes_them() {
    for (path, expected) in crossdock::generate::files().unwrap() {
        let found = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
        assert!(found == expected, "{path} is not what the code makes: run `cargo xtask generate`");
    }
}

#[test]
fn every_command_has_a_manual_page_and_is_completed() {
    let pages = crossdock::generate::man_pages().unwrap();
    for name in ["crossdock.1", "crossdock-contract-lint.1", "crossdock-probe-once.1", "crossdock-bench-run.1"] {
        let page = pages.iter().find(|(page, _)| page == name).unwrap_or_else(|| panic!("no page {name}"));
        assert!(page.1.contains(".SH SYNOPSIS"), "{name} has no synopsis");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = crate::support::crossdock(&["completions", shell]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("probe") && text.contains("format"), "{shell}");
    }
}
