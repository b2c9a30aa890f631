//! The door of a system: what is refused before a system sees it, and how.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::support::{Answered, Caller, id, start};

fn check(case: &str, answered: &Answered, status: u16, words: &str) {
    assert_eq!(answered.status, status, "{case}: {}", answered.body);
    assert_eq!(answered.headers["content-type"], "application/problem+json", "{case}");
    assert_eq!(answered.body["status"], status, "{case}");
    let text = answered.body.to_string();
    assert!(text.contains(words), "{case}: {text}");
}

#[tokio::test]
async fn what_cannot_be_taken_is_explained() {
    let running = start(&["commerce"]).await;
    let commerce = Caller::of(&running, "commerce");
    let body = |bytes: Vec<u8>| {
        commerce
            .request("POST", "/orders")
            .header("idempotency-key", "k")
            .header("content-type", "application/json")
            .body(bytes)
    };
    let refused: [(&str, reqwest::RequestBuilder, u16, &str); 12] = [
        ("broken JSON", body(b"{\"lines\": [".to_vec()), 400, "line 1 column 11"),
        ("not UTF-8", body(b"{\"customerReference\": \"\xff\"}".to_vec()), 400, "offset 23"),
        ("deep JSON", body(b"[".repeat(100_000)), 400, "recursion"),
        ("a body over the limit", body(vec![b' '; (1 << 20) + 1]), 413, "1048576"),
        ("no body", body(Vec::new()), 400, "needs a body"),
        (
            "another media type",
            commerce.request("POST", "/orders").header("idempotency-key", "k").body("x"),
            415,
            "application/json",
        ),
        ("unknown path", commerce.request("GET", "/ordres"), 404, "/ordres"),
        ("unknown method", commerce.request("DELETE", "/orders"), 405, "GET"),
        (
            "a header over the limit",
            commerce.request("GET", "/orders/1").header("x-long", "a".repeat(20_000)),
            431,
            "16384",
        ),
        ("a header not printable", commerce.request("GET", "/orders/1").header("x-run-id", "ä"), 400, "x-run-id"),
        ("a parameter that is no id", commerce.request("GET", "/orders/%20"), 400, "orderId"),
        ("a path not UTF-8", commerce.request("GET", "/orders/%ff"), 400, "UTF-8"),
    ];
    for (case, request, status, words) in refused {
        check(case, &Caller::send(request).await, status, words);
    }
    let wrong = json!({ "lines": [{ "product": "P-100", "quantity": "two", "unit": "EA" }, { "quantity": "1", "unit": "EA" }] });
    let answered = commerce.post("/orders", "k", &wrong).await;
    check("a broken contract", &answered, 422, "/lines/0/quantity");
    let rules: Vec<&str> =
        answered.body["errors"].as_array().unwrap().iter().map(|e| e["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, ["pattern", "required"]);
    running.shutdown().await;
}

#[tokio::test]
async fn a_key_of_another_system_is_forbidden() {
    let running = start(&["commerce", "erp"]).await;
    let client = reqwest::Client::new();
    let url = format!("http://{}/orders/1", running.addresses[&id("commerce")]);
    check("erp's key", &Caller::send(client.get(&url).bearer_auth("key-of-erp")).await, 403, "another system");
    check("no key", &Caller::send(client.get(&url)).await, 401, "bearer");
    let health = format!("http://{}/health", running.addresses[&id("commerce")]);
    assert_eq!(Caller::send(client.get(&health)).await.body, json!({ "status": "ok" }));
    let state = format!("http://{}/_mock/state", running.addresses[&id("commerce")]);
    check("the admin API without a key", &Caller::send(client.get(&state)).await, 401, "bearer");
    running.shutdown().await;
}

/// Ten megabytes of header: the whole of it is sent, and the answer still arrives.
#[tokio::test]
async fn a_ten_megabyte_header_is_answered_with_a_problem() {
    let running = start(&["commerce"]).await;
    let mut stream = TcpStream::connect(running.addresses[&id("commerce")]).await.unwrap();
    stream.write_all(b"GET /orders/1 HTTP/1.1\r\nhost: x\r\nx-long: ").await.unwrap();
    let chunk = vec![b'a'; 1 << 20];
    for _ in 0..10 {
        stream.write_all(&chunk).await.unwrap();
    }
    stream.write_all(b"\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert!(answer.contains("application/problem+json"), "{answer}");
    assert!(answer.contains("larger than this system reads"), "{answer}");
    drop(stream);
    running.shutdown().await;
}

#[tokio::test]
async fn what_is_not_http_is_answered_with_a_problem() {
    let running = start(&["commerce"]).await;
    let mut stream = TcpStream::connect(running.addresses[&id("commerce")]).await.unwrap();
    stream.write_all(b"\x16\x03\x01\x02\x00 not http\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("not HTTP"), "{answer}");
    drop(stream);
    running.shutdown().await;
}
