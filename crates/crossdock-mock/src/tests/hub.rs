//! A hub that listens: takes what it is told, answers as asked, and remembers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path as InPath, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::support::key;

/// What a listening hub took: who said it, its media type, the text.
pub(super) type Heard = Arc<Mutex<Vec<(String, String, String)>>>;

/// A hub that takes everything, answers as told, and remembers.
pub(super) async fn listening_hub(answers: Vec<StatusCode>) -> (SocketAddr, Heard) {
    let heard: Heard = Heard::default();
    let answers = Arc::new(Mutex::new(answers));
    let take = move |State(heard): State<Heard>, InPath(system): InPath<String>, headers: HeaderMap, body: String| {
        let answers = Arc::clone(&answers);
        async move {
            let status = { answers.lock().unwrap().pop() }.unwrap_or(StatusCode::ACCEPTED);
            let media_type = headers["content-type"].to_str().unwrap().to_owned();
            assert_eq!(headers["authorization"], format!("Bearer {}", key(&system)));
            if status.is_success() {
                heard.lock().unwrap().push((system, media_type, body));
            }
            (status, axum::Json(json!({ "results": [] })))
        }
    };
    let router = Router::new().route("/system/v1/{system}/events", post(take)).with_state(Arc::clone(&heard));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, heard)
}

/// The events a hub heard, by system, in the order in which it heard them.
pub(super) fn events(heard: &Heard) -> BTreeMap<String, Vec<Value>> {
    let mut events: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (system, media_type, body) in heard.lock().unwrap().iter() {
        match media_type.as_str() {
            "application/cloudevents+json" => {
                events.entry(system.clone()).or_default().push(serde_json::from_str(body).unwrap());
            }
            "application/cloudevents-batch+json" => {
                let batch: Vec<Value> = serde_json::from_str(body).unwrap();
                events.entry(system.clone()).or_default().extend(batch);
            }
            _ => {}
        }
    }
    events
}

/// The texts of a media type that a hub heard.
pub(super) fn texts(heard: &Heard, media_type: &str) -> Vec<String> {
    heard.lock().unwrap().iter().filter(|(_, kind, _)| kind == media_type).map(|(_, _, text)| text.clone()).collect()
}
