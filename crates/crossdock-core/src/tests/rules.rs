//! Each rule of `docs/concepts/domain.md` is shown by a case, or `tests/data/rules.yaml` says where else it is, or that it is not yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crossdock_testkit::Case;
use serde_json::Value;

#[test]
fn every_rule_is_shown_or_listed() {
    let rules = rules_of(include_str!("../../../../docs/concepts/domain.md"));
    let mut shown = BTreeSet::new();
    for case in Case::tree(super::CASES, "yaml") {
        let document = case.document().unwrap_or_else(|d| panic!("{}: {d:?}", case.name)).root.to_value();
        for rule in document.get("rules").and_then(Value::as_array).into_iter().flatten() {
            let rule = rule.as_str().unwrap_or_else(|| panic!("{}: a rule is text: \"4.10\", not 4.10", case.name));
            assert!(rules.contains(rule), "{}: domain.md has no rule {rule}", case.name);
            shown.insert(rule.to_owned());
        }
    }
    if Case::only().is_some() {
        return;
    }
    let list = Case::files("tests/data", "yaml").pop().expect("tests/data/rules.yaml");
    let document = list.document().expect("a readable list").root.to_value();
    let elsewhere: BTreeMap<String, String> =
        serde_json::from_value(document["elsewhere"].clone()).expect("elsewhere: rule: where");
    let wrong: Vec<_> = elsewhere.keys().filter(|rule| !rules.contains(*rule)).collect();
    assert!(wrong.is_empty(), "domain.md has no rules {wrong:?}");
    let missing = rules.iter().filter(|rule| !shown.contains(*rule) && !elsewhere.contains_key(*rule));
    let mut text = String::new();
    for rule in missing {
        writeln!(text, "{rule}").expect("text");
    }
    list.golden_block("not_yet", &text);
}

/// The numbers that the document sets in bold.
fn rules_of(document: &str) -> BTreeSet<String> {
    let bold = document.split("**").skip(1).step_by(2);
    let is_number = |text: &str| {
        let digits = text.strip_prefix('I').unwrap_or(text);
        digits.chars().all(|c| c.is_ascii_digit() || c == '.') && digits.starts_with(|c: char| c.is_ascii_digit())
    };
    bold.filter(|text| is_number(text)).map(ToOwned::to_owned).collect()
}
