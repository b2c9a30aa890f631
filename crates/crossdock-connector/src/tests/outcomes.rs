//! Each way in which a call can end, and the look-up after an ambiguous one.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::{get, post};
use crossdock_contract::Contracts;
use http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::{Body, Call, Connector, Found, Obstacle, Outcome, Target};

fn contracts() -> Arc<Contracts> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts");
    Arc::new(Contracts::load(&dir).unwrap())
}

fn connector(url: &str) -> Connector {
    let mut target = Target::new("erp", url, Some(SecretString::from("key-of-erp")));
    target.timeout = Duration::from_millis(300);
    target.body_limit = 1000;
    Connector::new(contracts(), BTreeMap::from([("erp".to_owned(), target)])).unwrap()
}

fn order() -> Call {
    Call {
        target: "erp".to_owned(),
        operation: "createOrder".to_owned(),
        body: Body::Json(json!({"orderId": "820982911946154508", "total": "403.00"})),
        idempotency_key: Some("d-1".to_owned()),
        correlation_id: Some("c-1".to_owned()),
        synthetic: true,
        run_id: Some("run-1".to_owned()),
        ..Call::default()
    }
}

/// Serves `router` on a free port.
async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// Takes one connection, reads the request, and does `then` with the connection.
async fn once<F>(then: impl FnOnce(tokio::net::TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        then(stream).await;
    });
    format!("http://{address}")
}

#[tokio::test]
async fn the_target_gets_what_the_contract_says() {
    type Seen = Arc<Mutex<Option<(HeaderMap, String)>>>;
    let seen = Seen::default();
    let router = Router::new()
        .route(
            "/orders",
            post(|State(seen): State<Seen>, headers: HeaderMap, body: String| async move {
                *seen.lock().unwrap() = Some((headers, body));
                (StatusCode::CREATED, [("location", "/orders/7")], r#"{"erpOrderNumber":"7","total":403.00}"#)
            }),
        )
        .with_state(Arc::clone(&seen));
    let outcome = connector(&serve(router).await).send(&order()).await;
    let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
    assert_eq!((answer.status, answer.location.as_deref()), (201, Some("/orders/7")));
    // Foreign numbers keep their digits on the way back too.
    assert_eq!(answer.body.to_string(), r#"{"erpOrderNumber":"7","total":403.00}"#);
    let (headers, body) = seen.lock().unwrap().take().unwrap();
    for (name, value) in [
        ("authorization", "Bearer key-of-erp"),
        ("idempotency-key", "d-1"),
        ("x-correlation-id", "c-1"),
        ("x-synthetic", "true"),
        ("x-run-id", "run-1"),
        ("content-type", "application/json"),
    ] {
        assert_eq!(headers[name], value);
    }
    assert_eq!(body, r#"{"orderId":"820982911946154508","total":"403.00"}"#);
}

#[tokio::test]
async fn refusals_are_answers() {
    let router = Router::new().route(
        "/orders",
        post(|| async {
            let headers = [("content-type", "application/problem+json"), ("retry-after", "3")];
            (StatusCode::TOO_MANY_REQUESTS, headers, r#"{"title":"slow down"}"#)
        }),
    );
    let outcome = connector(&serve(router).await).send(&order()).await;
    let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
    assert_eq!((answer.status, answer.problem), (429, true));
    assert_eq!(answer.retry_after, Some(Duration::from_secs(3)));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_a_large_answer_not_kept() {
    let router = Router::new().route(
        "/orders",
        post(|| async { (StatusCode::FOUND, [("location", "http://127.0.0.1:1/")], "x".repeat(5000)) }),
    );
    let outcome = connector(&serve(router).await).send(&order()).await;
    let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
    assert_eq!((answer.status, answer.body), (302, Value::Null));
}

#[tokio::test]
async fn nobody_there_means_nothing_was_sent() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let outcome = connector(&format!("http://{closed}")).send(&order()).await;
    let Outcome::NotSent(not_sent) = outcome else { panic!("{outcome:?}") };
    assert_eq!(not_sent.reason, Obstacle::Unreachable);
    assert!(not_sent.why.contains("refused"), "{}", not_sent.why);
}

#[tokio::test]
async fn a_target_that_speaks_no_tls_got_nothing() {
    let url = once(|mut stream| async move {
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    })
    .await;
    let outcome = connector(&url.replace("http:", "https:")).send(&order()).await;
    let Outcome::NotSent(not_sent) = outcome else { panic!("{outcome:?}") };
    assert_eq!(not_sent.reason, Obstacle::Tls, "{}", not_sent.why);
}

#[tokio::test]
async fn what_is_not_in_the_contract_is_not_sent() {
    let connector = connector("http://127.0.0.1:1");
    let cases = [
        (Call { operation: "createOrdr".to_owned(), ..order() }, "has no operation `createOrdr`"),
        (Call { operation: "getOrder".to_owned(), ..order() }, "path parameter `erpOrderNumber` has no value"),
        (Call { target: "crm".to_owned(), ..order() }, "no target `crm` is configured"),
        (Call { correlation_id: Some("two\nlines".to_owned()), ..order() }, "x-correlation-id cannot carry its value"),
    ];
    for (call, expected) in cases {
        let outcome = connector.send(&call).await;
        let Outcome::NotSent(not_sent) = outcome else { panic!("{outcome:?}") };
        assert_eq!(not_sent.reason, Obstacle::Misconfigured);
        assert!(not_sent.why.contains(expected), "{}", not_sent.why);
    }
}

#[tokio::test]
async fn silence_after_the_request_is_ambiguous() {
    for (what, url) in [
        ("closed", once(|stream| async move { drop(stream) }).await),
        (
            "silent",
            once(|stream| async move {
                std::future::pending::<()>().await;
                drop(stream);
            })
            .await,
        ),
        (
            "broken off",
            once(|mut stream| async move {
                let half = b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{\"erp";
                tokio::io::AsyncWriteExt::write_all(&mut stream, half).await.unwrap();
            })
            .await,
        ),
    ] {
        let outcome = connector(&url).send(&order()).await;
        assert!(matches!(outcome, Outcome::Ambiguous { .. }), "{what}: {outcome:?}");
    }
}

/// An ERP that knows the orders it is told to know, and counts what it is sent.
async fn erp(known: &'static [&'static str]) -> (String, Arc<Mutex<u32>>) {
    let created = Arc::new(Mutex::new(0));
    let router = Router::new()
        .route(
            "/orders",
            get(move |Query(query): Query<BTreeMap<String, String>>| async move {
                let found: Vec<Value> = known
                    .iter()
                    .filter(|id| query["orderId"] == **id)
                    .map(|id| json!({"orderId": id, "erpOrderNumber": "7"}))
                    .collect();
                axum::Json(json!({"orders": found}))
            })
            .post(|State(created): State<Arc<Mutex<u32>>>| async move {
                *created.lock().unwrap() += 1;
                (StatusCode::CREATED, axum::Json(json!({"erpOrderNumber": "8"})))
            }),
        )
        .with_state(Arc::clone(&created));
    (serve(router).await, created)
}

#[tokio::test]
async fn what_took_effect_is_found_and_not_sent_again() {
    let (url, created) = erp(&["820982911946154508"]).await;
    let outcome = connector(&url).send_again(&order()).await;
    let Outcome::Answered(answer) = outcome else { panic!("{outcome:?}") };
    assert_eq!((answer.status, &answer.body["erpOrderNumber"]), (201, &json!("7")));
    assert_eq!(*created.lock().unwrap(), 0);
}

#[tokio::test]
async fn what_took_no_effect_is_sent_again() {
    let (url, created) = erp(&[]).await;
    assert_eq!(connector(&url).look_up(&order()).await, Found::Absent);
    let outcome = connector(&url).send_again(&order()).await;
    assert!(matches!(outcome, Outcome::Answered(answer) if answer.status == 201));
    assert_eq!(*created.lock().unwrap(), 1);
}

#[test]
fn a_missing_contract_is_named() {
    let target = Target::new("erpp", "http://127.0.0.1:1", None);
    let error = Connector::new(contracts(), BTreeMap::from([("erp".to_owned(), target)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "system `erp` keeps the contract `erpp`, and there is no contracts/apis/erpp.yaml; did you mean `erp`?"
    );
}
