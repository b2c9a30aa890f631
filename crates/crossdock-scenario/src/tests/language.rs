//! What a person sees when a file is wrong. A new case is a new file under `tests/data/bad`.

use std::path::Path;

use crossdock_contract::Contracts;
use crossdock_diag::{Diagnostics, render};
use crossdock_testkit::Case;

use crate::{Environment, Scenario, ScenarioFile};

#[test]
fn every_mistake_of_a_scenario_is_told_at_its_place() {
    let contracts = contracts();
    let environment = environment();
    for case in Case::files("tests/data/bad", "yaml") {
        let result =
            case.document().and_then(|document| Scenario::from_document(&document, &contracts, Some(&environment)));
        case.golden("txt", &told(result));
    }
}

#[test]
fn every_mistake_of_an_environment_is_told_at_its_place() {
    for case in Case::files("tests/data/bad-environments", "yaml") {
        let result = case.document().and_then(|document| Environment::from_document(&case.name, &document));
        case.golden("txt", &told(result));
    }
}

#[test]
fn without_an_environment_the_contracts_are_enough() {
    let text =
        "crossdock: 1\nscenario: s\nsteps:\n  - {call: a, system: shop, operation: getOrder, path: {orderId: x}}\n";
    let document = document(text);
    let scenario = Scenario::from_document(&document, &contracts(), None).unwrap();
    assert_eq!(scenario.systems().into_iter().collect::<Vec<_>>(), ["shop"]);
}

#[test]
fn the_editor_schema_names_every_step() {
    let schema = serde_json::to_string(&schemars::schema_for!(ScenarioFile)).unwrap();
    for word in
        ["arm", "call", "await", "poll", "pause", "repeat", "parallel", "expect", "capture", "cleanup", "load", "probe"]
    {
        assert!(schema.contains(&format!("\"{word}\"")), "{word}");
    }
}

fn told<T>(result: Result<T, Diagnostics>) -> String {
    result.map_or_else(|found| render(found.as_slice(), false), |_| "nothing is wrong\n".to_owned())
}

pub(super) fn contracts() -> Contracts {
    Contracts::load(Path::new("tests/data/contracts"))
        .unwrap_or_else(|found| panic!("{}", render(found.as_slice(), false)))
}

pub(super) fn environment() -> Environment {
    Environment::load(Path::new("tests/data/environment.yaml"))
        .unwrap_or_else(|found| panic!("{}", render(found.as_slice(), false)))
}

pub(super) fn document(text: &str) -> crossdock_diag::Document {
    crossdock_diag::parse("test.yaml", text, crossdock_diag::Syntax::Yaml, &crossdock_diag::Limits::default()).unwrap()
}
