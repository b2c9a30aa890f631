//! Telling the hub: at least once, in order, again after a restart under the same ids.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::hub::{events, listening_hub, texts};
use super::support::{Caller, id, landscape, options, start};
use crate::Ports;

fn ids(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn nothing_is_lost_while_the_hub_is_away_and_the_order_is_kept() {
    let running = start(&["commerce"]).await;
    let commerce = Caller::of(&running, "commerce");
    let mut orders = Vec::new();
    for number in 0..150 {
        let body = json!({ "lines": [{ "product": "P-100", "quantity": "1", "unit": "EA" }] });
        let answered = commerce.post("/orders", &format!("k-{number}"), &body).await;
        orders.push(format!("captured-{}", answered.body["orderId"].as_str().unwrap()));
    }
    assert_eq!(running.told().waiting, 150);
    // The hub is full, broken, misconfigured, and then takes them.
    let busy = vec![StatusCode::FORBIDDEN, StatusCode::BAD_GATEWAY, StatusCode::TOO_MANY_REQUESTS];
    let (address, heard) = listening_hub(busy).await;
    running.set_hub(format!("http://{address}").parse().unwrap());
    running.all_told().await;
    assert_eq!(ids(&events(&heard)["commerce"]), orders);
    assert_eq!((running.told().delivered, running.told().refused), (150, 0));
    running.shutdown().await;
}

#[tokio::test]
async fn only_the_guilty_one_of_a_refused_batch_is_refused() {
    let running = start(&["commerce"]).await;
    let commerce = Caller::of(&running, "commerce");
    for number in 0..3 {
        let body = json!({ "lines": [{ "product": "P-100", "quantity": "1", "unit": "EA" }] });
        commerce.post("/orders", &format!("k-{number}"), &body).await;
    }
    // Last first: the batch of three, then the first of them alone.
    let (address, heard) =
        listening_hub(vec![StatusCode::UNPROCESSABLE_ENTITY, StatusCode::UNPROCESSABLE_ENTITY]).await;
    running.set_hub(format!("http://{address}").parse().unwrap());
    running.all_told().await;
    assert_eq!(events(&heard)["commerce"].len(), 2);
    let outbox = commerce.get("/_mock/state").await.body["outbox"].clone();
    assert_eq!((outbox["refused"].clone(), outbox["refusals"][0]["status"].clone()), (json!(1), json!(422)));
    running.shutdown().await;
}

#[tokio::test]
async fn opening_balances_are_the_same_facts_in_every_life() {
    let (address, heard) = listening_hub(Vec::new()).await;
    let landscape = landscape();
    let mut options = options(&landscape);
    options.only = Some(vec![id("wms-west")]);
    options.hub = Some(format!("http://{address}").parse().unwrap());
    let running = landscape.start(options.clone()).await.unwrap();
    running.all_told().await;
    let reset = Caller::of(&running, "wms-west");
    assert_eq!(Caller::send(reset.request("POST", "/_mock/reset")).await.status, 200);
    running.all_told().await;
    options.ports = Ports::At(running.addresses.clone());
    running.shutdown().await;
    let again = landscape.start(options.clone()).await.unwrap();
    assert_eq!(Ports::At(again.addresses.clone()), options.ports);
    again.all_told().await;
    let told = events(&heard).remove("wms-west").unwrap();
    let lives: Vec<&[Value]> = told.chunks(told.len() / 3).collect();
    assert_eq!((lives.len(), lives[0], lives[1]), (3, lives[1], lives[2]));
    assert_eq!(lives[0][0]["id"], "DC-WEST-opening-P-100");
    assert_eq!(lives[0][0]["sequence"], "1");
    again.shutdown().await;
}

#[tokio::test]
async fn a_supplier_answers_in_x12() {
    let (address, heard) = listening_hub(Vec::new()).await;
    let running = start(&["supplier-acme"]).await;
    running.set_hub(format!("http://{address}").parse().unwrap());
    let supplier = Caller::of(&running, "supplier-acme");
    let order = "ISA*00*          *00*          *ZZ*CROSSDOCK      *ZZ*ACME           *261125*0930*U*00401*000000017*0*T*>~\
        GS*PO*CROSSDOCK*ACME*20261125*0930*17*X*004010~ST*850*0001~BEG*00*SA*PO-1**20261125~CUR*BY*USD~REF*ZZ*r-1~\
        N1*ST**92*DC-EAST~PO1*1*20*EA*6.50**BP*SYN-0001~CTT*1~SE*8*0001~GE*1*17~IEA*1*000000017~";
    let request = supplier.request("POST", "/edi").header("content-type", "application/edi-x12").body(order);
    let answered = Caller::send(request).await;
    assert_eq!((answered.status, answered.body), (202, json!({ "received": true, "isaControlNumber": "000000017" })));
    while texts(&heard, "application/edi-x12").len() < 4 {
        tokio::task::yield_now().await;
    }
    let sets: Vec<String> = texts(&heard, "application/edi-x12")
        .iter()
        .map(|text| {
            assert!(text.contains("*T*"), "{text}");
            text.split("ST*").nth(1).unwrap()[..3].to_owned()
        })
        .collect();
    assert_eq!(sets, ["997", "855", "856", "810"]);
    running.shutdown().await;
}

#[tokio::test]
async fn it_starts_whole_or_not_at_all() {
    let landscape = landscape();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut options = options(&landscape);
    options.ports = Ports::At([(id("erp"), taken.local_addr().unwrap())].into());
    let error = landscape.start(options.clone()).await.err().unwrap();
    assert!(error.to_string().starts_with("`erp` cannot listen on 127.0.0.1:"), "{error}");
    options.only = Some(vec![id("epr")]);
    let error = landscape.start(options.clone()).await.err().unwrap();
    assert!(error.to_string().contains("no simulated system `epr`; declared are ap, carrier-swift"), "{error}");
    options.only = Some(vec![id("ap")]);
    options.keys.remove(&id("ap"));
    let error = landscape.start(options).await.err().unwrap();
    assert!(error.to_string().contains("`ap` has no key"), "{error}");
}
