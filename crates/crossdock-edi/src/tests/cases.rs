//! Files under `tests/data`: each is read strictly and tolerantly, and the golden beside it says what a person and the sender are told.

use std::fmt::Write as _;

use crossdock_model::Timestamp;
use crossdock_testkit::Case;

use crate::{AckNumbers, File, Guide, GuideChoice, Strictness, acknowledge, apply_guides, read};

/// The shipped guides.
pub(super) fn guides() -> Vec<Guide> {
    Case::files("../../contracts/edi", "yaml")
        .iter()
        .map(|case| {
            let document = case.document().unwrap_or_else(|errors| panic!("{}: {errors:?}", case.name));
            Guide::from_value(&document.root.to_value()).unwrap_or_else(|errors| panic!("{}: {errors:?}", case.name))
        })
        .collect()
}

/// Findings and answer of one reading; the same text for the same outcome.
fn judged(bytes: &[u8], guides: GuideChoice<'_>, strictness: &Strictness) -> String {
    let mut file: File<'_> = read(bytes, strictness);
    apply_guides(&mut file, guides, strictness);
    let at: Timestamp = "2026-03-04T06:00:00Z".parse().unwrap();
    let acks = acknowledge(&file, &AckNumbers { interchange_control: 91, at });
    let mut out = String::new();
    for error in file.errors() {
        writeln!(out, "error: {error}").unwrap();
    }
    for warning in file.warnings() {
        writeln!(out, "warning: {warning}").unwrap();
    }
    let sets: Vec<String> =
        file.accepted_sets().map(|(_, _, set)| format!("{} {}", set.id(), set.control_number())).collect();
    writeln!(out, "takes effect: {}", if sets.is_empty() { "nothing".to_owned() } else { sets.join(", ") }).unwrap();
    writeln!(out, "codes: {}", acks.codes.join(" ")).unwrap();
    out.push_str(&acks.interchange.replace('~', "~\n"));
    out
}

fn run(folder: &str, guides: GuideChoice<'_>) {
    for case in Case::files(folder, "edi") {
        let strict = judged(&case.bytes(), guides, &Strictness::strict());
        let tolerant = judged(&case.bytes(), guides, &Strictness::tolerant());
        let text = if strict == tolerant {
            format!("strict and tolerant\n{strict}")
        } else {
            format!("strict\n{strict}\ntolerant\n{tolerant}")
        };
        case.golden("out", &text);
    }
}

#[test]
fn files_are_judged_by_the_standard() {
    run("tests/data/base", GuideChoice::Base);
}

#[test]
fn files_are_judged_by_the_guides() {
    let guides = guides();
    run("tests/data/guides", GuideChoice::Guides(&guides));
}
