//! What a `kill -9` may not do: 200 orders, each sent twice in random order by a client that retries, the hub killed five
//! times meanwhile. Each is in the hub once and in the ERP once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::running::{Running, address, start};
use crate::support::{alone, crossdock};

const ORDERS: usize = 200;
const KILLS: usize = 5;
const SENDERS: usize = 4;

fn keys(command: &mut Command) -> &mut Command {
    let holders =
        ["operator", "commerce", "erp", "wms-east", "wms-west", "procurement", "supplier-acme", "carrier-swift", "ap"];
    for holder in holders {
        command.env(format!("CROSSDOCK_KEY_{}", holder.to_uppercase().replace('-', "_")), format!("key-of-{holder}"));
    }
    command
}

fn hub(config: &Path) -> (Running, String) {
    let mut command = crossdock(&["serve", "--until-stdin-closes", "--config", config.to_str().unwrap()]);
    let (running, lines) = start(keys(&mut command), 1);
    let at = address(&lines[0]);
    (running, at)
}

/// A free port that is likely to stay free for as long as this test needs it.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Numbers in a fixed order that looks random.
fn shuffled(mut list: Vec<usize>) -> Vec<usize> {
    let mut state = 0x9e37_79b9_u64;
    for i in (1..list.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        list.swap(i, (state >> 33) as usize % (i + 1));
    }
    list
}

#[test]
fn two_hundred_orders_sent_twice_survive_five_kills() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut mocks = crossdock(&["mock", "--free-ports", "--hub", &format!("http://127.0.0.1:{port}")]);
    let (_mocks, lines) = start(keys(&mut mocks), 8);
    let systems: BTreeMap<String, String> =
        lines.iter().map(|line| (line.split_whitespace().next().unwrap().to_owned(), address(line))).collect();
    let config = folder.path().join("crossdock.toml");
    std::fs::write(&config, configuration(port, &systems)).unwrap();

    let (mut running, at) = hub(&config);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let client = Arc::new(Client::new(&at, &systems["erp"]));
    runtime.block_on(client.stock_is_known());
    let sends = shuffled((0..ORDERS).chain(0..ORDERS).collect());
    let senders: Vec<_> = sends
        .chunks(sends.len() / SENDERS)
        .map(|orders| {
            let (client, mine) = (Arc::clone(&client), orders.to_vec());
            runtime.spawn(async move { client.send(&mine).await })
        })
        .collect();
    for kill in 1..=KILLS {
        // In the middle of whatever it does: requests, appends, deliveries.
        while client.sent.load(Ordering::Relaxed) < kill * sends.len() / (KILLS + 1) {
            std::thread::sleep(Duration::from_millis(1));
        }
        running.kill();
        (running, _) = self::hub(&config);
    }
    for sender in senders {
        runtime.block_on(sender).unwrap();
    }
    let (hub, erp) = runtime.block_on(client.settled());
    assert_eq!(hub.len(), ORDERS, "orders in the hub");
    assert_eq!(erp.len(), ORDERS, "orders in the ERP");
    assert_eq!(erp.iter().collect::<BTreeSet<_>>().len(), ORDERS, "none twice");
    drop(running);
}

struct Client {
    http: reqwest::Client,
    sent: AtomicUsize,
    hub: String,
    erp: String,
}

impl Client {
    fn new(hub: &str, erp: &str) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
        Self { http, sent: AtomicUsize::new(0), hub: hub.to_owned(), erp: erp.to_owned() }
    }

    async fn get(&self, url: String, key: &str) -> Value {
        let answer = self.http.get(url).bearer_auth(key).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    async fn stock_is_known(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let url = format!("http://{}/process/v1/positions?product=BENCH-0003&facility=DC-EAST", self.hub);
            let positions = self.get(url, "key-of-operator").await;
            if positions["positions"].as_array().is_some_and(|list| !list.is_empty()) {
                return;
            }
            assert!(Instant::now() < deadline, "the opening balances never came");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends each until the hub says that it is accepted or known: at least once, as every sender does.
    async fn send(&self, orders: &[usize]) {
        for n in orders {
            let event = order(*n).to_string();
            while let Err(why) = self.post(event.clone()).await {
                // No answer, or a hub that is just stopping: send it again. A refusal would be a defect.
                assert!(why.is_none(), "{why:?}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            self.sent.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// `Err(None)`: try again; `Err(Some(_))`: the hub refused.
    async fn post(&self, event: String) -> Result<(), Option<String>> {
        let request =
            self.http.post(format!("http://{}/system/v1/commerce/events", self.hub)).bearer_auth("key-of-commerce");
        let request = request.header("content-type", "application/cloudevents+json").body(event);
        let answer = request.send().await.map_err(|_| None)?;
        let status = answer.status();
        let text = answer.text().await.map_err(|_| None)?;
        match status.as_u16() {
            202 if text.contains("accepted") || text.contains("duplicate") => Ok(()),
            429 | 503 => Err(None),
            _ => Err(Some(format!("{status} {text}"))),
        }
    }

    /// Waits until the hub owes the ERP nothing more; then what each of them has.
    async fn settled(&self) -> (Vec<String>, Vec<String>) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let hub = self.get(format!("http://{}/process/v1/orders", self.hub), "key-of-operator").await;
            let orders = hub["orders"].as_array().unwrap();
            let erp = self.get(format!("http://{}/_mock/state", self.erp), "key-of-erp").await;
            let in_erp = values(&erp["orders"]);
            let ids = |list: &[Value]| -> Vec<String> {
                list.iter().map(|order| order["orderId"].as_str().unwrap().to_owned()).collect()
            };
            let closed = orders.iter().filter(|order| order["status"] == "closed").count();
            if closed >= ORDERS || Instant::now() > deadline {
                return (ids(orders), ids(&in_erp));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

fn values(list: &Value) -> Vec<Value> {
    match list {
        Value::Array(list) => list.clone(),
        Value::Object(map) => map.values().cloned().collect(),
        _ => Vec::new(),
    }
}

fn order(n: usize) -> Value {
    json!({
        "specversion": "1.0", "id": format!("captured-{n}"), "source": "/commerce", "type": "order.captured.v1",
        "subject": format!("K-{n}"), "time": "2026-03-01T10:00:00Z", "datacontenttype": "application/json",
        "data": {
            "orderId": format!("K-{n}"), "channel": "commerce", "customerId": "C-2001", "currency": "USD",
            "orderedAt": "2026-03-01T10:00:00Z",
            "shipTo": {"name": "A", "street": "1 Street", "city": "B", "postalCode": "10000", "country": "US"},
            "lines": [{"lineNumber": 1, "product": "BENCH-0003", "quantity": "1", "unit": "EA", "unitPrice": "403.00", "lineTotal": "403.00"}],
            "total": "403.00",
        },
    })
}

/// The channel is this test: nothing is delivered to it, so it has no URL.
fn configuration(port: u16, systems: &BTreeMap<String, String>) -> String {
    let mut text = format!(
        "listen = \"127.0.0.1:{port}\"\n[ledger]\npath = \"crossdock.db\"\n[operator]\nkey.env = \"CROSSDOCK_KEY_OPERATOR\"\n\
         [delivery]\nretry_base_ms = 50\nretry_cap_ms = 500\nbreaker_base_ms = 100\nbreaker_cap_ms = 300\n"
    );
    for (system, address) in systems {
        let variable = format!("CROSSDOCK_KEY_{}", system.to_uppercase().replace('-', "_"));
        text += &format!("[systems.{system}]\nkey.env = \"{variable}\"\n");
        if system != "commerce" {
            text += &format!("url = \"http://{address}\"\n");
        }
        match system.as_str() {
            "wms-east" => text.push_str("contract = \"wms\"\nfacility = \"DC-EAST\"\n"),
            "wms-west" => text.push_str("contract = \"wms\"\nfacility = \"DC-WEST\"\n"),
            "supplier-acme" => text.push_str("x12 = { qualifier = \"ZZ\", id = \"ACME\" }\n"),
            _ => {}
        }
    }
    text
}
