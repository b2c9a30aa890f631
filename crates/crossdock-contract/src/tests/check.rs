//! Messages against contracts: what a sender is told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::{Contracts, Violation};

fn contracts() -> Contracts {
    Contracts::load(Path::new("tests/data/shop")).unwrap_or_else(|problems| panic!("{problems}"))
}

fn check(found: &[Violation], expected: &Expect) {
    let mut out = String::new();
    for one in found {
        let pointer = if one.pointer.is_empty() { "-" } else { &one.pointer };
        writeln!(out, "{pointer} [{}] {} ({})", one.rule, one.message, one.schema_pointer).unwrap();
    }
    expected.assert_eq(&out);
}

#[test]
fn requests() {
    let contracts = contracts();
    let create = contracts.operation("commerce", "createOrder").unwrap();
    let good = create.example_request().unwrap().1.clone();
    check(&create.check_request("application/json; charset=utf-8", &good), &expect![[""]]);
    let bad =
        json!({"customer": 7, "lines": [{"product": "P-1", "quantity": "two", "colour": "red"}], "channel": "wbe"});
    check(
        &create.check_request("application/json", &bad),
        &expect![[r#"
        /channel [enum] "wbe" is none of "web", "store"; did you mean `web`? (apis/commerce.yaml#/paths/~1orders/post/requestBody/content/application~1json/schema/properties/channel/enum)
        /customer [type] 7 is a number, and must be null or a string (apis/commerce.yaml#/paths/~1orders/post/requestBody/content/application~1json/schema/properties/customer/type)
        /lines/0/colour [additionalProperties] `colour` is not a property of this object (apis/commerce.yaml#/components/schemas/Line/additionalProperties)
        /lines/0/quantity [pattern] "two" does not match `^[0-9]+$` (apis/commerce.yaml#/components/schemas/Line/properties/quantity/pattern)
    "#]],
    );
    check(
        &create.check_request("text/plain", &json!("hello")),
        &expect![[r#"
            - [content-type] createOrder takes application/json, not text/plain ()
        "#]],
    );
    check(
        &create.check_request("", &Value::Null),
        &expect![[r#"
            - [body] createOrder needs a body ()
        "#]],
    );
    check(
        &create.check_parameters(|_, _| None),
        &expect![[r#"
            - [header] `Idempotency-Key` is missing ()
        "#]],
    );
    assert!(create.idempotent && create.secured);
}

#[test]
fn responses() {
    let contracts = contracts();
    let get = contracts.operation("commerce", "getOrder").unwrap();
    check(
        &get.check_response(200, "application/json", &json!({"orderId": 1})),
        &expect![[r#"
        /orderId [type] 1 is a number, and must be a string (apis/commerce.yaml#/paths/~1orders~1{orderId}/get/responses/200/content/application~1json/schema/properties/orderId/type)
        /total [required] `total` is missing (apis/commerce.yaml#/paths/~1orders~1{orderId}/get/responses/200/content/application~1json/schema/required)
    "#]],
    );
    check(
        &get.check_response(418, "application/json", &json!({})),
        &expect![[r#"
            - [content-type] getOrder answers 418 with application/problem+json, not application/json ()
        "#]],
    );
    check(
        &get.check_response(404, "application/json", &json!({})),
        &expect![[r#"
            - [content-type] getOrder answers 404 with application/problem+json, not application/json ()
        "#]],
    );
    check(
        &get.check_response_headers(200, &[]),
        &expect![[r#"
            - [header] `ETag` is missing ()
        "#]],
    );
}

#[test]
fn events() {
    let contracts = contracts();
    let event = |event_type: &str, data: Value| json!({"specversion": "1.0", "type": event_type, "data": data});
    check(
        &contracts.check_event(&event("order.captured.v1", json!({"orderId": "820982911946154508"}))),
        &expect![[""]],
    );
    check(
        &contracts.check_event(&event("order.captured.v1", json!({}))),
        &expect![[r#"
        /data/orderId [required] `orderId` is missing (events/orders.yaml#/channels/facts/messages/captured/payload/properties/data/required)
    "#]],
    );
    check(
        &contracts.check_event(&event("order.captred.v1", json!({}))),
        &expect![[r#"
        /type [event-type] there is no contract for events of type `order.captred.v1`; did you mean `order.captured.v1`? ()
    "#]],
    );
    check(
        &contracts.check_event(&json!({})),
        &expect![[r#"
        /type [event-type] an event says its type: `type` is missing ()
    "#]],
    );
}

#[test]
fn paths_are_filled_and_found_again() {
    let contracts = contracts();
    let api = contracts.api_of("commerce").unwrap();
    let get = api.operation("getOrder").unwrap();
    let values = [("orderId".to_owned(), "a/b ü".to_owned())].into_iter().collect();
    assert_eq!(get.url_path(&values).unwrap(), "/v1/orders/a%2Fb%20%C3%BC");
    assert_eq!(get.url_path(&BTreeMap::default()).unwrap_err().to_string(), "path parameter `orderId` has no value");
    let (found, captured) = api.route("GET", "/v1/orders/a%2Fb%20%C3%BC?x=1").unwrap();
    assert_eq!((found.id.as_str(), captured), ("getOrder", values));
    assert!(api.route("GET", "/v1/orders/").is_none());
}
