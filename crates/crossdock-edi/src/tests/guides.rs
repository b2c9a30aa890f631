//! Guides as data: what their types cannot say is still refused, all of it at once.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::Guide;

fn guide(content: &Value) -> Value {
    json!({"crossdock": 1, "set": "850", "title": "Order", "functionalGroup": "PO", "version": "004010", "content": content})
}

fn check_mistakes(value: &Value, expected: &Expect) {
    let errors = Guide::from_value(value).expect_err("the guide is broken");
    expected.assert_eq(&errors.iter().flat_map(|error| [error.to_string(), "\n".to_owned()]).collect::<String>());
}

#[test]
fn all_mistakes_of_a_guide_are_named() {
    let element = |at: u32, min: u32, max: u32| json!({"at": at, "name": "x", "type": "AN", "min": min, "max": max});
    let content = json!([
        {"segment": "BEG", "name": "Start", "use": "mandatory", "max": 0, "elements": [element(2, 1, 2), element(1, 9, 2)], "relations": ["P03", "C0304"]},
        {"segment": "REF", "loop": "REF", "name": "Both", "use": "optional"},
        {"name": "Neither", "use": "optional"},
        {"loop": "N1", "name": "Empty", "use": "optional"},
        {"loop": "PO1", "name": "Nested at once", "use": "optional", "elements": [element(1, 1, 2)],
         "content": [{"loop": "PID", "name": "Text", "use": "optional", "content": [{"segment": "PID", "name": "Text", "use": "optional", "content": [{"segment": "X1", "name": "x", "use": "optional"}]}]}]}
    ]);
    let mut value = guide(&content);
    value["crossdock"] = json!(2);
    check_mistakes(
        &value,
        &expect![[r#"
        /crossdock: only version 1 of the format is known
        /content/0/max: it must be 1 at least
        /content/0/elements/1/at: elements stand in order, numbered from 1
        /content/0/elements/1/min: it is above max
        /content/0/relations/0: `P03` is no relation: P, R, E, C or L, then element numbers of two digits each
        /content/1: an item is either a `segment` or a `loop`
        /content/2: an item is either a `segment` or a `loop`
        /content/3/content: there is nothing in it
        /content/4: loop PO1 has content; elements and relations belong to its segments
        /content/4/content/0: loop PO1 must start with a segment
        /content/4/content/0/content/0/content: a segment has elements; content is for loops
    "#]],
    );
}

#[test]
fn unknown_keys_and_types_are_refused() {
    let content = json!([{"segment": "BEG", "name": "Start", "use": "mandatory", "maximum": 3}]);
    check_mistakes(
        &guide(&content),
        &expect![[r#"
            unknown field `maximum`, expected one of `segment`, `loop`, `name`, `use`, `max`, `when`, `elements`, `relations`, `content`
        "#]],
    );
    let content = json!([{"segment": "BEG", "name": "Start", "use": "sometimes"}]);
    check_mistakes(
        &guide(&content),
        &expect![[r#"
            unknown variant `sometimes`, expected one of `mandatory`, `optional`, `notUsed`
        "#]],
    );
}

#[test]
fn shipped_guides_are_for_the_sets_of_their_file_names() {
    let sets: Vec<String> = super::cases::guides().into_iter().map(|guide| guide.set).collect();
    assert_eq!(sets, ["810", "850", "855", "856", "997"]);
}
