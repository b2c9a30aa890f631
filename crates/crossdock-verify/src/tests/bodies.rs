//! Bodies made from an example and what a validator says: pure.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::body;
use crate::generate::{self, Objection};
use crate::tests::shop::contracts;
use crate::traces::Traces;

fn objection(body: &Value) -> Objection {
    let contracts = contracts();
    body::objection(contracts.operation("shop", "createOrder").unwrap(), "application/json", body)
}

fn example() -> Value {
    json!({"product": "SYN-0001", "quantity": "2", "unit": "EA", "note": "by a test", "synthetic": true, "runId": "7f3a"})
}

fn check(most: usize, seed: u64, expected: &Expect) {
    let bodies = generate::invalid_bodies(&example(), &objection, most, seed);
    let lines: Vec<String> =
        bodies.iter().map(|one| format!("{}: {} at {:?}", one.change, one.breach.rule, one.breach.pointer)).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn every_rule_gets_a_case_before_any_gets_a_second() {
    check(
        9,
        0,
        &expect![[r#"
        the body as text: type at ""
        the body with an unknown property: additionalProperties at "/crossdockUnexpected"
        without /product: required at "/product"
        /product with a value nobody knows: pattern at "/product"
        /unit as an object: enum at "/unit"
        /note far too long: maxLength at "/note"
        /product as an object: type at "/product"
        without /quantity: required at "/quantity"
        /quantity with a value nobody knows: pattern at "/quantity""#]],
    );
}

#[test]
fn another_seed_chooses_others() {
    check(
        6,
        1,
        &expect![[r#"
        /product as an object: type at "/product"
        the body with an unknown property: additionalProperties at "/crossdockUnexpected"
        without /quantity: required at "/quantity"
        /quantity with a value nobody knows: pattern at "/quantity"
        /unit as an object: enum at "/unit"
        /note far too long: maxLength at "/note""#]],
    );
}

#[test]
fn every_body_is_proved_invalid() {
    let bodies = generate::invalid_bodies(&example(), &objection, 1000, 0);
    assert!(bodies.len() > 10);
    assert!(bodies.iter().all(|one| objection(&one.body).is_some()));
}

#[test]
fn nothing_is_invalid_where_everything_is_allowed() {
    assert!(generate::invalid_bodies(&example(), &|_| None, 10, 0).is_empty());
}

#[test]
fn smallest_body_keeps_what_is_required_and_the_marks() {
    expect![[r#"{"product":"SYN-0001","quantity":"2","unit":"EA","synthetic":true,"runId":"7f3a"}"#]]
        .assert_eq(&generate::minimal(&example(), &objection, &["synthetic", "runId"]).to_string());
}

#[test]
fn declared_properties_are_told_from_unknown_ones() {
    assert!(generate::declares(&example(), "runId", &objection));
    assert!(!generate::declares(&example(), "runId", &|_| None));
}

#[test]
fn ids_are_unique_repeatable_and_taken_by_the_schema() {
    let ids = |run: &str| {
        let mut traces = Traces::new(run, "erp");
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let first = traces.id("orderId", "O-1", false, &|_| true).unwrap();
        assert_eq!(traces.id("orderId", "O-1", false, &|_| true), Some(first.clone()));
        let fresh = traces.id("orderId", "O-1", true, &|_| true).unwrap();
        let number = traces.id("number", "17", true, &digits).unwrap();
        assert_eq!(traces.id("none", "x", true, &|_| false), None);
        (first, fresh, number)
    };
    let (first, fresh, number) = ids("run-1");
    assert!(first.starts_with("SYN-") && first != fresh && number.len() > 6);
    assert_eq!(ids("run-1"), (first.clone(), fresh, number));
    assert_ne!(ids("run-2").0, first);
}
