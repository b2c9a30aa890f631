//! The kit's own tests.

use std::process::Command;

use expect_test::expect;

use crate::{Case, Redactor, Scratch, Transcript};

#[test]
fn what_changes_is_made_the_same_and_nothing_else() {
    let redactor = Redactor::usual().text("/tmp/x7f", "DIR").text("/tmp/x7f/ledger", "LEDGER");
    let text = "2026-11-25T00:42:51.123Z took 12.5 ms at 127.0.0.1:43121 in /tmp/x7f/ledger.db and /tmp/x7f; \
                run 019abc12-0000-7000-8000-00000000abcd; 403.00 USD, port 7100, \"duration_ms\": 1234";
    expect![
        "TIME took DURATION at 127.0.0.1:PORT in LEDGER.db and DIR; run UUID; 403.00 USD, port 7100, \"duration_ms\": 0"
    ]
    .assert_eq(&redactor.apply(text));
}

#[test]
fn cases_are_sorted_and_know_their_goldens() {
    let names: Vec<String> = Case::files("src", "rs").into_iter().map(|case| case.name).collect();
    assert!(names.is_sorted() && names.iter().any(|name| name == "case"));
    assert!(Case::files("src", "rs")[0].beside("golden").ends_with("case.golden"));
    assert!(Case::folders("").iter().any(|case| case.name == "src"));
}

#[test]
fn a_transcript_has_the_code_and_both_outputs() {
    let scratch = Scratch::with(&[("deep/down.txt", "found\n")]);
    let mut command = Command::new("sh");
    command.args(["-c", "cat deep/down.txt; echo lost >&2; exit 3"]).current_dir(scratch.path());
    expect![[r"
        $ sh -c cat deep/down.txt; echo lost >&2; exit 3
        exit code: 3
        --- stdout ---
        found
        --- stderr ---
        lost
    "]]
    .assert_eq(&Transcript::of(&mut command).text(&Redactor::none()));
}
