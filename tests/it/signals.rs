//! The same figures live, in a bench and in a probe: each asks the hub's own core, of its own part of the ledger.

use serde_json::{Value, json};

use crate::running::{Running, address, start};
use crate::support::{alone, crossdock};

/// An order that waits, because nothing is in stock; a hub without other systems is enough for it.
const SCENARIO: &str = r#"crossdock: 1
scenario: order-waits
synthetic: {reference: {field: customerReference, prefix: "SYN-"}}
steps:
  - call: submit
    system: hub
    operation: submitEvents
    path: {system: commerce}
    body:
      specversion: "1.0"
      id: "${.run.id}"
      source: /commerce
      type: order.captured.v1
      time: "2026-11-25T09:30:00Z"
      subject: "${.run.id}"
      correlationid: "${.run.correlation_id}"
      datacontenttype: application/json
      data:
        orderId: "${.run.id}"
        channel: commerce
        customerReference: "${.run.reference}"
        customerId: SYN-1
        currency: USD
        orderedAt: "2026-11-25T09:30:00Z"
        requestedDate: "2026-12-01"
        shipTo: {name: Ada Lovelace, street: 12 Analytical Way, city: Columbus, region: OH, postalCode: "43004", country: US}
        lines: [{lineNumber: 1, product: SYN-0001, quantity: "1", unit: EA, unitPrice: "403.00", lineTotal: "403.00"}]
        total: "403.00"
    expect:
      - .status == 202
  - poll: waits
    system: hub
    operation: getOrder
    path: {orderId: "${.run.id}"}
    until: .status == 200 and .body.status == "backordered"
    within: 10s
  - expect: {sla: order-allocation, from: submit.intended, to: waits.done}
load: {arrivals: {rate: 5/s, ramp: 1s, hold: 2s}, in_flight_max: 50}
"#;

struct World {
    _hub: Running,
    at: String,
    folder: tempfile::TempDir,
}

fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("crossdock.toml");
    std::fs::write(
        &config,
        "listen = \"127.0.0.1:0\"\n[ledger]\npath = \":memory:\"\n[operator]\n[systems.commerce]\n[systems.erp]\n[systems.procurement]\n[systems.ap]\n",
    )
    .unwrap();
    let mut serve = crossdock(&["serve", "--until-stdin-closes", "--config", config.to_str().unwrap()]);
    let (hub, lines) = start(&mut serve, 1);
    let at = address(&lines[0]);
    let environment = format!("crossdock: 1\nclass: test\nsystems:\n  hub: {{url: \"http://{at}\"}}\n");
    std::fs::write(folder.path().join("here.yaml"), environment).unwrap();
    std::fs::write(folder.path().join("waits.yaml"), SCENARIO).unwrap();
    World { _hub: hub, at, folder }
}

impl World {
    fn report(&self, words: &[&str]) -> Value {
        let (scenario, environment) = (self.folder.path().join("waits.yaml"), self.folder.path().join("here.yaml"));
        let mut command = crossdock(words);
        command.arg(scenario).arg("-e").arg(environment).args(["--format", "json"]);
        let output = command.output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// What the hub shows by itself.
    fn live(&self) -> Value {
        drop(rustls::crypto::ring::default_provider().install_default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}/process/v1/signals?synthetic=true&windowMs=86400000", self.at);
        runtime.block_on(async {
            serde_json::from_str(&client.get(url).send().await.unwrap().text().await.unwrap()).unwrap()
        })
    }
}

/// All but when it was asked.
fn figures(sheet: &Value) -> Value {
    let mut sheet = sheet.clone();
    for changing in ["asOf", "head"] {
        assert!(sheet.as_object_mut().unwrap().remove(changing).is_some(), "{sheet:#}");
    }
    sheet.as_object_mut().unwrap().remove("fromRecord");
    sheet
}

fn allocations(sheet: &Value) -> (Value, Value) {
    let level = sheet["slas"].as_array().unwrap().iter().find(|one| one["id"] == "order-allocation").unwrap();
    (level["verdict"].clone(), level["count"].clone())
}

#[test]
fn a_probe_and_a_bench_report_the_figures_that_the_hub_shows() {
    let _alone = alone();
    let probed = world();
    let report = probed.report(&["probe", "once"]);
    assert_eq!(report["verdict"], "pass", "{report:#}");
    let live = probed.live();
    // By its source time the order is days old: what the probe saw was fast, what the business saw was not.
    assert_eq!(allocations(&live), (json!("missed"), json!(1)), "{live:#}");
    assert_eq!(figures(&report["signals"]), figures(&live));

    let driven = world();
    let report = driven.report(&["bench", "run"]);
    let live = driven.live();
    let (verdict, count) = allocations(&live);
    assert!(verdict == "missed" && count.as_u64().unwrap() > 5, "{live:#}");
    assert_eq!(figures(&report["signals"]), figures(&live));
    let row = report["results"].as_array().unwrap().iter().find(|one| one["rule"] == "signal/order-allocation");
    assert_eq!(row.unwrap()["verdict"], "fail", "{report:#}");
    assert_eq!(report["verdict"], "fail", "{report:#}");
}
