//! The small parts: spellings, the event reader, addresses, what is printed of a call.

use std::time::Duration;

use crossdock_contract::expr::Terms;
use expect_test::expect;
use secrecy::SecretString;
use serde_json::json;

use super::language;
use crate::caller::{CallLimits, CallRequest, Caller, Identity, RequestBody};
use crate::environment::SecretRef;
use crate::events::sse::{Message, Reader};
use crate::request::{ValuePlan, encode_segment};
use crate::spelling::{DurationText, RateText};

#[test]
fn durations_and_rates() {
    let duration = |text: &str| DurationText(text.to_owned()).parse();
    assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
    assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
    for wrong in ["", "5", "s", "-1s", "1e3s", "5 s", "5sec", ".5s", "5.s", "9999999h", "1_000s"] {
        assert!(duration(wrong).is_err(), "{wrong}");
    }
    let rate = |text: &str| RateText(text.to_owned()).parse();
    assert_eq!(rate("90/m"), Ok(1.5));
    for wrong in ["20", "20/d", "/s", "0/s", "1e9/s", "9999999/s", "20 / s"] {
        assert!(rate(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_event_reader_takes_bytes_in_any_portions() {
    let stream = b"\xEF\xBB\xBF: hello\r\nid: 1\r\nevent: a\r\ndata: one\r\ndata: more\r\n\r\nid: 2\ndata:two\n\nretry: 5\n\ndata\n\nid: 3\rdata: three\r\r: end";
    let read = |portion: usize| {
        let mut reader = Reader::default();
        let mut found = Vec::new();
        for bytes in stream.chunks(portion) {
            reader.take(bytes, |message| found.push(message)).unwrap();
        }
        found
    };
    let message = |id: &str, event: &str, data: &str| Message {
        id: Some(id.to_owned()),
        event: event.to_owned(),
        data: data.to_owned(),
    };
    let whole =
        [message("1", "a", "one\nmore"), message("2", "", "two"), message("2", "", ""), message("3", "", "three")];
    for portion in 1..stream.len() {
        assert_eq!(read(portion), whole, "portions of {portion}");
    }
}

#[test]
fn an_endless_event_is_refused() {
    let mut reader = Reader::default();
    let line = vec![b'x'; crate::events::sse::MAX_EVENT + 1];
    assert!(reader.take(&line, |_| ()).is_err());
}

#[test]
fn a_path_parameter_cannot_leave_its_segment() {
    let mut path = String::new();
    encode_segment("../a b/ü?#%", &mut path);
    expect!["..%2Fa%20b%2F%C3%BC%3F%23%25"].assert_eq(&path);
}

#[test]
fn templates_keep_the_type_and_the_digits_of_their_value() {
    let mut wrong = Vec::new();
    let plan = ValuePlan::compile(
        &json!({"id": "${.captured.id}", "text": "no ${.captured.id}!", "list": [1, "${.captured.flag}"]}),
        &Terms::default(),
        &mut wrong,
    );
    assert!(wrong.is_empty());
    let context = serde_json::from_str(r#"{"captured": {"id": 820982911946154508, "flag": true}}"#).unwrap();
    let filled = plan.fill(&context).unwrap().to_string();
    expect![[r#"{"id":820982911946154508,"text":"no 820982911946154508!","list":[1,true]}"#]].assert_eq(&filled);
}

#[test]
fn a_key_is_in_nothing_that_is_printed() {
    let environment =
        language::environment().with_bearers([("shop".to_owned(), SecretString::from("top-secret".to_owned()))]);
    let caller = Caller::new(&environment, CallLimits::default()).unwrap();
    let mut call = CallRequest::new("shop", http::Method::POST, "/orders");
    call.body = Some(RequestBody::json(&json!({"who": "O'Brien"})));
    call.identity = Some(Identity { run_id: "r1".to_owned(), correlation_id: "c1".to_owned(), synthetic: true });
    let printed = format!("{environment:?} {caller:?} {call:?} {}", caller.curl(&call));
    assert!(!printed.contains("top-secret"), "{printed}");
    expect![[r#"curl -sS -i -X POST 'http://127.0.0.1:9/orders' -H 'X-Run-Id: r1' -H 'X-Correlation-Id: c1' -H 'X-Synthetic: true' -H 'Content-Type: application/json' -H "Authorization: Bearer $KEY" --data-binary '{"who":"O'\''Brien"}'"#]]
        .assert_eq(&caller.curl(&call));
    assert_eq!(SecretRef::Env("CROSSDOCK_KEY_ERP".to_owned()).shell_text(), "$CROSSDOCK_KEY_ERP");
}

#[test]
fn a_key_that_is_not_there_is_named() {
    let error = Caller::new(&language::environment(), CallLimits::default()).unwrap_err();
    expect!["the environment variable `CROSSDOCK_TEST_KEY_THAT_IS_NOT_SET` (key of `shop`) is not set"]
        .assert_eq(&error.to_string());
}
