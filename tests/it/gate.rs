//! What a pipeline relies on: a kept contract is 0, a broken one is 1 and says where, a system that is not there is 2.

use std::process::Command;

use serde_json::{Value, json};

use crate::running::{Running, address, start};
use crate::support::crossdock;

fn test(environment: &std::path::Path) -> (Option<i32>, Value) {
    let environment = environment.to_str().unwrap();
    let mut command = crossdock(&["contract", "test", "-e", environment, "--examples-only", "--format", "json"]);
    let output = command.env("CROSSDOCK_KEY_ERP", "key-of-erp").output().unwrap();
    let report = serde_json::from_slice(&output.stdout);
    (output.status.code(), report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr))))
}

fn erp() -> (Running, String) {
    let mut command: Command = crossdock(&["mock", "erp", "--free-ports", "--hub", "http://127.0.0.1:9"]);
    let (running, lines) = start(command.env("CROSSDOCK_KEY_ERP", "key-of-erp"), 1);
    let at = address(&lines[0]);
    (running, at)
}

#[test]
fn a_broken_contract_is_named_and_a_missing_system_is_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let (mut running, at) = erp();
    let environment = folder.path().join("here.yaml");
    let text = format!(
        "crossdock: 1\nclass: test\nsystems:\n  erp: {{url: \"http://{at}\", auth: {{bearer: {{env: CROSSDOCK_KEY_ERP}}}}}}\n"
    );
    std::fs::write(&environment, text).unwrap();

    let (code, report) = test(&environment);
    assert_eq!((code, &report["verdict"]), (Some(0), &json!("pass")), "{report:#}");

    switch(&at, "erp-renames-order-number");
    let (code, report) = test(&environment);
    assert_eq!((code, &report["verdict"]), (Some(1), &json!("fail")), "{report:#}");
    let finding = report["results"].as_array().unwrap().iter().find(|r| r["verdict"] == "fail").unwrap();
    assert_eq!(
        (&finding["system"], &finding["operation"], &finding["pointer"], &finding["rule"]),
        (&json!("erp"), &json!("createOrder"), &json!("/erpOrderNumber"), &json!("response/schema")),
        "{finding:#}"
    );
    assert!(!report.to_string().contains("key-of-erp"), "a key is in the report");

    running.kill();
    let (code, report) = test(&environment);
    assert_eq!((code, &report["verdict"]), (Some(2), &json!("error")), "{report:#}");
}

fn switch(at: &str, fault: &str) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let body = json!({ "faults": [{ "fault": fault, "on": true }] });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.put(format!("http://{at}/_mock/faults")).bearer_auth("key-of-erp").body(body.to_string());
    let answer = runtime.block_on(request.header("content-type", "application/json").send()).unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
}
