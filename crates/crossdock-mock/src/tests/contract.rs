//! Each system answers by its contract: every example of every operation, over the wire, whatever comes of it.

use std::collections::BTreeMap;

use crossdock_contract::Operation;
use crossdock_contract::api::Location;
use serde_json::{Value, json};

use super::support::{Caller, contracts, landscape, options, root, start};

#[tokio::test]
async fn every_example_is_answered_by_contract() {
    let landscape = landscape();
    let running = landscape.start(options(&landscape)).await.unwrap();
    let contracts = contracts();
    let mut answered = 0;
    for system in running.addresses.keys() {
        let caller = Caller::of(&running, system.as_str());
        for operation in contracts.apis_of(system.as_str()).flat_map(|api| &api.operations) {
            let mut requests: Vec<(Option<(&str, &Value)>, String)> = operation
                .example_requests()
                .into_iter()
                .map(|(media_type, example)| (Some((media_type, &example.value)), example.name.clone()))
                .collect();
            if operation.request.as_ref().is_none_or(|body| !body.required) {
                requests.push((None, "no body".to_owned()));
            }
            for (body, name) in requests {
                let case = format!("{system} {} ({name})", operation.id);
                let (status, media_type, got) = ask(&caller, operation, body, &case).await;
                let wrong = operation.check_response(status, &media_type, &got);
                assert!(wrong.is_empty(), "{case}: {status} {got}\n{wrong:?}");
                assert!(status < 500, "{case}: {status} {got}");
                answered += u32::from(status < 300);
            }
        }
    }
    // Most look-ups find nothing in a fresh world; the creates and lists must all have worked.
    assert!(answered >= 40, "only {answered} examples had a success");
    running.shutdown().await;
}

async fn ask(caller: &Caller, operation: &Operation, body: Option<(&str, &Value)>, case: &str) -> (u16, String, Value) {
    let example = |location: Location, name: &str| {
        let value = operation.parameter(location, name).and_then(|parameter| parameter.example.clone());
        value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let values: BTreeMap<String, String> = operation
        .path_parameters()
        .map(|name| {
            (name.to_owned(), example(Location::Path, name).unwrap_or_else(|| panic!("{case}: no example of {name}")))
        })
        .collect();
    let mut request = caller.request(&operation.method, &operation.url_path(&values).unwrap());
    for parameter in operation.parameters.iter().filter(|parameter| parameter.location == Location::Query) {
        if let Some(value) = example(Location::Query, &parameter.name) {
            request = request.query(&[(parameter.name.as_str(), value)]);
        }
    }
    if operation.idempotent {
        request = request.header("idempotency-key", case);
    }
    if let Some((media_type, value)) = body {
        let text = match value {
            Value::String(text) if media_type != "application/json" => text.clone(),
            value => value.to_string(),
        };
        request = request.header("content-type", media_type).body(text);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let media_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    (status, media_type, response.json().await.unwrap())
}

#[tokio::test]
async fn the_channel_knows_every_status_of_its_contract() {
    let running = start(&["commerce"]).await;
    let commerce = Caller::of(&running, "commerce");
    let update = std::fs::read(root().join("contracts/objects/order-status-update.json")).unwrap();
    let update: Value = serde_json::from_slice(&update).unwrap();
    let body = json!({ "customerId": "C-2001", "lines": [{ "product": "P-100", "quantity": "1", "unit": "EA" }] });
    for status in update["properties"]["status"]["enum"].as_array().unwrap() {
        let order = commerce.post("/orders", &format!("capture {status}"), &body).await;
        let path = format!("/orders/{}/status", order.body["orderId"].as_str().unwrap());
        let answered = commerce.put(&path, &json!({ "status": status })).await;
        assert_eq!((answered.status, &answered.body["status"]), (200, status), "{}", answered.body);
    }
    running.shutdown().await;
}
