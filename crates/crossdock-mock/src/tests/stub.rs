//! Stub mode: examples as they stand.

use std::net::TcpListener;

use super::support::contracts;
use crate::stub;

#[tokio::test]
async fn a_stub_answers_the_examples_of_its_contract() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let contracts = contracts();
    let api = contracts.api("erp").unwrap();
    let stub = stub(api, TcpListener::bind("127.0.0.1:0").unwrap()).await.unwrap();
    assert_eq!(stub.operations(), api.operations.len());
    let base = format!("http://{}", stub.address());
    let client = reqwest::Client::new();
    for path in ["/orders/4500001", "/orders?orderId=1", "/prices/P-100", "/health"] {
        let response = client.get(format!("{base}{path}")).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"application/json".parse().unwrap())
        );
        let (operation, _) = api.route("GET", path).unwrap();
        let wrong = operation.check_response(200, "application/json", &response.json().await.unwrap());
        assert!(wrong.is_empty(), "{path}: {wrong:?}");
    }
    assert_eq!(client.get(format!("{base}/nowhere")).send().await.unwrap().status(), 404);
}
