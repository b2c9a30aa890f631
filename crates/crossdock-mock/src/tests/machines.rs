//! Each system as data: a declaration and what happens to it, and what it said to that.
//!
//! A new case is a new `tests/data/machines/NAME.yaml`; `NAME.said` is written for you (`UPDATE_EXPECT=1`), review it as you
//! would code. Requests, answers and events are also held against the contracts, unless a step says `off_contract`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crossdock_contract::Operation;
use crossdock_diag::{Document, Node};
use crossdock_testkit::Case;
use jiff::Timestamp;
use serde_json::Value;

use super::support::contracts;
use crate::faults::Behaviour;
use crate::systems::event::durable_id;
use crate::systems::{Body, Context, Emission, Life, Request, System};
use crate::{Declaration, machine};

#[test]
fn machines_say_what_they_said() {
    for case in Case::files("tests/data/machines", "yaml") {
        let document = case.document().unwrap_or_else(|wrong| panic!("{wrong}"));
        case.golden("said", &play(&case.name, &document));
    }
}

#[test]
fn an_id_of_long_keys_stays_an_id() {
    let (one, other) = (format!("{}1", "ö".repeat(80)), format!("{}2", "ö".repeat(80)));
    let (short, long) = (durable_id("captured-SO-1"), durable_id(&one));
    assert_eq!(short, "captured-SO-1");
    assert!(long.len() <= 128 && long == durable_id(&one) && long != durable_id(&other), "{long}");
}

#[test]
fn two_lives_give_out_different_numbers_that_fit_into_x12() {
    let life = |at: &str| Life::beginning_at(at.parse().unwrap());
    let (one, next) = (life("2026-11-25T09:30:00.001Z"), life("2026-11-25T09:30:00.002Z"));
    assert_ne!(one.tag, next.tag);
    assert_ne!(one.control_start, next.control_start);
    for late in [one, life("2026-01-01T00:00:00Z"), life("2099-12-31T23:59:59Z")] {
        assert!((1..=900_000_000).contains(&late.control_start), "{late:?}");
        assert!(format!("PO-{}-000001", late.tag).len() <= 22, "{late:?}");
    }
}

fn play(case: &str, document: &Document) -> String {
    let system = document.root.get("system").unwrap_or_else(|| panic!("{case}: no system"));
    let declared = Document { file: document.file.clone(), root: system.clone() };
    let declaration = Declaration::read(&declared).unwrap_or_else(|wrong| panic!("{wrong}"));
    let mut machine = machine(&declaration, Life { tag: "T1".into(), control_start: 7 });
    let start: Timestamp = "2026-11-25T09:30:00Z".parse().unwrap();
    let mut said = String::new();
    machine.open(start);
    for step in document.root.get("steps").and_then(Node::as_seq).unwrap_or_default() {
        let at = step.get("at").and_then(Node::as_str).unwrap_or("0");
        let milliseconds: u64 = at.trim_end_matches("ms").parse().unwrap();
        let now = start.checked_add(Duration::from_millis(milliseconds)).unwrap();
        // Whatever was due in between happens at its own time.
        while let Some(due) = machine.next_due().filter(|due| *due < now) {
            tell(&mut said, &declaration.system, machine.advance(due));
        }
        if let Some(product) = step.get("short").and_then(Node::as_str) {
            let by = crate::declaration::Amount::try_from("3".to_owned()).unwrap();
            machine.switch(&Behaviour::ShortReceipt { product: product.to_owned(), by }, true);
            writeln!(said, "{at} fault: {product} arrives 3 short").unwrap();
        } else if step.get("call").is_some() {
            call(&mut said, &declaration.system, &mut *machine, step, at, now);
        }
        tell(&mut said, &declaration.system, machine.advance(now));
    }
    if document.root.get("state").is_some() {
        writeln!(said, "state {:#}", machine.state()).unwrap();
    }
    said
}

fn call(said: &mut String, system: &str, machine: &mut dyn System, step: &Node, at: &str, now: Timestamp) {
    let texts = |key: &str| -> BTreeMap<String, String> {
        let entries = step.get(key).and_then(Node::as_map).unwrap_or_default();
        entries.iter().map(|(name, value)| (name.text.clone(), value.as_str().unwrap().to_owned())).collect()
    };
    let marks = texts("marks");
    let request = Request {
        operation: step.get("call").and_then(Node::as_str).unwrap().to_owned(),
        path: texts("path"),
        query: texts("query"),
        context: Context {
            correlation_id: marks.get("correlation").cloned(),
            synthetic: marks.contains_key("run"),
            run_id: marks.get("run").cloned(),
        },
        body: match (step.get("body"), step.get("x12").and_then(Node::as_str)) {
            (Some(body), _) => Body::Json(body.to_value()),
            (None, Some(text)) => Body::Bytes(text.as_bytes().to_vec()),
            (None, None) => Body::None,
        },
    };
    let contracts = contracts();
    let operation = contracts.operation(system, &request.operation).unwrap();
    if step.get("off_contract").is_none() {
        check_request(operation, &request);
    }
    let answer = machine.handle(&request, now);
    let media_type = if answer.is_problem() { "application/problem+json" } else { "application/json" };
    let wrong = operation.check_response(answer.status, media_type, &answer.body);
    assert!(
        wrong.is_empty(),
        "{} answers {} off its contract: {wrong:?}\n{}",
        request.operation,
        answer.status,
        answer.body
    );
    writeln!(said, "{at} {} -> {} {}", request.operation, answer.status, answer.body).unwrap();
}

fn check_request(operation: &Operation, request: &Request) {
    let wrong = match &request.body {
        Body::None => operation.check_request("", &Value::Null),
        Body::Json(value) => operation.check_request("application/json", value),
        Body::Bytes(_) => Vec::new(),
    };
    assert!(wrong.is_empty(), "this is no request by its contract: {wrong:?}");
}

fn tell(said: &mut String, system: &str, emissions: Vec<Emission>) {
    for emission in emissions {
        match emission {
            Emission::Event(event) => {
                let contract = contracts();
                let contract = contract.event(event["type"].as_str().unwrap()).unwrap();
                let wrong = contract.check(&event);
                assert!(wrong.is_empty(), "{system} tells {event} off its contract: {wrong:?}");
                writeln!(said, "  tells {event}").unwrap();
            }
            Emission::Interchange(bytes) => {
                let text = String::from_utf8(bytes).unwrap();
                writeln!(said, "  sends\n    {}", text.replace('\n', "").trim_end().replace('~', "~\n    ").trim_end())
                    .unwrap();
            }
        }
    }
}
