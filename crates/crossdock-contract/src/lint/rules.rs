//! The rules of lint: the code of a finding, the name that `policy.yaml` knows it by, and its level without a policy.
//! Invariant: every code that lint reports stands here once.

use crate::policy::{Policy, RuleLevel};

use RuleLevel::{Error, Warning};

/// Code, name in the policy, level where the policy does not say.
const RULES: &[(&str, &str, RuleLevel)] = &[
    ("openapi/valid", "valid-document", Error),
    ("openapi/unknown-key", "valid-document", Error),
    ("openapi/operation-id", "valid-document", Error),
    ("openapi/duplicate-operation-id", "valid-document", Error),
    ("openapi/path-parameter", "valid-document", Error),
    ("openapi/described", "described", Warning),
    ("openapi/secured", "secured", Error),
    ("openapi/problem-errors", "problem-errors", Error),
    ("openapi/declared-errors", "declared-errors", Warning),
    ("openapi/idempotent-create", "idempotent-create", Warning),
    ("openapi/correlated", "correlated", Error),
    ("openapi/naming", "naming", Warning),
    ("openapi/example", "valid-example", Error),
    ("openapi/has-example", "has-example", Warning),
    ("asyncapi/valid", "valid-document", Error),
    ("asyncapi/unknown-key", "valid-document", Error),
    ("asyncapi/described", "described", Warning),
    ("asyncapi/event-type", "event-type", Error),
    ("asyncapi/example", "valid-example", Error),
    ("asyncapi/has-example", "has-example", Warning),
    ("schema/valid", "valid-document", Error),
    ("schema/unknown-keyword", "valid-document", Warning),
    ("schema/id", "schema-id", Warning),
    ("schema/described", "described", Warning),
    ("schema/example", "valid-example", Error),
    ("schema/has-example", "has-example", Warning),
    ("schema/naming", "naming", Warning),
    ("schema/decimal-string", "decimal-string", Error),
    ("schema/bounded", "bounded", Warning),
    ("schema/openness", "openness", Error),
    ("schema/synthetic-marks", "synthetic-marks", Error),
    ("schema/required-unknown", "valid-document", Error),
    ("glossary/known", "glossary-known", Error),
    ("glossary/bound", "glossary-bound", Error),
    ("glossary/kind", "glossary-kind", Error),
    ("glossary/two-meanings", "glossary-bound", Error),
    ("glossary/formula", "glossary-known", Error),
    ("glossary/differs", "glossary-kind", Error),
    ("glossary/naming", "naming", Warning),
    ("guide/file-name", "naming", Warning),
    ("guide/glossary", "glossary-known", Error),
    ("ownership/unowned", "owned", Error),
    ("ownership/overlap", "owned", Error),
    ("ownership/gap", "owned", Error),
    ("ownership/dates", "owned", Error),
    ("ownership/duplicate", "owned", Error),
    ("ownership/unknown-field", "owned", Error),
    ("ownership/unknown-system", "owned", Error),
    ("catalog/missing", "catalogued", Warning),
    ("catalog/unlisted", "catalogued", Error),
    ("catalog/no-such-file", "catalogued", Error),
    ("catalog/mismatch", "catalogued", Error),
    ("catalog/duplicate", "catalogued", Error),
    ("catalog/unknown-system", "catalogued", Error),
    ("catalog/lifecycle", "lifecycle-dates", Error),
    ("catalog/version", "catalogued", Error),
    ("catalog/unknown-sla", "known-sla", Error),
    ("slas/duplicate", "known-sla", Error),
    ("slas/targets", "known-sla", Error),
    ("slas/mark", "known-sla", Error),
    ("policy/unknown-rule", "policy", Warning),
    ("policy/pattern", "policy", Error),
    ("policy/duplicate", "policy", Error),
    ("files/naming", "naming", Warning),
];

/// Names of rules that other parts of the program check, so that a policy may list them.
const ELSEWHERE: &[&str] = &["resolvable-ref"];

/// The level of a code under a policy.
pub(super) fn level(policy: &Policy, code: &str) -> RuleLevel {
    match RULES.iter().find(|(known, ..)| *known == code) {
        Some((_, name, fallback)) => policy.level(name, *fallback),
        None => Error,
    }
}

/// The names that a policy may give a level to.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(_, name, _)| *name).chain(ELSEWHERE.iter().copied())
}
