//! Bulk answers over the wire, read by the expression that the contract declares.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use crossdock_contract::Contracts;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{Body, Call, Connector, ItemOutcome, Outcome, Target};

/// Three items are sent; what is said of them, or that nobody can say.
async fn said(operation: &str, at: &str, status: u16, answer: Value) -> String {
    let server = MockServer::start().await;
    let respond = ResponseTemplate::new(status).set_body_json(answer);
    Mock::given(method("POST")).and(path(at)).respond_with(respond).expect(1).mount(&server).await;
    let contracts = Contracts::load(Path::new("tests/data/contracts"));
    let contracts = contracts.unwrap_or_else(|found| panic!("{}", crossdock_diag::render(found.as_slice(), false)));
    let target = Target::new("shop", server.uri(), None);
    let connector = Connector::new(Arc::new(contracts), BTreeMap::from([("shop".to_owned(), target)])).unwrap();
    let call = Call {
        target: "shop".to_owned(),
        operation: operation.to_owned(),
        body: Body::Json(json!({"list": [{"sku": "A"}, {"sku": "B"}, {"sku": "C"}]})),
        ..Call::default()
    };
    let Outcome::Answered(answer) = connector.send(&call).await else { panic!("no answer") };
    let keys = ["price/A", "price/B", "price/C"].map(str::to_owned);
    let Some(items) = connector.items(&call, &answer, ("/list", &keys)) else { return "all or nothing".to_owned() };
    let mut told = String::new();
    for key in &keys {
        let end = match items.get(key) {
            Some(ItemOutcome::Done) => "done".to_owned(),
            Some(ItemOutcome::Failed { why }) => format!("failed: {why}"),
            None => "unknown".to_owned(),
        };
        write!(told, "{key} {end}; ").unwrap();
    }
    told
}

#[tokio::test]
async fn an_item_is_done_only_where_the_answer_says_so() {
    let results = |results: Value| json!({ "results": results });
    let ok = |sku: &str| json!({"sku": sku, "status": "ok"});
    let cases = [
        (results(json!([ok("A"), ok("B"), ok("C")])), "price/A done; price/B done; price/C done; "),
        (
            results(json!([ok("A"), {"sku": "B", "status": "error", "message": "below cost"}])),
            "price/A done; price/B failed: below cost; price/C unknown; ",
        ),
        // Two words about one item, and one about an item that was not sent.
        (
            results(json!([{"sku": "A", "status": "error"}, ok("A"), ok("D")])),
            "price/A failed: the target did not take it; price/B unknown; price/C unknown; ",
        ),
        // A success by its status that is not what the contract declares.
        (json!({"ok": true}), "price/A unknown; price/B unknown; price/C unknown; "),
        (json!("<html>fine</html>"), "price/A unknown; price/B unknown; price/C unknown; "),
    ];
    for (answer, expected) in cases {
        assert_eq!(said("updatePrices", "/prices", 207, answer.clone()).await, expected, "{answer}");
    }
}

#[tokio::test]
async fn items_are_named_by_their_place_too() {
    let told = said("updateStock", "/stock", 200, json!({"taken": [true, false, true, true]})).await;
    assert_eq!(told, "price/A done; price/B failed: the target did not take it; price/C done; ");
    let told = said("updateStock", "/stock", 200, json!({"taken": [true, "yes"]})).await;
    assert_eq!(told, "price/A done; price/B unknown; price/C unknown; ");
}

#[tokio::test]
async fn without_an_expression_a_call_is_taken_whole() {
    assert_eq!(said("updateNames", "/names", 200, json!({"failed": ["A"]})).await, "all or nothing");
}
