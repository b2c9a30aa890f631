//! What holds for every value of the model.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Amount, Balance, CloudEvent, Event, Meta, OrderId, Quantity};

#[expect(clippy::needless_pass_by_value, reason = "expect![] at the place of use")]
fn check<T, E>(text: &str, expected: Expect)
where
    T: std::str::FromStr<Err = E> + std::fmt::Display,
    E: std::fmt::Display,
{
    let shown = match text.parse::<T>() {
        Ok(value) => value.to_string(),
        Err(error) => format!("error: {error}"),
    };
    expected.assert_eq(&shown);
}

#[test]
fn quantities_are_exact_and_never_negative() {
    check::<Quantity, _>("2", expect!["2"]);
    check::<Quantity, _>("2.50", expect!["2.5"]);
    check::<Quantity, _>("-0", expect!["0"]);
    check::<Quantity, _>(
        "-1",
        expect!["error: -1 is negative; a quantity says how much, the kind of movement says which way"],
    );
    check::<Quantity, _>("0.0000001", expect!["error: 0.0000001 has more than 6 digits after the point"]);
    check::<Quantity, _>("1000000000000", expect!["error: 1000000000000 is not below 1000000000000"]);
    check::<Quantity, _>("1e3", expect!["error: `1e3` is not a decimal number"]);
    check::<Quantity, _>("", expect!["error: `` is not a decimal number"]);
    check::<Balance, _>("-13.000", expect!["-13"]);
}

#[test]
fn money_keeps_its_scale() {
    check::<Amount, _>("403.00", expect!["403.00"]);
    check::<Amount, _>("-0.10", expect!["-0.10"]);
    check::<Amount, _>("4,03", expect!["error: `4,03` is not an amount of money"]);
}

#[test]
fn ids_are_printable_text() {
    check::<OrderId, _>("820982911946154508", expect!["820982911946154508"]);
    check::<OrderId, _>("", expect!["error: the order id is empty"]);
    check::<OrderId, _>(" 1", expect![[r#"error: the order id has a control character or a space at an end: " 1""#]]);
    check::<OrderId, _>(
        "a\u{0}b",
        expect![[r#"error: the order id has a control character or a space at an end: "a\0b""#]],
    );
}

#[test]
fn an_envelope_comes_back_as_it_was() {
    let envelope = json!({
        "specversion": "1.0", "id": "e-1", "source": "/commerce", "type": "order.cancel_requested.v1",
        "subject": "820982911946154508", "time": "2026-03-01T10:00:00Z", "correlationid": "c-1", "runid": "r-1",
        "synthetic": true, "traceparent": "00-1", "datacontenttype": "application/json",
        "data": {"orderId": "820982911946154508", "price": serde_json::from_str::<Value>("403.00").unwrap()},
    });
    let event = CloudEvent::from_json(envelope.clone()).unwrap();
    assert_eq!(event.extensions.get("traceparent"), Some(&json!("00-1")));
    assert_eq!(event.to_json(), envelope);
    assert!(event.to_json().to_string().contains("403.00"), "the scale of a foreign number stays");
}

#[test]
fn a_bad_envelope_names_its_attribute() {
    let check = |value: Value, expected: Expect| {
        let error = CloudEvent::from_json(value).unwrap_err();
        expected.assert_eq(&format!("{} {error}", error.pointer()));
    };
    check(json!([]), expect![" a CloudEvent is a JSON object"]);
    check(json!({"id": "1"}), expect!["/specversion the attribute `specversion` is missing"]);
    check(json!({"specversion": "0.3"}), expect![[r#"/specversion the attribute `specversion` is "0.3", not "1.0""#]]);
    check(
        json!({"specversion": "1.0", "id": 7, "source": "/a", "type": "t"}),
        expect!["/id the attribute `id` is not a text"],
    );
    check(
        json!({"specversion": "1.0", "id": "1", "source": "/a", "type": "t", "time": "yesterday"}),
        expect!["/time the attribute `time` is no RFC 3339 time: `yesterday`"],
    );
}

#[test]
fn a_typed_event_comes_back_as_it_was() {
    let data = json!({"orderId": "1", "reason": "too late"});
    let event = Event::from_data("order.cancel_requested.v1", data.clone()).unwrap();
    assert_eq!(event.to_data().unwrap(), data);
    let envelope = CloudEvent::new("e-1", "/commerce", "order.cancel_requested.v1", data);
    let now = "2026-03-01T10:00:00Z".parse().unwrap();
    let meta = Meta::from_cloud_event(&envelope, now).unwrap();
    assert_eq!(meta.system.as_str(), "commerce");
    assert_eq!(meta.to_cloud_event(&event, None).unwrap().source, "/commerce");
}

proptest! {
    #[test]
    fn what_is_taken_away_can_be_put_back(a in 0u64..1_000_000_000_000, b in 0u64..1_000_000_000_000) {
        let a: Quantity = format!("{}.{:03}", a / 1000, a % 1000).parse().unwrap();
        let b: Quantity = format!("{}.{:03}", b / 1000, b % 1000).parse().unwrap();
        match a.checked_sub(b) {
            Some(rest) => prop_assert_eq!(rest + b, a),
            None => prop_assert!(b > a),
        }
        prop_assert_eq!((Balance::from(a) - b).floored(), a.saturating_sub(b));
        prop_assert_eq!((Balance::from(a) - b).shortfall(), b.saturating_sub(a));
    }

    #[test]
    fn no_text_panics(text in ".{0,40}") {
        let read = (text.parse::<Quantity>().is_ok(), text.parse::<Balance>().is_ok(), text.parse::<Amount>().is_ok());
        prop_assert!(!read.0 || read.1, "a quantity is a balance: {:?}", text);
    }
}
