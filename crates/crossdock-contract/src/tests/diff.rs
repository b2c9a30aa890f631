//! Diff: a folder under `tests/data/diff/` holds a base and a revision, `changes.txt` beside them what changed.

use std::fmt::Write as _;
use std::path::Path;

use crossdock_diag::{Folder, Limits};
use crossdock_testkit::Case;
use expect_test::expect;

use crate::diff::{Comparison, Options, Role, diff, diff_folders};
use crate::library::Library;
use crate::{Contracts, diff as model};

fn folder(path: &Path) -> Library {
    let (folder, problems) = Folder::read(path, &Limits::default());
    assert!(problems.is_empty(), "{problems}");
    folder.into()
}

/// The one document of a folder that the others belong to.
fn entry(library: &Library) -> &str {
    let names = ["orders.yaml", "schema.json", "events.yaml"];
    library.documents().map(|(path, _)| path).find(|path| names.contains(path)).unwrap()
}

fn compare(base: &Library, revision: &Library, role: Role) -> Comparison {
    let consumers = Contracts::from_library(revision.clone_documents())
        .map(|contracts| Options::default().with_catalog(&contracts));
    let options = Options { role, ..consumers.unwrap_or_default() };
    diff((base, entry(base)), (revision, entry(revision)), &options).unwrap()
}

fn render(comparison: &Comparison) -> String {
    let mut out =
        format!("{} breaking, {} warnings, bump {:?}\n", comparison.breaking, comparison.warnings, comparison.bump);
    for change in &comparison.changes {
        let level = format!("{:?}", change.level).to_lowercase();
        let (base, revision) = (&change.base, &change.revision);
        let short =
            |file: &str| file.rsplit('/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/");
        writeln!(out, "\n{level} {}\n  {}", change.id, change.text).unwrap();
        writeln!(
            out,
            "  {}:{}:{} -> {}:{}:{}",
            short(&base.file),
            base.line,
            base.column,
            short(&revision.file),
            revision.line,
            revision.column
        )
        .unwrap();
        if !change.consumers.is_empty() {
            writeln!(out, "  breaks {}", change.consumers.join(", ")).unwrap();
        }
    }
    out
}

#[test]
fn pairs() {
    for case in Case::folders("tests/data/diff") {
        let (base, revision) = (folder(&case.path.join("base")), folder(&case.path.join("revision")));
        case.golden("changes.txt", &render(&compare(&base, &revision, Role::Both)));
    }
}

#[test]
fn nothing_changes_between_a_document_and_itself() {
    for case in Case::folders("tests/data/diff") {
        for side in ["base", "revision"] {
            let library = folder(&case.path.join(side));
            let comparison = compare(&library, &library, Role::Both);
            assert_eq!(comparison.changes, [], "{side} of {}", case.name);
            assert_eq!(comparison.bump, model::Bump::None);
            let whole = diff_folders(&library, &library, &Options::default()).unwrap();
            assert_eq!(whole.changes, []);
        }
    }
}

#[test]
fn fingerprints_outlive_moved_lines() {
    let prints = |padding: &str| -> Vec<String> {
        let document = |text: &str| {
            let text = format!("{padding}{text}");
            let document =
                crossdock_diag::parse("order.yaml", &text, crossdock_diag::Syntax::Yaml, &Limits::default()).unwrap();
            Library::new([("order.yaml".to_owned(), document)])
        };
        let (base, revision) = (
            document("type: object\nproperties: {a: {type: string}, b: {enum: [x, y, z]}}\n"),
            document("type: object\nproperties: {a: {type: integer}, b: {enum: [z]}}\n"),
        );
        let comparison = diff((&base, "order.yaml"), (&revision, "order.yaml"), &Options::default()).unwrap();
        comparison.changes.into_iter().map(|change| change.fingerprint).collect()
    };
    let before = prints("");
    assert_eq!(before, prints("# moved\n# down\n"));
    let mut unique = before.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), before.len(), "two changes share a fingerprint");
}

#[test]
fn roles_look_one_way_each() {
    let case = Path::new("tests/data/diff/order-schema");
    let (base, revision) = (folder(&case.join("base")), folder(&case.join("revision")));
    let ids = |role| {
        let comparison = compare(&base, &revision, role);
        let breaking = comparison.changes.iter().filter(|change| change.level == model::Level::Breaking);
        breaking
            .map(|change| format!("{} {}", change.path.as_deref().unwrap_or("-"), change.id))
            .collect::<Vec<_>>()
            .join("\n")
    };
    expect![[r#"
        (^x-) request-property-max-length-set
        count request-property-became-required
        count request-property-min-increased
        gone request-property-removed"#]]
    .assert_eq(&ids(Role::Consumer));
    expect![[r#"
        - response-body-not-removed
        count response-property-type-generalized
        id response-property-became-nullable
        new response-optional-property-added"#]]
    .assert_eq(&ids(Role::Producer));
}

#[test]
fn other_kinds_are_refused_at_their_place() {
    let case = Path::new("tests/data/diff");
    let (base, revision) = (folder(&case.join("order-schema/base")), folder(&case.join("order-events/base")));
    let refused = diff((&base, entry(&base)), (&revision, entry(&revision)), &Options::default()).unwrap_err();
    expect![[r#"
        error[diff/kinds]: a JSON Schema cannot be compared with an AsyncAPI document
         --> tests/data/diff/order-events/base/events.yaml:1:1
          |
        1 | asyncapi: "3.0.0"
          | ^^^^^^^^ the revision
    "#]]
    .assert_eq(&crossdock_diag::render(refused.as_slice(), false));
}
