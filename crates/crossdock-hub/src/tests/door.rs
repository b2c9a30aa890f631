//! What the door refuses, and how it says so.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::world::{World, order};

const CE: &str = "application/cloudevents+json";

#[tokio::test]
async fn keys() {
    let world = World::new().await;
    let url = |system: &str| world.url(&format!("/system/v1/{system}/events"));
    let cases = [
        ("commerce", None, 401),
        ("commerce", Some("key-of-nobody"), 401),
        ("commerce", Some(""), 401),
        ("commerce", Some("key-of-erp"), 403),
        ("commerce", Some("key-of-operator"), 403),
        ("commerc", Some("key-of-commerce"), 404),
        ("commerc", None, 401),
    ];
    for (system, key, expected) in cases {
        let mut request = world.client.post(url(system)).header("content-type", CE).body(order("1").to_string());
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{system} with {key:?}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
    for (path, key, expected) in [
        ("/process/v1/orders", None, 401),
        ("/process/v1/orders", Some("key-of-commerce"), 200),
        ("/metrics", Some("key-of-commerce"), 403),
        ("/metrics", Some("key-of-operator"), 200),
        ("/ops", None, 200),
        ("/health/live", None, 200),
        ("/health/ready", None, 200),
    ] {
        let mut request = world.client.get(world.url(path));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        assert_eq!(request.send().await.unwrap().status(), expected, "{path} with {key:?}");
    }
    assert_eq!(world.get("/process/v1/orders").await["orders"], json!([]));
}

#[tokio::test]
async fn bytes_that_are_no_json_are_placed_and_kept() {
    let world = World::new().await;
    let cases: [(&[u8], &str); 4] = [
        (b"{\"id\": \"x\",\n  \"type\": }", "expected value at byte 22 (line 2, column 11)"),
        (b"{\"id\": \"\xff\"}", "the body is not UTF-8 from byte 8 on"),
        (b"", "EOF while parsing a value at byte 0"),
        (b"[1, 2]", "a CloudEvent is a JSON object"),
    ];
    for (body, expected) in cases {
        let (status, problem) = world.send("commerce", CE, body.to_vec()).await;
        assert!(problem["detail"].as_str().unwrap().contains(expected), "{problem}");
        assert_eq!(status, if expected.contains("CloudEvent") { 422 } else { 400 });
        let kept = world.event("message.rejected.v1", |data| data["problem"]["detail"] == problem["detail"]).await;
        assert_eq!(kept["data"]["system"], "commerce");
    }
}

#[tokio::test]
async fn broken_contracts_are_named_by_pointer_and_rule() {
    let world = World::new().await;
    let broken = |pointer: &str, value: Value| {
        let mut event = order("1");
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let cases = [
        (broken("/data/lines/0/quantity", "two".into()), 422, "/data/lines/0/quantity", "pattern"),
        (broken("/data/total", json!(403)), 422, "/data/total", "type"),
        (broken("/data/total", "404.00".into()), 422, "/data/total", "order/total"),
        (broken("/type", "order.capturd.v1".into()), 422, "/type", "event-type"),
        (broken("/source", "/erp".into()), 403, "/source", "ownership"),
        (broken("/specversion", "0.3".into()), 422, "/specversion", "cloudevent"),
        (broken("/id", json!(7)), 422, "/id", "cloudevent"),
    ];
    for (event, status, pointer, rule) in cases {
        let (got, problem) = world.submit("commerce", &event).await;
        assert_eq!(got, status, "{problem}");
        let named =
            problem["errors"].as_array().unwrap().iter().any(|one| one["pointer"] == pointer && one["rule"] == rule);
        assert!(named, "{pointer} {rule}: {problem}");
    }
    let kept = world.event("message.rejected.v1", |data| data["problem"]["errors"][0]["rule"] == "pattern").await;
    assert_eq!(kept["data"]["original"]["data"]["lines"][0]["quantity"], "two");
    assert!(kept["data"]["problem"]["contract"].as_str().unwrap().starts_with("contracts/events/"), "{kept}");
    assert_eq!(world.get("/process/v1/orders").await["orders"], json!([]));
}

#[tokio::test]
async fn a_batch_has_one_result_a_message() {
    let world = World::with(|config| config.limits.batch_events = 4).await;
    let mut wrong = order("2");
    wrong["data"]["total"] = Value::Null;
    let kind = "application/cloudevents-batch+json";
    let batch = json!([order("1"), wrong, order("1"), order("3")]);
    let (status, answer) = world.send("commerce", kind, batch.to_string()).await;
    assert_eq!(status, 202, "{answer}");
    let outcomes: Vec<&str> =
        answer["results"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["accepted", "rejected", "duplicate", "accepted"]);
    assert_eq!(world.send("commerce", kind, json!([1, 2, 3, 4, 5]).to_string()).await.0, 413);
    assert_eq!(world.send("commerce", kind, "{}").await.0, 400);
    assert_eq!(world.send("commerce", kind, "[]").await.1, json!({"results": []}));
}

#[tokio::test]
async fn a_refused_message_and_its_correction_in_one_batch() {
    let world = World::new().await;
    let mut wrong = order("1");
    wrong["data"]["total"] = "404.00".into();
    let batch = json!([wrong, order("1")]);
    let (_, answer) = world.send("commerce", "application/cloudevents-batch+json", batch.to_string()).await;
    assert_eq!(
        (&answer["results"][0]["outcome"], &answer["results"][1]["outcome"]),
        (&json!("rejected"), &json!("accepted"))
    );
    assert_eq!(world.event("order.captured.v1", |_| true).await["data"]["total"], "403.00");
}

#[tokio::test]
async fn binary_mode_is_read_from_headers() {
    let world = World::new().await;
    let event = order("1");
    let mut request = world.client.post(world.url("/system/v1/commerce/events")).bearer_auth("key-of-commerce");
    for name in ["specversion", "id", "source", "type", "subject", "time", "correlationid"] {
        request = request.header(format!("ce-{name}"), event[name].as_str().unwrap());
    }
    let response =
        request.header("content-type", "application/json").body(event["data"].to_string()).send().await.unwrap();
    assert_eq!(response.status(), 202, "{}", response.text().await.unwrap());
    // The same fact in structured mode is the same fact.
    assert_eq!(world.submit("commerce", &event).await.1["results"][0]["outcome"], "duplicate");
}

#[tokio::test]
async fn what_is_not_offered() {
    let world = World::new().await;
    assert_eq!(world.send("commerce", "text/csv", "a,b").await.0, 415);
    assert_eq!(world.try_get("/nowhere").await.0, 404);
    assert_eq!(world.try_get("/system/v1/commerce/events").await.0, 405);
    let (status, problem) = world.try_get("/process/v1/orders?statu=open").await;
    assert_eq!(
        (status, problem["detail"].as_str().unwrap()),
        (400, "`listOrders` has no parameter `statu`; did you mean `status`?")
    );
}

#[tokio::test]
async fn parameters_keep_their_contract() {
    let world = World::new().await;
    for (path, pointer) in [
        ("/process/v1/orders?status=lost", "/query/status"),
        ("/process/v1/exceptions?state=shut", "/query/state"),
        ("/process/v1/events?from=soon", "/query/from"),
        ("/process/v1/traces/%20", "/path/id"),
    ] {
        let (status, problem) = world.try_get(path).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (400, &json!(pointer)), "{path}: {problem}");
    }
    let request = world.client.get(world.url("/process/v1/orders")).bearer_auth("key-of-operator");
    let response = request.header("x-synthetic", "maybe").send().await.unwrap();
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn sizes() {
    let world = World::with(|config| config.limits.body_bytes = 10_000).await;
    let (status, problem) = world.send("commerce", CE, vec![b' '; 10_001]).await;
    assert_eq!((status, problem["detail"].as_str().unwrap()), (413, "the body has more than 10000 bytes"));
    let response = world.client.get(world.url("/ops")).header("x-long", "x".repeat(40_000)).send().await.unwrap();
    assert_eq!(response.status(), 431);
    assert!(response.text().await.unwrap().contains("more than 16384 bytes"));
}

#[tokio::test]
async fn a_header_of_10_mb_gets_its_answer() {
    let world = World::new().await;
    let stream = TcpStream::connect(world.hub.addr()).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let sender = tokio::spawn(async move {
        writer.write_all(b"GET /ops HTTP/1.1\r\nhost: x\r\nx-long: ").await.unwrap();
        let part = vec![b'x'; 1 << 16];
        for _ in 0..160 {
            // The hub may close before all is sent; its answer is there to be read all the same.
            if writer.write_all(&part).await.is_err() {
                break;
            }
        }
        writer
    });
    let mut answer = String::new();
    reader.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert!(answer.contains("application/problem+json") && answer.contains("more than 16384 bytes"), "{answer}");
    drop(sender.await.unwrap());
    assert_eq!(world.try_get("/process/v1/orders").await.0, 200);
}

#[tokio::test]
async fn a_full_queue_takes_nothing_and_says_when_to_come_back() {
    let world = World::with(|config| config.limits.admission_queue = 1).await;
    let place = world.hub.app.engine.place().unwrap();
    let request = world.client.post(world.url("/system/v1/commerce/events")).bearer_auth("key-of-commerce");
    let response = request.header("content-type", CE).body(order("1").to_string()).send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    drop(place);
    assert_eq!(world.submit("commerce", &order("1")).await.0, 202);
}

#[tokio::test]
async fn figures_for_people_and_machines() {
    let world = World::new().await;
    world.submit("commerce", &order("1")).await;
    let page = world.client.get(world.url("/ops")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<td>erp<td"), "{page}");
    let metrics = world.client.get(world.url("/metrics")).bearer_auth("key-of-operator").send().await.unwrap();
    let text = metrics.text().await.unwrap();
    assert!(text.contains("crossdock_facts_total{system=\"commerce\",outcome=\"accepted\"} 1"), "{text}");
    assert!(text.contains("# TYPE crossdock_append_seconds histogram"), "{text}");
}

#[tokio::test]
async fn a_client_that_says_nothing_or_drips_holds_no_connection() {
    let world = World::with(|config| config.limits.receive = std::time::Duration::from_millis(200)).await;
    let header = "POST /system/v1/commerce/events HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer key-of-commerce\r\n\
                  content-type: application/json\r\ncontent-length: 100\r\n";
    let cases = [
        ("says nothing", String::new(), ""),
        ("half a header", header.to_owned(), ""),
        ("half a body", format!("{header}\r\n{{"), "HTTP/1.1 408 Request Timeout\r\n"),
    ];
    for (case, sent, answer) in cases {
        let mut slow = TcpStream::connect(world.hub.addr()).await.unwrap();
        slow.write_all(sent.as_bytes()).await.unwrap();
        let mut answered = Vec::new();
        slow.read_to_end(&mut answered).await.unwrap();
        let answered = String::from_utf8(answered).unwrap();
        assert!(answered.starts_with(answer), "{case}: {answered}");
        assert_eq!(answered.is_empty(), answer.is_empty(), "{case}: {answered}");
        assert_eq!(answered.contains("urn:crossdock:problem:too_slow"), !answer.is_empty(), "{case}: {answered}");
    }
    assert_eq!(world.submit("commerce", &order("1")).await.0, 202);
}

#[tokio::test]
async fn what_is_no_readable_request_is_a_problem_document_too() {
    let world = World::new().await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: hub\r\n\r\n", "a".repeat(70_000));
    let path = "GET /process/v1/orders/%ff HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n";
    for (sent, status) in [("\x16\x03\x01 TLS?\r\n\r\n", 400), (long.as_str(), 414), (path, 400)] {
        let mut stream = TcpStream::connect(world.hub.addr()).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        assert!(answer.contains("content-type: application/problem+json"), "{answer}");
        assert!(answer.contains(&format!("\"status\":{status}")), "{answer}");
    }
}
