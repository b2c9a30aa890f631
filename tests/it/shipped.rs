//! The shop window: the files that people copy and edit hold by themselves.

use std::path::Path;
use std::sync::Arc;

use crossdock_contract::Contracts;
use crossdock_diag::Diagnostics;
use crossdock_scenario::{Environment, Scenario};

use crate::support::{files, root};

fn shown(problems: &Diagnostics) -> String {
    crossdock_diag::render(problems.as_slice(), false)
}

/// Contracts lint without a finding, mocks and scenarios load against them.
fn holds(folder: &Path) {
    let findings = crossdock_contract::lint(&folder.join("contracts"));
    assert!(findings.is_empty(), "{}", shown(&findings));
    let contracts = Arc::new(Contracts::load(&folder.join("contracts")).unwrap_or_else(|p| panic!("{}", shown(&p))));
    crossdock_mock::Landscape::load(&folder.join("mocks"), Arc::clone(&contracts))
        .unwrap_or_else(|p| panic!("{}", shown(&p)));
    let environment = folder.join("scenarios/environments/local.yaml");
    let environment = Environment::load(&environment).unwrap_or_else(|p| panic!("{}", shown(&p)));
    let scenarios = files(&folder.join("scenarios"));
    let scenarios = scenarios.iter().filter(|path| {
        path.extension().is_some_and(|e| e == "yaml") && path.parent().is_some_and(|p| p.ends_with("scenarios"))
    });
    let mut count = 0;
    for path in scenarios {
        Scenario::load(path, &contracts, Some(&environment)).unwrap_or_else(|p| panic!("{}", shown(&p)));
        count += 1;
    }
    assert!(count > 0, "no scenario in {}", folder.display());
}

#[test]
fn the_repository_holds() {
    holds(root());
}

#[test]
fn the_starter_set_holds() {
    holds(&root().join("starter"));
}

#[test]
fn every_example_of_an_event_is_read_by_the_model() {
    let contracts = Contracts::load(&root().join("contracts")).unwrap();
    for (event_type, contract) in contracts.events() {
        for example in &contract.examples {
            let envelope = crossdock_model::CloudEvent::from_json(example.value.clone()).unwrap();
            let event = crossdock_model::Event::from_data(event_type, envelope.data);
            assert!(event.is_ok(), "{event_type}: {event:?}\n{:#}", example.value);
        }
    }
}

#[test]
fn every_event_of_the_model_has_a_contract() {
    let contracts = Contracts::load(&root().join("contracts")).unwrap();
    let types = crossdock_model::Fact::TYPES.iter().chain(crossdock_model::HubEvent::TYPES);
    let without: Vec<_> = types.filter(|event_type| contracts.event(event_type).is_none()).collect();
    assert!(without.is_empty(), "no contract: {without:?}");
}
