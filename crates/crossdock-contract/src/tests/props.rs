//! What holds for every input: expressions never panic and always end, and a schema compared with itself changes nothing.

use crossdock_diag::{Limits, Syntax};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::diff::{Options, diff};
use crate::expr::{Expr, Template};
use crate::library::Library;

/// Pieces that make texts which are nearly expressions.
const PIECES: &[&str] = &[
    ".",
    "..",
    ".a",
    ".b[0]",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "|",
    ",",
    "==",
    "=",
    "|=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "//",
    "and",
    "or",
    "not",
    "1",
    "-1",
    "1.50",
    "1e400",
    "\"x\"",
    "\"\\(.a)\"",
    "\"\\",
    "null",
    "true",
    "map(",
    "select(",
    "length",
    "tonumber",
    "tostring",
    "add",
    "keys",
    "if",
    "then",
    "else",
    "end",
    "try",
    "as",
    "$x",
    "@base64",
    "test(",
    ";",
    ":",
    "?",
    "é",
    "${",
    "}",
    "range(3)",
    "first",
    "[.[]]",
    "to_entries",
    "fromjson",
    "tojson",
    "split(\"\")",
    "sort_by(",
    "limit(2;",
    "implode",
    "explode",
    "todate",
    "strptime(\"%Y\")",
    "mktime",
    "floor",
    "min_by(",
    "flatten",
    "indices(",
    "ltrimstr(",
    "getpath([\"a\"])",
    "paths",
    "del(",
    "error",
    "empty",
    "@uri",
    "@sh",
    "label $f |",
    "break $f",
    "reduce",
    "foreach",
    "def f: .;",
    "..|=",
    "\n",
    " ",
];

fn context() -> Value {
    json!({"a": [1, "2.50", null, {"b": [true, "x"]}], "b": [{"a": "é"}, -0.5], "n": 820_982_911_946_154_508_u64})
}

fn pieces() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(PIECES), 0..12).prop_map(|pieces| pieces.join(" "))
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop::sample::select(vec![
        json!({"type": "string", "maxLength": 5, "pattern": "^a"}),
        json!({"type": ["integer", "null"], "minimum": 1, "exclusiveMaximum": 9}),
        json!({"enum": ["a", 1, null]}),
        json!({"const": {"a": []}}),
        json!({"$ref": "#"}),
        json!({"not": {"type": "string"}}),
        json!(true),
        json!(false),
        json!({}),
    ]);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            list.clone().prop_map(|parts| json!({"allOf": parts})),
            list.clone().prop_map(|parts| json!({"oneOf": parts, "title": "one"})),
            list.clone().prop_map(|parts| json!({"type": "array", "prefixItems": parts, "uniqueItems": true})),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({"type": "object", "required": ["a"],
                "properties": {"a": a, "b": b}, "additionalProperties": false})),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({"items": a, "contains": b, "minContains": 1})),
            (inner.clone(), inner)
                .prop_map(|(a, b)| json!({"if": a, "then": b, "patternProperties": {"^x": {"type": "null"}},
                "dependentRequired": {"a": ["b"]}})),
        ]
    })
}

proptest! {
    #[test]
    fn expressions_never_panic(text in prop_oneof![pieces(), any::<String>()]) {
        if let Ok(expr) = Expr::parse(&text) {
            let _roots = expr.roots();
            let _value = expr.eval(&context());
        }
    }

    #[test]
    fn templates_never_panic(text in pieces()) {
        let text = format!("a ${{{text}}} é");
        match Template::parse(&text) {
            Ok(template) => drop(template.render(&context())),
            Err(error) => prop_assert!(text.get(error.offset..error.offset + error.len).is_some(), "{error:?} points outside"),
        }
    }

    #[test]
    fn a_schema_is_no_change_from_itself(schema in schema()) {
        let library = |padding: &str| {
            let document = crossdock_diag::parse("a.json", &format!("{padding}{schema}"), Syntax::Json, &Limits::default()).unwrap();
            Library::new([("a.json".to_owned(), document)])
        };
        let (base, revision) = (library(""), library("\n\n"));
        let comparison = diff((&base, "a.json"), (&revision, "a.json"), &Options::default()).unwrap();
        prop_assert_eq!(comparison.changes, vec![]);
    }
}
