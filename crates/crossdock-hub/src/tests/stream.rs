//! Following the log: from the beginning, from now, filtered, resumed, slowly, to the end.

use super::world::{World, order};

#[tokio::test]
async fn from_the_beginning_then_live() {
    let world = World::new().await;
    world.submit("commerce", &order("1")).await;
    let mut follow = world.follow("?from=0").await;
    let (first, event) = follow.next().await;
    assert_eq!((first, event["type"].as_str()), (1, Some("order.captured.v1")));
    let mut last = first;
    world.submit("commerce", &order("2")).await;
    loop {
        let (seq, event) = follow.next().await;
        assert_eq!(seq, last + 1, "nothing is left out");
        last = seq;
        if event["type"] == "order.captured.v1" {
            assert_eq!(event["data"]["orderId"], "2");
            break;
        }
    }
}

#[tokio::test]
async fn from_now_on_and_filtered() {
    let world = World::new().await;
    world.submit("commerce", &order("1")).await;
    let mut all = world.follow("?from=now&type=order.captured.v1").await;
    let mut one = world.follow("?from=0&correlationId=flow-2&type=order.captured.v1").await;
    world.submit("commerce", &order("2")).await;
    assert_eq!(all.next().await.1["data"]["orderId"], "2");
    assert_eq!(one.next().await.1["type"], "order.captured.v1");
}

#[tokio::test]
async fn a_reconnect_goes_on_behind_the_last_id() {
    let world = World::new().await;
    world.submit("commerce", &order("1")).await;
    let request = world.client.get(world.url("/process/v1/events?from=0")).bearer_auth("key-of-operator");
    let response = request.header("last-event-id", "1").send().await.unwrap();
    let text = String::from_utf8_lossy(&futures_util::StreamExt::next(&mut Box::pin(chunks(response))).await.unwrap())
        .into_owned();
    assert!(text.contains(": from 2"), "{text}");
}

fn chunks(response: reqwest::Response) -> impl futures_util::Stream<Item = bytes::Bytes> {
    futures_util::stream::unfold(response, |mut response| async move {
        let chunk = response.chunk().await.ok()??;
        Some((chunk, response))
    })
}

#[tokio::test]
async fn a_reader_behind_the_tail_reads_from_the_ledger() {
    let world = World::with(|config| config.limits.stream_tail = 3).await;
    for number in 0..20 {
        world.submit("commerce", &order(&number.to_string())).await;
    }
    let mut follow = world.follow("?from=1").await;
    for expected in 1..40 {
        assert_eq!(follow.next().await.0, expected);
    }
}

#[tokio::test]
async fn streams_are_bounded_and_end_with_the_hub() {
    let world = World::with(|config| config.limits.streams = 1).await;
    let mut follow = world.follow("?from=now").await;
    let (status, problem) = world.try_get("/process/v1/events").await;
    assert_eq!(status, 503, "{problem}");
    world.hub.shutdown().await;
    assert_eq!(follow.frame().await, None);
}
