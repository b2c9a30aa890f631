//! Whole tests: an innocent shop passes, each planted defect is found and named, a silent system is no finding.

use std::fmt::Write as _;
use std::time::Duration;

use crossdock_report::{Report, ResultVerdict};
use crossdock_scenario::Environment;
use crossdock_scenario::caller::CallLimits;
use expect_test::{Expect, expect};

use crate::test::{TestError, TestOptions, test};
use crate::tests::shop::{Defect, KEY, Shop, contracts};

fn environment(class: &str, systems: &[(&str, &str)]) -> Environment {
    let mut text = format!("crossdock: 1\nclass: {class}\nsystems:\n");
    for (system, url) in systems {
        writeln!(text, "  {system}: {{url: \"{url}\", auth: {{bearer: {{env: CROSSDOCK_KEY_SHOP}}}}}}").unwrap();
    }
    let limits = crossdock_diag::Limits::default();
    let document = crossdock_diag::parse("test.yaml", &text, crossdock_diag::Syntax::Yaml, &limits).unwrap();
    let keys = systems.iter().map(|(system, _)| ((*system).to_owned(), KEY.into()));
    Environment::from_document("test", &document).unwrap().with_bearers(keys)
}

fn options() -> TestOptions {
    let limits = CallLimits { timeout: Duration::from_millis(300), ..CallLimits::default() };
    TestOptions { run_id: Some("run-1".to_owned()), limits, ..TestOptions::default() }
}

async fn tested(defect: Defect) -> (Report, Shop) {
    let (shop, url) = Shop::open(defect).await;
    let report = test(&contracts(), &environment("test", &[("shop", &url)]), &options()).await.unwrap();
    (report, shop)
}

/// Verdict, exit code, and every failure and error.
fn findings(report: &Report) -> String {
    let mut text = format!("{} ({})\n", report.verdict, report.exit_code());
    for result in report.results.iter().filter(|result| result.verdict.needs_attention()) {
        let pointer = result.pointer.as_deref().map(|pointer| format!(" at {pointer:?}")).unwrap_or_default();
        let (rule, message) = (result.rule.as_deref().unwrap_or(""), result.message.as_deref().unwrap_or(""));
        writeln!(text, "{} {} [{rule}]{pointer}\n    {message}", result.verdict.word(), result.name).unwrap();
    }
    crossdock_testkit::Redactor::usual().rule(r"127.0.0.1:\d+", "ADDRESS").apply(&text)
}

async fn check(defect: Defect, expected: &Expect) {
    let (report, _) = tested(defect).await;
    expected.assert_eq(&findings(&report));
}

#[tokio::test]
async fn innocent_shop_passes_every_case() {
    let (report, shop) = tested(Defect::None).await;
    let mut text = String::new();
    for result in &report.results {
        let why = result.message.as_deref().map(|message| format!(" ({message})")).unwrap_or_default();
        writeln!(text, "{} {}{why}", result.verdict.word(), result.name).unwrap();
    }
    expect![[r#"
        pass shop getHealth: call
        pass shop createOrder: example synthetic
        pass shop findOrders: call
        skipped shop streamEvents: example (it answers with a stream that does not end)
        pass shop getOrder: call
        skipped shop setPrice: example one (answered 404 as declared, so what it answers on success was not seen)
        pass shop createOrder: without a key
        pass shop createOrder: with a wrong key
        pass shop createOrder: the body as text
        pass shop createOrder: the body with an unknown property
        pass shop createOrder: /customerReference empty
        pass shop createOrder: /customerReference far too long
        pass shop createOrder: without /product
        pass shop createOrder: /product with a value nobody knows
        pass shop createOrder: /unit as an object
        pass shop createOrder: /customerReference as an object
        pass shop createOrder: /note far too long
        pass shop createOrder: without /quantity
        pass shop createOrder: /quantity with a value nobody knows
        pass shop createOrder: /product as an object
        pass shop createOrder: cut short
        pass shop createOrder: another media type
        pass shop createOrder: smallest valid body
        pass shop createOrder: without an Idempotency-Key
        pass shop createOrder: the same call again
        pass shop createOrder: another body under the same Idempotency-Key
        pass shop findOrders: without a key
        pass shop findOrders: with a wrong key
        pass shop getOrder: without a key
        pass shop getOrder: with a wrong key
        pass shop getOrder: an id that nobody has
        pass shop setPrice: without a key
        pass shop setPrice: with a wrong key
        pass shop setPrice: the body as text
        pass shop setPrice: without /amount
        pass shop setPrice: /amount as an object
        pass shop setPrice: cut short
        pass shop setPrice: another media type
        pass shop cancelOrder: without a key
        pass shop cancelOrder: with a wrong key
        pass shop cancelOrder: the body as text
        pass shop cancelOrder: the body with an unknown property
        pass shop cancelOrder: /reason empty
        pass shop cancelOrder: /reason far too long
        pass shop cancelOrder: /reason as an object
        pass shop cancelOrder: cut short
        pass shop cancelOrder: another media type
        pass shop cancelOrder: smallest valid body
        skipped shop closeShop: generated cases (it would change something that this run did not make)
        pass shop cancelOrder: example why
        skipped shop closeShop: call (it would change something that this run did not make)
    "#]]
    .assert_eq(&text);
    assert_eq!(report.exit_code(), 0);
    assert_eq!(shop.open_orders(), 0, "it cleans up after itself");
    let marked = |line: &String| line.contains("synthetic=true run=run-1");
    assert!(shop.log().iter().all(marked), "{:?}", shop.log());
}

#[tokio::test]
async fn same_run_asks_the_same() {
    let asked = async || tested(Defect::None).await.1.log();
    assert_eq!(asked().await, asked().await);
}

#[tokio::test]
async fn production_is_only_read() {
    let (shop, url) = Shop::open(Defect::None).await;
    let report = test(&contracts(), &environment("production", &[("shop", &url)]), &options()).await.unwrap();
    let changing: Vec<String> = shop.log().into_iter().filter(|line| !line.starts_with("GET")).collect();
    assert!(changing.is_empty(), "{changing:?}");
    assert_eq!(findings(&report), "pass (0)\n");
}

#[tokio::test]
async fn two_systems_are_told_apart() {
    let (_, good) = Shop::open(Defect::None).await;
    let (_, bad) = Shop::open(Defect::WrongStatus).await;
    let systems = environment("test", &[("other", &good), ("shop", &bad)]);
    let report = test(&contracts(), &systems, &options()).await.unwrap();
    let failing = report.results.iter().filter(|result| result.verdict == ResultVerdict::Fail);
    let systems: Vec<&str> = failing.map(|result| result.system.as_deref().unwrap()).collect();
    assert!(!systems.is_empty() && systems.iter().all(|system| *system == "shop"), "{systems:?}");
}

#[tokio::test]
async fn reproduction_names_the_key_and_never_holds_it() {
    let (report, _) = tested(Defect::RenamedField).await;
    let failing = report.results.iter().find(|result| result.verdict == ResultVerdict::Fail).unwrap();
    let line = failing.reproduce.clone().unwrap();
    assert!(line.starts_with("curl ") && line.contains("SYN-0001"), "{line}");
    assert!(!report.results.iter().any(|result| format!("{result:?}").contains(KEY)));
}

#[tokio::test]
async fn unknown_system_could_not_be_tested() {
    let (_, url) = Shop::open(Defect::None).await;
    let options = TestOptions { systems: Some(vec!["erp".to_owned()]), ..options() };
    let error = test(&contracts(), &environment("test", &[("shop", &url)]), &options).await.unwrap_err();
    assert!(matches!(error, TestError::UnknownSystem { .. }));
    expect!["environment `test` has no system `erp` with an API in the contracts; it has shop"]
        .assert_eq(&error.to_string());
}

#[tokio::test]
async fn renamed_field() {
    check(
        Defect::RenamedField,
        &expect![[r#"
        fail (1)
        fail shop createOrder: example synthetic [response/schema] at "/orderId"
            required: `orderId` is missing (also: smallest valid body, the same call again)
    "#]],
    )
    .await;
}
#[tokio::test]
async fn wrong_status() {
    check(Defect::WrongStatus, &expect![[r#"
        fail (1)
        fail shop createOrder: example synthetic [response/undeclared-status]
            createOrder answered 200, declared are 201, 400, 401, 409, 422, 429 (also: smallest valid body, the same call again)
    "#]]).await;
}
#[tokio::test]
async fn wrong_content_type() {
    check(Defect::WrongContentType, &expect![[r#"
        fail (1)
        fail shop createOrder: example synthetic [response/content-type]
            createOrder answers 201 with application/json, not text/html (also: smallest valid body, the same call again)
    "#]]).await;
}
#[tokio::test]
async fn missing_header() {
    check(
        Defect::NoEtag,
        &expect![[r#"
        fail (1)
        fail shop getOrder: call [response/header]
            `ETag` is missing
    "#]],
    )
    .await;
}
#[tokio::test]
async fn broken_json() {
    check(Defect::BrokenJson, &expect![[r#"
        fail (1)
        fail shop createOrder: example synthetic [response/body]
            createOrder answered 201 with a body that is not the JSON it says it is (also: smallest valid body, the same call again)
    "#]]).await;
}
#[tokio::test]
async fn accepts_invalid() {
    check(
        Defect::AcceptsInvalid,
        &expect![[r#"
        fail (1)
        fail shop createOrder: the body as text [request/invalid-accepted] at ""
            createOrder answered 201, although the body breaks `type`
        fail shop createOrder: the body with an unknown property [request/invalid-accepted] at "/crossdockUnexpected"
            createOrder answered 201, although /crossdockUnexpected breaks `additionalProperties`
        fail shop createOrder: /customerReference empty [request/invalid-accepted] at "/customerReference"
            createOrder answered 201, although /customerReference breaks `minLength`
        fail shop createOrder: /customerReference far too long [request/invalid-accepted] at "/customerReference"
            createOrder answered 201, although /customerReference breaks `maxLength`
        fail shop createOrder: without /product [request/invalid-accepted] at "/product"
            createOrder answered 201, although /product breaks `required`
        fail shop createOrder: /product with a value nobody knows [request/invalid-accepted] at "/product"
            createOrder answered 201, although /product breaks `pattern`
        fail shop createOrder: /unit as an object [request/invalid-accepted] at "/unit"
            createOrder answered 201, although /unit breaks `enum`
        fail shop createOrder: /customerReference as an object [request/invalid-accepted] at "/customerReference"
            createOrder answered 201, although /customerReference breaks `type`
        fail shop createOrder: /note far too long [request/invalid-accepted] at "/note"
            createOrder answered 201, although /note breaks `maxLength`
        fail shop createOrder: without /quantity [request/invalid-accepted] at "/quantity"
            createOrder answered 201, although /quantity breaks `required`
        fail shop createOrder: /quantity with a value nobody knows [request/invalid-accepted] at "/quantity"
            createOrder answered 201, although /quantity breaks `pattern`
        fail shop createOrder: /product as an object [request/invalid-accepted] at "/product"
            createOrder answered 201, although /product breaks `type`
        fail shop createOrder: cut short [request/invalid-accepted] at ""
            createOrder answered 201, although the body is not JSON
        fail shop createOrder: another media type [request/invalid-accepted] at ""
            createOrder answered 201, although the contract declares no application/x-crossdock-unknown (`content-type`)
        fail shop cancelOrder: the body as text [request/invalid-accepted] at ""
            cancelOrder answered 200, although the body breaks `type`
        fail shop cancelOrder: the body with an unknown property [request/invalid-accepted] at "/crossdockUnexpected"
            cancelOrder answered 200, although /crossdockUnexpected breaks `additionalProperties`
        fail shop cancelOrder: /reason empty [request/invalid-accepted] at "/reason"
            cancelOrder answered 200, although /reason breaks `minLength`
        fail shop cancelOrder: /reason far too long [request/invalid-accepted] at "/reason"
            cancelOrder answered 200, although /reason breaks `maxLength`
        fail shop cancelOrder: /reason as an object [request/invalid-accepted] at "/reason"
            cancelOrder answered 200, although /reason breaks `type`
        fail shop cancelOrder: cut short [request/invalid-accepted] at ""
            cancelOrder answered 200, although the body is not JSON
        fail shop cancelOrder: another media type [request/invalid-accepted] at ""
            cancelOrder answered 200, although the contract declares no application/x-crossdock-unknown (`content-type`)
    "#]],
    )
    .await;
}
#[tokio::test]
async fn forgets_auth() {
    check(
        Defect::ForgetsAuth,
        &expect![[r#"
        fail (1)
        fail shop createOrder: without a key [auth/missing-accepted]
            createOrder answered 201 without a key, and its contract asks for one
        fail shop createOrder: with a wrong key [auth/wrong-key-accepted]
            createOrder answered 201 with a wrong key, and its contract asks for one
        fail shop findOrders: without a key [auth/missing-accepted]
            findOrders answered 200 without a key, and its contract asks for one
        fail shop findOrders: with a wrong key [auth/wrong-key-accepted]
            findOrders answered 200 with a wrong key, and its contract asks for one
        fail shop getOrder: without a key [auth/missing-accepted]
            getOrder answered 200 without a key, and its contract asks for one
        fail shop getOrder: with a wrong key [auth/wrong-key-accepted]
            getOrder answered 200 with a wrong key, and its contract asks for one
        fail shop cancelOrder: without a key [auth/missing-accepted]
            cancelOrder answered 200 without a key, and its contract asks for one
        fail shop cancelOrder: with a wrong key [auth/wrong-key-accepted]
            cancelOrder answered 200 with a wrong key, and its contract asks for one
    "#]],
    )
    .await;
}
#[tokio::test]
async fn crashes_on_a_missing_property() {
    check(
        Defect::CrashesOnMissing,
        &expect![[r#"
        fail (1)
        fail shop createOrder: without /product [response/server-error]
            createOrder answered 500
        fail shop setPrice: without /amount [response/server-error]
            setPrice answered 500 (also: /amount as an object)
        fail shop cancelOrder: the body with an unknown property [response/server-error]
            cancelOrder answered 500 (also: /reason empty, /reason far too long, /reason as an object)
    "#]],
    )
    .await;
}
#[tokio::test]
async fn one_operation_hangs() {
    check(Defect::GetHangs, &expect![[r#"
        fail (1)
        fail shop getOrder: call [response/no-answer]
            getOrder gave no answer: GET http://127.0.0.1:PORT/orders/O-1: no whole answer within DURATION (also: without a key, with a wrong key, an id that nobody has)
    "#]]).await;
}
#[tokio::test]
async fn no_key_needed() {
    check(
        Defect::NoKeyNeeded,
        &expect![[r#"
        fail (1)
        fail shop createOrder: without an Idempotency-Key [idempotency/missing-key-accepted]
            createOrder answered 201 without the `Idempotency-Key` that its contract requires
    "#]],
    )
    .await;
}
#[tokio::test]
async fn forgets_idempotency_keys() {
    check(
        Defect::ForgetsKeys,
        &expect![[r#"
            fail (1)
            fail shop createOrder: the same call again [idempotency/replay-differs]
                createOrder answered 201 first, and with another body to the same call again
            fail shop createOrder: another body under the same Idempotency-Key [idempotency/changed-body-accepted]
                createOrder answered 201 for another body under the same `Idempotency-Key`
        "#]],
    )
    .await;
}
#[tokio::test]
async fn ignores_the_body_of_a_key() {
    check(
        Defect::IgnoresBodyOfKey,
        &expect![[r#"
        fail (1)
        fail shop createOrder: another body under the same Idempotency-Key [idempotency/changed-body-accepted]
            createOrder answered 201 for another body under the same `Idempotency-Key`
    "#]],
    )
    .await;
}
#[tokio::test]
async fn finds_what_nobody_has() {
    check(
        Defect::FindsUnknown,
        &expect![[r#"
        fail (1)
        fail shop getOrder: an id that nobody has [resource/unknown-found]
            getOrder answered 200 for an id that nobody has, and its contract declares 404
    "#]],
    )
    .await;
}
#[tokio::test]
async fn loses_orders() {
    check(
        Defect::LosesOrders,
        &expect![[r#"
        fail (1)
        fail shop getOrder: call [resource/created-not-found]
            getOrder does not find what this run made there
    "#]],
    )
    .await;
}
#[tokio::test]
async fn refuses_the_smallest_body() {
    check(
        Defect::RefusesMinimal,
        &expect![[r#"
        fail (1)
        fail shop createOrder: smallest valid body [request/minimal-refused]
            createOrder answered 400 to a body in which everything required is there
    "#]],
    )
    .await;
}
#[tokio::test]
async fn always_busy_is_no_finding() {
    check(
        Defect::AlwaysBusy,
        &expect![[r#"
            error (2)
            error shop: nothing decided [system/nothing-decided]
                none of its cases could be decided
        "#]],
    )
    .await;
}
#[tokio::test]
async fn unknown_key_is_no_finding_and_no_pass() {
    check(
        Defect::OtherKey,
        &expect![[r#"
        error (2)
        error shop createOrder: example synthetic [auth/key-refused]
            the key of the environment is not known there
        error shop findOrders: call [auth/key-refused]
            the key of the environment is not known there
        error shop getOrder: call [auth/key-refused]
            the key of the environment is not known there
        error shop setPrice: example one [auth/key-refused]
            the key of the environment is not known there
    "#]],
    )
    .await;
}
#[tokio::test]
async fn resets() {
    check(
        Defect::Resets,
        &expect![[r#"
        fail (1)
        fail shop getHealth: call [response/broken]
            getHealth gave no answer: GET http://127.0.0.1:PORT/health: connection closed before message completed
        fail shop createOrder: example synthetic [response/broken]
            createOrder gave no answer: POST http://127.0.0.1:PORT/orders: connection closed before message completed
    "#]],
    )
    .await;
}
#[tokio::test]
async fn garbage() {
    check(
        Defect::Garbage,
        &expect![[r#"
        fail (1)
        fail shop getHealth: call [response/broken]
            getHealth gave no answer: GET http://127.0.0.1:PORT/health: invalid HTTP version parsed
        fail shop createOrder: example synthetic [response/broken]
            createOrder gave no answer: POST http://127.0.0.1:PORT/orders: invalid HTTP version parsed
    "#]],
    )
    .await;
}
#[tokio::test]
async fn everything_hangs() {
    check(
        Defect::AllHangs,
        &expect![[r#"
        error (2)
        error shop: no answer [system/no-answer]
            GET http://127.0.0.1:PORT/health: no whole answer within DURATION; 8 operations could not be tested
    "#]],
    )
    .await;
}
#[tokio::test]
async fn down() {
    check(
        Defect::Down,
        &expect![[r#"
        error (2)
        error shop: no answer [system/no-answer]
            GET http://127.0.0.1:PORT/health: Connection refused (os error 111); 8 operations could not be tested
    "#]],
    )
    .await;
}
