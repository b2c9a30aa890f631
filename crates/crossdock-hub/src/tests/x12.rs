//! X12 at the door: taken, cut in the middle, wrong in one element.

use serde_json::{Value, json};

use super::world::World;

const ISA: &str =
    "ISA*00*          *00*          *ZZ*ACME           *ZZ*CROSSDOCK      *261125*0930*U*00401*000000801*0*P*>~";

fn functional_ack() -> String {
    format!(
        "{ISA}GS*FA*ACME*CROSSDOCK*20261125*0931*801*X*004010~ST*997*0001~AK1*PO*17~AK2*850*0001~AK5*A~AK9*A*1*1*1~SE*6*0001~\
         GE*1*801~IEA*1*000000801~"
    )
}

async fn send(world: &World, text: String) -> (u16, Value) {
    world.send("supplier-acme", "application/edi-x12", text).await
}

#[tokio::test]
async fn a_997_is_taken_and_not_acknowledged() {
    let world = World::new().await;
    let (status, answer) = send(&world, functional_ack()).await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(answer["results"].as_array().unwrap().len(), 1);
    assert_eq!(answer["results"][0]["outcome"], "accepted");
    assert_eq!(answer.get("acknowledgement"), None);
    let (_, again) = send(&world, functional_ack()).await;
    assert_eq!(again["results"][0]["outcome"], "duplicate");
}

#[tokio::test]
async fn a_file_cut_in_the_middle_is_refused_whole_and_kept() {
    let world = World::new().await;
    let whole = functional_ack();
    let cut = whole[..whole.len() / 2 + 20].to_owned();
    let (status, problem) = send(&world, cut).await;
    assert_eq!(status, 422, "{problem}");
    let first = &problem["errors"][0];
    assert!(first["message"].as_str().unwrap().contains("byte "), "{problem}");
    assert!(problem["acknowledgement"].as_str().unwrap().contains("TA1*"), "{problem}");
    let kept = world.event("message.rejected.v1", |_| true).await;
    assert_eq!(kept["data"]["system"], "supplier-acme");
    assert!(kept["data"]["original"].as_str().unwrap().starts_with("ISA*"));
}

#[tokio::test]
async fn bytes_that_are_no_x12_are_refused() {
    let world = World::new().await;
    for text in ["", "hello", "ISA*00*", "UNB+UNOA:1+A+B'"] {
        let (status, problem) = send(&world, text.to_owned()).await;
        assert_eq!(status, 422, "{text}: {problem}");
        assert_eq!(problem["status"], json!(422));
    }
}

#[tokio::test]
async fn a_set_is_acknowledged_to_its_sender() {
    let world = World::new().await;
    let text = functional_ack();
    // An 855 for an order that nobody knows: understood, so its 997 says accepted; what it means is the core's question.
    let text = text.replace(
        "GS*FA*ACME*CROSSDOCK*20261125*0931*801*X*004010~ST*997*0001~AK1*PO*17~AK2*850*0001~AK5*A~AK9*A*1*1*1~SE*6*0001~",
        "GS*PR*ACME*CROSSDOCK*20261125*0931*801*X*004010~ST*855*0001~BAK*00*AT*PO-1*20261125~DTM*097*20261125*093000~\
         PO1*1*20*EA*6.50**BP*P-100~ACK*IA*20*EA~CTT*1~SE*7*0001~",
    );
    let (status, answer) = send(&world, text).await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(answer["results"][0]["outcome"], "accepted", "{answer}");
    assert!(answer["acknowledgement"].as_str().unwrap().contains("AK1*PR*801"), "{answer}");
    world.event("delivery.succeeded.v1", |data| data["operation"] == "sendInterchange").await;
    let sent = world.targets["supplier-acme"].got("POST", "/edi");
    assert!(sent[0].body.contains("ST*997*0001~AK1*PR*801~"), "{}", sent[0].body);
}
