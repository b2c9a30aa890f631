//! Ledgers that earlier versions wrote fold to what they meant: `tests/data/ledgers/<version>/*.jsonl`, each with its `.state`.
//! A ledger is never written anew: what an event once said, it says for ever. A release adds a folder:
//! (`archive-form-1` holds what the first form of an archive record looks like.)
//! `LEDGERS=0.2 cargo test -p crossdock-core ledgers` keeps the ledgers of the cases named here.

use std::fmt::Write as _;

use crossdock_model::CloudEvent;
use crossdock_testkit::Case;
use serde_json::Value;

use super::world::World;
use crate::{Entry, State};

/// What a new version keeps: together they write every kind of event of the two main flows, and an archive record of each form.
const KEPT: [&str; 8] = [
    "orders/order-to-ship",
    "orders/cancel-at-two-facilities",
    "orders/split-and-backorder",
    "procurement/procure-to-receive",
    "procurement/short-receipt",
    "delivery/failing-target",
    "archive/order-leaves-and-returns",
    "archive/po-leaves-and-a-bill-comes",
];

fn fold(case: &Case) -> State {
    let mut state = State::default();
    for (number, line) in (1..).zip(case.text().lines()) {
        let json: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{}:{number}: {e}", case.name));
        let envelope = CloudEvent::from_json(json).unwrap_or_else(|e| panic!("{}:{number}: {e}", case.name));
        let entry = Entry::from_cloud_event(number, envelope);
        state.apply(&entry.unwrap_or_else(|e| panic!("{}:{number}: {e}", case.name)));
    }
    state
}

#[test]
fn ledgers_of_earlier_versions_fold() {
    for case in Case::tree("tests/data/ledgers", "jsonl") {
        case.golden("state", &summary(&fold(&case)));
    }
}

/// A line a ledger: its name and the digest of its state.
fn digests() -> String {
    let line = |case: &Case| format!("digest {} {:016x}\n", case.name, fold(case).digest());
    Case::tree("tests/data/ledgers", "jsonl").iter().map(line).collect()
}

/// What the other process runs.
#[test]
fn digests_are_said() {
    println!("{}", digests());
}

#[test]
fn a_digest_tells_states_apart() {
    let states: Vec<State> = Case::tree("tests/data/ledgers", "jsonl").iter().map(fold).collect();
    let digests: std::collections::BTreeSet<_> = states.iter().map(State::digest).collect();
    assert_eq!(digests.len(), states.len(), "no two of these ledgers mean the same");
    assert!(!digests.contains(&State::default().digest()));
}

#[test]
fn another_process_folds_the_same() {
    let program = std::env::current_exe().expect("this test");
    let other = std::process::Command::new(program)
        .args(["--exact", "tests::ledgers::digests_are_said", "--nocapture"])
        .output()
        .expect("the same test once more");
    let said = String::from_utf8_lossy(&other.stdout).into_owned();
    let said: Vec<&str> = said.lines().filter(|line| line.starts_with("digest ")).collect();
    assert_eq!(said, digests().lines().collect::<Vec<_>>());
    assert_eq!(digests(), digests(), "and so does another run");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a release asks for it")]
fn ledgers_of_this_version_are_kept_when_asked() {
    let Some(version) = std::env::var("LEDGERS").ok() else { return };
    let home = std::path::PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("tests/data/ledgers");
    std::fs::create_dir_all(home.join(&version)).unwrap();
    for case in Case::tree(super::CASES, "yaml").into_iter().filter(|case| KEPT.contains(&case.name.as_str())) {
        let document = case.document().unwrap().root.to_value();
        let mut world = World::new(document.get("policy").unwrap_or(&Value::Null));
        for step in ["given", "when"].iter().filter_map(|part| document.get(*part)?.as_array()).flatten() {
            world.step(step);
        }
        let text: String = world.ledger().map(|e| e.to_cloud_event().unwrap().to_json().to_string() + "\n").collect();
        let path = home.join(&version).join(case.name.replace('/', "-")).with_extension("jsonl");
        assert!(!path.exists(), "{} was kept before; what is written is written", path.display());
        std::fs::write(path, text).unwrap();
    }
}

/// What a person would ask of a state.
fn summary(state: &State) -> String {
    let mut text = String::new();
    let mut positions: Vec<_> = state.positions().collect();
    positions.sort_by_key(|(key, _)| *key);
    for ((product, facility), p) in positions {
        writeln!(
            text,
            "position {product} {facility} v{}: on_hand {}, quarantined {}, allocated {}, on_order {}, in_transit {}, backordered {}",
            p.version, p.on_hand, p.quarantined, p.allocated, p.on_order, p.in_transit, p.backordered
        )
        .unwrap();
    }
    let mut orders: Vec<_> = state.orders().collect();
    orders.sort_by_key(|order| &order.key);
    for order in orders {
        let erp = order.erp_order_number.as_ref().map_or("no ERP number".to_owned(), ToString::to_string);
        writeln!(text, "order {} {} ({erp}, {} shipments)", order.key, order.status().as_str(), order.shipments.len())
            .unwrap();
        for l in &order.lines {
            writeln!(
                text,
                "  line {}: ordered {}, allocated {}, shipped {}, backordered {}, cancelled {}",
                l.number,
                l.ordered,
                l.allocated_total(),
                l.shipped,
                l.backordered,
                l.cancelled
            )
            .unwrap();
        }
    }
    for po in state.purchase_orders() {
        writeln!(text, "po {} {}", po.po.po_number, po.status.as_str()).unwrap();
        for l in &po.lines {
            writeln!(
                text,
                "  line {}: on_order {}, in_transit {}, accepted {}, rejected {}, cancelled {}, matched {}",
                l.number, l.on_order, l.in_transit, l.accepted, l.rejected, l.cancelled, l.matched
            )
            .unwrap();
        }
    }
    for invoice in state.invoices() {
        writeln!(text, "invoice {} {:?}", invoice.invoice.invoice_number, invoice.result).unwrap();
    }
    for x in state.exceptions() {
        let answer = x.resolved.as_ref().map_or("open".to_owned(), |(r, _)| format!("{:?} by {}", r.resolution, r.by));
        writeln!(text, "exception {:?} {} {answer}", x.opened.kind, x.opened.about).unwrap();
    }
    for d in state.deliveries().iter() {
        let dead = if d.dead.is_some() { "dead" } else { "owed" };
        writeln!(text, "{dead} {}.{} {} after {}", d.plan.target, d.plan.operation, d.plan.key, d.attempts).unwrap();
    }
    text
}
