//! Cases are files: `tests/data/syntax/NAME.{yaml,json}` is read, `tests/data/shape/NAME.yaml` is decoded as a [`Plan`], and
//! what a person would see is in `NAME.diagnostics` beside it. `UPDATE_EXPECT=1` rewrites; `CASE=name` runs one.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use expect_test::{expect, expect_file};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Diagnostics, Document, Limits, NodeValue, SourceFile, Syntax, did_you_mean, offset_in_file};

/// What the shape cases are decoded as: every construct that files people write are made of.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read by serde only")]
#[expect(clippy::struct_field_names, reason = "the first key says what the file is")]
struct Plan {
    /// The name that reports use. Short.
    plan: String,
    class: Option<Class>,
    docks: Option<u16>,
    share: Option<f64>,
    open: Option<bool>,
    code: Option<Code>,
    limits: Option<BTreeMap<String, Bounds>>,
    steps: Option<Vec<Step>>,
    target: Option<Target>,
    carrier: Option<Carrier>,
    free: Option<Value>,
}

/// Where it runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Class {
    /// Nobody minds.
    Test,
    Staging,
    Production,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
struct Code(#[expect(dead_code, reason = "read by serde only")] String);

impl TryFrom<String> for Code {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with("DC-") {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is no facility: they begin with DC-"))
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read by serde only")]
struct Bounds {
    p95: u32,
    p99: Option<u32>,
}

/// A union chosen by its first required key, as the steps of scenarios are.
#[derive(Debug)]
struct Step;

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for Step {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Step".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let call = generator.subschema_for::<Call>();
        let wait = generator.subschema_for::<Await>();
        schemars::json_schema!({"oneOf": [call, wait]})
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read by serde only")]
#[expect(clippy::struct_field_names, reason = "the first key says what the step is")]
struct Call {
    call: String,
    /// The operationId of the contract.
    operation: String,
    expect: Option<Vec<String>>,
    body: Option<Value>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "read by serde only")]
struct Await {
    #[serde(rename = "await")]
    event: String,
    within: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "read by serde only")]
enum Target {
    Real,
    Sink,
    Url(String),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
#[expect(dead_code, reason = "read by serde only")]
enum Carrier {
    Parcel { depot: String },
    Freight { lanes: Vec<String> },
}

fn data(folder: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder);
    let wanted = std::env::var("CASE").ok();
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| Syntax::of(path).is_some())
        .filter(|path| wanted.as_deref().is_none_or(|case| path.file_stem().is_some_and(|stem| stem == case)))
        .collect();
    files.sort();
    files
}

fn shown(result: Result<String, Diagnostics>) -> String {
    match result {
        Ok(text) => text,
        Err(diagnostics) => crate::render(diagnostics.as_slice(), false),
    }
}

fn limits() -> Limits {
    Limits { max_depth: 12, max_nodes: 2_000, ..Limits::default() }
}

fn load(path: &Path) -> Result<Document, Diagnostics> {
    let name = path.file_name().unwrap().to_str().unwrap();
    crate::parse_bytes(name, &std::fs::read(path).unwrap(), Syntax::of(path).unwrap(), &limits())
}

#[test]
fn syntax_cases() {
    for path in data("syntax") {
        let actual = shown(load(&path).map(|document| format!("{:#}\n", document.root.to_value())));
        expect_file![path.with_extension("diagnostics")].assert_eq(&actual);
    }
}

#[test]
fn shape_cases() {
    for path in data("shape") {
        let actual =
            shown(load(&path).and_then(|document| crate::decode::<Plan>(&document)).map(|plan| format!("{plan:#?}\n")));
        expect_file![path.with_extension("diagnostics")].assert_eq(&actual);
    }
}

fn yaml(text: &str) -> Document {
    crate::parse("test.yaml", text, Syntax::Yaml, &Limits::default()).unwrap()
}

#[test]
fn scalars_mean_what_json_can_say_and_the_rest_is_text() {
    let words =
        "[1, -2.50, +3, .5, 6., 0x1F, 0o17, 1e3, 007, 1_000, .inf, 12:30, yes, ~, '', True, \"1\", 820982911946154508]";
    let Value::Array(values) = yaml(words).root.to_value() else { panic!("a list") };
    let shown: Vec<String> = values.iter().map(Value::to_string).collect();
    expect![[r#"1 -2.50 3 0.5 6 31 15 1e+3 "007" "1_000" ".inf" "12:30" "yes" null "" true "1" 820982911946154508"#]]
        .assert_eq(&shown.join(" "));
}

#[test]
fn every_value_knows_its_place() {
    let document = yaml("a: 1\nlist:\n  - x: \"q\"\n    y: [1, 2]\n  - 'b'\nend: {k: v}\n\n# done\n");
    let at = |pointer: &str| document.file.slice(document.root.pointer(pointer).unwrap().span).to_owned();
    assert_eq!(at("/a"), "1");
    assert_eq!(at("/list/0/x"), "\"q\"");
    assert_eq!(at("/list/0/y"), "[1, 2]");
    assert_eq!(at("/list/0"), "x: \"q\"\n    y: [1, 2]");
    assert_eq!(at("/list/1"), "'b'");
    assert_eq!(at("/end"), "{k: v}");
    assert_eq!(document.root.nearest("/list/0/z/deeper").span, document.root.pointer("/list/0").unwrap().span);
    assert_eq!(document.file.line_col(document.root.pointer("/list/1").unwrap().span.start), (5, 5));
    assert_eq!(document.file.slice(document.root.key_span("end").unwrap()), "end");
}

#[test]
fn pointers_escape_and_go_through_lists() {
    let document = yaml("paths: {/orders/{id}: {a~b: [10, 20]}}".replace("/orders/{id}", "\"/orders/{id}\"").as_str());
    assert_eq!(document.root.pointer("/paths/~1orders~1{id}/a~0b/1").unwrap().to_value(), json!(20));
    assert!(document.root.pointer("/paths/none").is_none());
    assert!(matches!(document.root.pointer("").unwrap().value, NodeValue::Mapping(_)));
}

#[test]
fn places_inside_texts_are_places_in_the_file() {
    let text = "plain: .a.b == x\nsingle: 'it''s .a'\ndouble: \"t\\tx .a\"\nblock: |\n  first\n    second .a\nfolded: >\n  one\n  two .a\n";
    let document = yaml(text);
    let found = |key: &str, needle: &str| {
        let node = document.root.get(key).unwrap();
        let at = offset_in_file(&document.file, node, node.as_str().unwrap().find(needle).unwrap());
        document.file.text[at..].chars().take(3).collect::<String>()
    };
    assert_eq!(found("plain", "b =="), "b =");
    assert_eq!(found("single", ".a"), ".a'");
    assert_eq!(found("double", ".a"), ".a\"");
    assert_eq!(found("block", "second"), "sec");
    assert_eq!(found("folded", ".a"), "one", "cannot be told: the start");
}

#[test]
fn a_slip_is_told_from_another_word() {
    let keys = ["operation", "system", "expect", "within", "timeout_ms", "facilities"];
    let near = |word| did_you_mean(word, keys).unwrap_or("-");
    expect!["operation system within timeout_ms facilities expect - - -"].assert_eq(
        &[
            near("opertion"),
            near("sytsem"),
            near("witin"),
            near("timeoutMs"),
            near("facility"),
            near("Expect"),
            near("body"),
            near("operation"),
            near("x"),
        ]
        .join(" "),
    );
}

#[test]
fn a_missing_file_names_what_is_beside_it() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/shape");
    let missing = crate::read(&dir.join("good.yml"), &Limits::default()).unwrap_err();
    let text = crate::render(missing.as_slice(), false).replace(&dir.display().to_string(), "DIR");
    expect![[r#"
        error[file::not_found]: there is no `DIR/good.yml`
        --> DIR/good.yml
         = help: did you mean `DIR/good.yaml`?
    "#]]
    .assert_eq(&text);
    assert_eq!(missing.iter().next().unwrap().line(), Some(1));
}

#[test]
fn a_folder_gives_what_it_can_and_says_what_it_cannot() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let (folder, found) = crate::Folder::read(&dir, &limits());
    assert!(folder.get("shape/good.yaml").is_some());
    assert!(folder.get("syntax/cut.json").is_none());
    assert!(found.iter().any(|one| { one.file().is_some_and(|file| file.ends_with("syntax/cut.json")) }));
    assert!(folder.under("shape/").all(|(path, _)| path.starts_with("shape/")));
    let (_, missing) = crate::Folder::read(&dir.join("none"), &limits());
    assert!(missing.to_string().contains("there is no `"));
}

#[test]
fn bytes_that_are_no_text_are_named_by_their_offset() {
    let error = crate::parse_bytes("in.json", b"{\"a\": \"\xff\"}", Syntax::Json, &Limits::default()).unwrap_err();
    expect![[r#"
        error[file::not_utf8]: invalid UTF-8 at byte 7 (0xFF)
         --> in.json:1:8
          |
        1 | {"a": "�"}
          |        ^ not UTF-8 from here
          |
          = help: save the file as UTF-8
    "#]]
    .assert_eq(&crate::render(error.as_slice(), false));
}

#[test]
fn any_cut_of_a_file_is_read_or_explained() {
    // Every beginning of these texts must end in a document or a diagnostic, never in a panic.
    for (text, syntax) in [
        ("a: &x [1, {b: \"q\\u0041\"}]\nc: *x\nd: |\n  é\n? e\n: 'f'\n", Syntax::Yaml),
        ("{\"a\": [1.5e-3, \"\\ud83d\\ude00 é\\n\", null, true], \"b\": {\"c\": -0}}", Syntax::Json),
    ] {
        for (cut, _) in text.char_indices() {
            match crate::parse("cut", &text[..cut], syntax, &Limits::default()) {
                Ok(_) => {}
                Err(diagnostics) => {
                    assert!(crate::render(diagnostics.as_slice(), true).contains("cut"));
                }
            }
        }
        crate::parse("whole", text, syntax, &Limits::default()).unwrap();
    }
}

#[test]
fn damaged_files_are_explained_too() {
    // A small generator of our own: the same damage in every run.
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let seeds = [
        ("a: &x [1, {b: \"q\\u0041\"}]\nc: *x\nd: |\n  é\n  f\n? e\n: 'f'\n- g: {h: ~}\n", Syntax::Yaml),
        ("{\"a\": [1.5e-3, \"\\ud83d\\ude00 é\\n\", null, true], \"b\": {\"c\": -0}}", Syntax::Json),
    ];
    let noise = b"{}[]:,\"'\\&*!|>-?#%@` \n\t0e.u\xc3\xff";
    for _ in 0..3_000 {
        let (text, syntax) = seeds[next(seeds.len())];
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=next(4) {
            let (at, byte) = (next(bytes.len()), noise[next(noise.len())]);
            if next(2) == 0 { bytes[at] = byte } else { bytes.insert(at, byte) }
        }
        match crate::parse_bytes("damaged", &bytes, syntax, &limits()) {
            Ok(document) => {
                drop(crate::decode::<Plan>(&document).map_err(|found| crate::render(found.as_slice(), false)));
            }
            Err(found) => assert!(crate::render(found.as_slice(), false).contains("damaged")),
        }
    }
}

#[test]
fn a_mistake_between_two_files_shows_both() {
    let catalog = SourceFile::new("catalog.yaml", "apis:\n  erp: {owner: finance}\n");
    let api = SourceFile::new("apis/erp.yaml", format!("title: ERP\nx: {}\n", "y".repeat(5_000)));
    let two = crate::Diagnostic::warning("t::owner", "nobody owns `erp`").at(&catalog, 8..11, "listed here").at(
        &api,
        7..10,
        "and described here",
    );
    let long = crate::Diagnostic::error("t::long", "too long").at(&api, 14..20, "here");
    expect![[r#"
        warning[t::owner]: nobody owns `erp`
         --> catalog.yaml:2:3
          |
        2 |   erp: {owner: finance}
          |   ^^^ listed here
          |
         ::: apis/erp.yaml:1:8
          |
        1 | title: ERP
          |        --- and described here

        error[t::long]: too long
        --> apis/erp.yaml:2:4

        1 error, 1 warning
    "#]]
    .assert_eq(&crate::render(&[two, long], false));
}

#[test]
fn diagnostics_come_in_the_order_of_their_places() {
    let file = SourceFile::new("f", "abcdef");
    let mut all = Diagnostics::new();
    all.push(crate::Diagnostic::warning("t::b", "second").at(&file, 3..4, ""));
    all.push(crate::Diagnostic::error("t::a", "first").at(&file, 1..2, ""));
    expect!["f:1:2: first\nf:1:4: second"].assert_eq(&all.to_string());
    assert!(all.has_errors());
}
