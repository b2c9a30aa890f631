//! X12 both ways: facts out of an interchange, equal bytes for equal plans.

use crossdock_edi::documents::{Envelope, Invoice810, PoAck855, ShipNotice856};
use crossdock_edi::{AckNumbers, Party, Strictness};
use crossdock_model::{EdiControl, SystemId, Timestamp};
use serde_json::json;

use crate::inbound::{Inbound, translate};
use crate::outbound::{Frame, RenderError, acknowledge_later, render};

fn acme() -> SystemId {
    "supplier-acme".parse().unwrap()
}

fn at() -> Timestamp {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

fn from_acme() -> Envelope {
    Envelope::new(Party::new("ZZ", "ACME"), Party::new("ZZ", "CROSSDOCK"), 801, at())
}

fn read(bytes: &[u8]) -> Inbound {
    translate(bytes, &acme(), &[], &Strictness::tolerant(), &AckNumbers { interchange_control: 1, at: at() })
}

fn frame(set: &str, run: Option<&str>) -> Frame {
    Frame {
        sender: Party::new("ZZ", "CROSSDOCK"),
        receiver: Party::new("ZZ", "ACME"),
        partner: acme(),
        control: EdiControl { set: set.to_owned(), interchange: 17, group: 17 },
        at: at(),
        test: run.is_some(),
        run_id: run.map(|run| run.to_owned().try_into().unwrap()),
    }
}

fn po_ack() -> Vec<u8> {
    let ack = serde_json::from_value(json!({
        "poNumber": "PO-1", "acknowledgedAt": "2026-03-02T09:00:00Z",
        "lines": [{"lineNumber": 1, "product": "P-100", "status": "accepted", "quantity": "20", "unit": "EA"}],
    }));
    PoAck855::new(ack.unwrap(), Some("run-1".to_owned().try_into().unwrap())).write(&from_acme().test(true)).unwrap()
}

#[test]
fn an_855_becomes_a_fact_and_a_997() {
    let inbound = read(&po_ack());
    assert_eq!(inbound.refusals, []);
    assert_eq!(inbound.sets.len(), 1);
    assert_eq!(inbound.sets[0].id, "x12-000000801-801-0001");
    let events = inbound.sets[0].facts.as_ref().unwrap();
    let event = &events[0];
    assert_eq!(
        (event.event_type.as_str(), event.source.as_str()),
        ("purchase_order.acknowledged.v1", "/supplier-acme")
    );
    assert_eq!(
        (event.subject.as_deref(), event.synthetic, event.run_id.as_deref()),
        (Some("PO-1"), true, Some("run-1"))
    );
    assert_eq!(event.time.unwrap().to_string(), "2026-03-02T09:00:00Z");
    assert_eq!(event.data["lines"][0]["quantity"], "20");
    assert!(inbound.acknowledgement.contains("AK1*PR*801~"), "{}", inbound.acknowledgement);
}

#[test]
fn a_set_that_nobody_may_send_to_us_is_refused_in_the_acknowledgement_too() {
    let order = std::fs::read("../crossdock-edi/tests/data/guides/purchase-order.edi").unwrap();
    let inbound = read(&order);
    let errors = inbound.sets[0].facts.as_ref().unwrap_err();
    assert_eq!(errors[0].message, "a set 850 is nothing that supplier-acme may send here");
    assert!(inbound.acknowledgement.contains("AK5*R*1~AK9*R*1*1*0~"), "{}", inbound.acknowledgement);
}

#[test]
fn an_856_becomes_a_notice_and_an_810_an_invoice_of_its_sender() {
    let notice = serde_json::from_value(json!({
        "asnNumber": "ASN-1", "purpose": "original", "poNumber": "PO-1", "shippedAt": "2026-03-02T09:00:00Z",
        "lines": [{"lineNumber": 1, "product": "P-100", "quantity": "20", "unit": "EA"}],
    }));
    let inbound = read(&ShipNotice856::new(notice.unwrap(), None).write(&from_acme()).unwrap());
    let event = &inbound.sets[0].facts.as_ref().unwrap()[0];
    assert_eq!((event.event_type.as_str(), event.synthetic), ("shipment.notified.v1", false));
    assert_eq!(event.subject.as_deref(), Some("ASN-1"));

    let invoice = serde_json::from_value(json!({
        "invoiceNumber": "INV-1", "poNumber": "PO-1", "supplier": "supplier-other", "invoicedAt": "2026-03-02T09:00:00Z",
        "currency": "USD", "total": "130.00",
        "lines": [{"lineNumber": 1, "product": "P-100", "quantity": "20", "unit": "EA", "unitPrice": "6.50", "lineTotal": "130.00"}],
    }));
    let inbound = read(&Invoice810 { invoice: invoice.unwrap() }.write(&from_acme()).unwrap());
    let event = &inbound.sets[0].facts.as_ref().unwrap()[0];
    // Who sent it is known from the key, not from the document.
    assert_eq!((&event.data["supplier"], &event.data["total"]), (&json!("supplier-acme"), &json!("130.00")));
}

#[test]
fn what_is_cut_off_is_refused_with_its_place() {
    let bytes = po_ack();
    for end in [1, 50, 106, bytes.len() / 2, bytes.len() - 10] {
        let inbound = read(&bytes[..end]);
        let refused: usize = inbound.sets.iter().filter(|set| set.facts.is_err()).count();
        assert_eq!(refused, inbound.sets.len(), "cut at {end}: nothing of it is taken");
        assert!(!inbound.refusals.is_empty(), "cut at {end}");
    }
}

#[test]
fn an_850_is_the_same_for_every_attempt() {
    let body = json!({
        "poNumber": "PO-1", "recommendationId": "R-1", "supplier": "supplier-acme", "facility": "DC-EAST", "currency": "USD",
        "lines": [{"lineNumber": 1, "product": "SYN-0001", "quantity": "20", "unit": "EA", "unitPrice": "6.50"}],
        "total": "130.00", "synthetic": true, "runId": "run-1",
    });
    let write = || render(&body, &frame("850", Some("run-1")), &[], &Strictness::tolerant()).unwrap();
    let text = String::from_utf8(write()).unwrap();
    assert_eq!(write(), text.as_bytes());
    for part in ["*000000017*0*T*", "BEG*00*SA*PO-1*", "REF*ZZ*run-1~", "PO1*1*20*EA*6.50**BP*SYN-0001~"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn an_acknowledgement_is_made_again_from_what_came_in() {
    let body = acknowledge_later(&po_ack());
    let bytes = render(&body, &frame("997", None), &[], &Strictness::tolerant()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("*000000017*0*T*") && text.contains("AK1*PR*801~"), "{text}");
}

#[test]
fn what_cannot_be_written_says_why() {
    let strict = Strictness::tolerant();
    let body = render(&json!({"poNumber": "PO-1"}), &frame("850", None), &[], &strict).unwrap_err();
    assert!(matches!(body, RenderError::Body { what: "purchase order", .. }), "{body}");
    let body = render(&json!({}), &frame("997", None), &[], &strict).unwrap_err();
    assert_eq!(body.to_string(), "the body is no received interchange: `interchange` is missing");
    let set = render(&json!({}), &frame("940", None), &[], &strict).unwrap_err();
    assert_eq!(set.to_string(), "there is no way to write a set 940");
}
