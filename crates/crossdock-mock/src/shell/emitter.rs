//! Telling the hub: at least once, in order, with back-off, until it has answered for good.
//!
//! What it waits out: no connection, 5xx, 408, 409, 425, 429 (as long as `Retry-After` says), and 401/403, which are a state
//! of the hub's configuration and not of the message. Any other 4xx refuses the message: it is recorded and left behind.
//! How it recovers: by itself; nothing is dropped while the process lives.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::watch;

use super::outbox::{Outbox, Parcel, Refusal};
use crate::dice::Dice;

/// The first pause, doubled with each failure up to the longest one. Half of a pause is drawn: full jitter with a floor.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long the hub may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What drives one system's outbox.
pub(crate) struct Emitter {
    pub(crate) system: String,
    pub(crate) key: SecretString,
    pub(crate) client: Client,
    pub(crate) hub: watch::Receiver<Option<Url>>,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) dice: Dice,
}

enum Verdict {
    /// The hub has it; these of it it did not want.
    Done(Vec<Refusal>),
    /// The hub does not want it.
    Refused(u16, Value),
    /// Later.
    Again(Option<Duration>),
}

impl Emitter {
    /// Runs until dropped.
    pub(crate) async fn run(mut self) {
        let mut failures = 0_u32;
        loop {
            let (life, parcel) = self.outbox.next().await;
            let Some(hub) = self.hub_address().await else { return };
            match self.send(&hub, &parcel).await {
                Verdict::Done(refusals) => {
                    failures = 0;
                    self.outbox.delivered(life, parcel.count(), refusals);
                }
                Verdict::Refused(..) if parcel.count() > 1 => {
                    self.outbox.send_one_by_one(life, parcel.count());
                }
                Verdict::Refused(status, problem) => {
                    failures = 0;
                    let id = name_of(&parcel);
                    tracing::warn!(system = %self.system, %id, status, "the hub refused a message");
                    self.outbox.delivered(life, 1, vec![Refusal { id, status, problem }]);
                }
                Verdict::Again(after) => {
                    let pause = after.unwrap_or_else(|| self.pause(failures));
                    failures = failures.saturating_add(1);
                    // A new address ends the pause: the hub is somewhere else now.
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        changed = self.hub.changed() => if changed.is_err() { return },
                    }
                }
            }
        }
    }

    /// Waits until the hub has an address; `None` if it never will.
    async fn hub_address(&mut self) -> Option<Url> {
        let known = self.hub.wait_for(Option::is_some).await.ok()?;
        known.clone()
    }

    fn pause(&mut self, failures: u32) -> Duration {
        let whole = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LONGEST_PAUSE);
        whole / 2 + (whole / 2).mul_f64(self.dice.next_share())
    }

    async fn send(&self, hub: &Url, parcel: &Parcel) -> Verdict {
        let mut door = hub.clone();
        match door.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty().extend(["system", "v1", &self.system, "events"]);
            }
            Err(()) => return Verdict::Again(None),
        }
        let (media_type, body) = match parcel {
            Parcel::Event { json, .. } => ("application/cloudevents+json", json.clone().into_bytes()),
            Parcel::Batch { json, .. } => ("application/cloudevents-batch+json", json.clone().into_bytes()),
            Parcel::Interchange(bytes) => ("application/edi-x12", bytes.clone()),
        };
        let request = self
            .client
            .post(door)
            .bearer_auth(self.key.expose_secret())
            .header(CONTENT_TYPE, media_type)
            .timeout(ANSWER_WITHIN)
            .body(body);
        match request.send().await {
            Ok(response) => judge(response).await,
            Err(error) => {
                tracing::debug!(system = %self.system, %error, "the hub cannot be reached");
                Verdict::Again(None)
            }
        }
    }
}

async fn judge(response: Response) -> Verdict {
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(|seconds| Duration::from_secs(seconds).min(Duration::from_secs(60)));
    match status {
        200..=299 => match response.json::<Value>().await {
            Ok(results) => Verdict::Done(refusals_in(&results)),
            // The answer was cut off: whether the hub has it is unknown. It takes a second copy as a duplicate.
            Err(_) => Verdict::Again(None),
        },
        401 | 403 | 408 | 409 | 425 | 429 => Verdict::Again(retry_after),
        400..=499 => Verdict::Refused(status, response.json::<Value>().await.unwrap_or(Value::Null)),
        _ => Verdict::Again(retry_after),
    }
}

/// The items of an accepted parcel that were rejected one by one.
fn refusals_in(results: &Value) -> Vec<Refusal> {
    let results = results["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    results
        .iter()
        .filter(|result| result["outcome"] == "rejected")
        .map(|result| Refusal {
            id: result["id"].as_str().unwrap_or_default().to_owned(),
            status: 422,
            problem: result["problem"].clone(),
        })
        .collect()
}

fn name_of(parcel: &Parcel) -> String {
    match parcel {
        Parcel::Event { id, .. } => id.clone(),
        Parcel::Batch { ids, .. } => ids.join(" "),
        Parcel::Interchange(bytes) => {
            format!("interchange {}", String::from_utf8_lossy(bytes.get(90..99).unwrap_or_default()))
        }
    }
}
