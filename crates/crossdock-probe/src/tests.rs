//! Tests: what is refused, what is charged, and whole transactions against a small shop on loopback.

mod charged;
mod refused;
mod transactions;

use std::path::Path;
use std::sync::Arc;

use crossdock_contract::Contracts;
use crossdock_diag::{Document, Limits, Syntax, render};
use crossdock_scenario::{Environment, Scenario};

fn contracts() -> Arc<Contracts> {
    let contracts = Contracts::load(Path::new("tests/data/contracts"));
    Arc::new(contracts.unwrap_or_else(|found| panic!("{}", render(found.as_slice(), false))))
}

fn document(name: &str, text: &str) -> Document {
    crossdock_diag::parse(name, &format!("crossdock: 1\n{text}"), Syntax::Yaml, &Limits::default()).unwrap()
}

fn environment(text: &str) -> Environment {
    let environment = Environment::from_document("here", &document("here.yaml", text));
    environment.unwrap_or_else(|found| panic!("{}", render(found.as_slice(), false)))
}

fn scenario(text: &str) -> Scenario {
    let document = document("flow.yaml", &format!("scenario: flow\n{text}"));
    let scenario = Scenario::from_document(&document, &contracts(), None);
    scenario.unwrap_or_else(|found| panic!("{}", render(found.as_slice(), false)))
}

const SYNTHETIC: &str = "synthetic: {reference: {field: reference, prefix: \"SYN-\"}}\n";
