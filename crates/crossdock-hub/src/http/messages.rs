//! What a system may put into the fact door, read into CloudEvents as JSON.
//! Here: the four media types, binary mode, and mistakes of bytes and JSON with their offset. Not here: contracts (`admission.rs`),
//! X12 (`crossdock-connector`).
//! Invariant: either every message of a body can be looked at alone, or the whole body is refused.

use http::{HeaderMap, header};
use serde_json::{Map, Value};

use crate::http::problem::Problem;

/// The media types of the fact door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// One CloudEvent as JSON.
    Structured,
    /// A list of them.
    Batch,
    /// The attributes in `ce-` headers, the data in the body.
    Binary,
    /// A raw X12 interchange.
    X12,
}

/// Which of them a request has.
pub(crate) fn media(headers: &HeaderMap) -> Result<Media, Problem> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/cloudevents-batch+json" => Ok(Media::Batch),
        "application/edi-x12" => Ok(Media::X12),
        "application/json" if headers.contains_key("ce-specversion") => Ok(Media::Binary),
        "application/cloudevents+json" | "application/json" => Ok(Media::Structured),
        _ => Err(Problem::media_type(format!(
            "{} is not taken here; send application/cloudevents+json, application/cloudevents-batch+json, application/json \
             or application/edi-x12",
            if value.is_empty() { "a body without a content type".to_owned() } else { format!("`{value}`") }
        ))),
    }
}

/// Reads JSON; what is wrong is said with its byte.
pub(crate) fn json(body: &[u8]) -> Result<Value, Problem> {
    if let Err(error) = std::str::from_utf8(body) {
        return Err(Problem::bad_request(format!("the body is not UTF-8 from byte {} on", error.valid_up_to())));
    }
    serde_json::from_slice(body).map_err(|error| {
        let at = offset(body, error.line(), error.column());
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or(&text);
        Problem::bad_request(format!(
            "the body is not JSON: {what} at byte {at} (line {}, column {})",
            error.line(),
            error.column()
        ))
    })
}

/// The messages of a JSON body.
pub(crate) fn events(media: Media, headers: &HeaderMap, body: &[u8], most: usize) -> Result<Vec<Value>, Problem> {
    let value = json(body)?;
    match media {
        Media::Structured | Media::X12 => Ok(vec![value]),
        Media::Binary => Ok(vec![binary(headers, value)?]),
        Media::Batch => match value {
            Value::Array(list) if list.len() > most => {
                Err(Problem::too_large(format!("{} events in one batch; {most} are the limit", list.len())))
            }
            Value::Array(list) => Ok(list),
            _ => Err(Problem::bad_request("a batch is a JSON array of CloudEvents")),
        },
    }
}

/// Binary mode: each `ce-NAME` header is the attribute NAME.
fn binary(headers: &HeaderMap, data: Value) -> Result<Value, Problem> {
    let mut event = Map::new();
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else { continue };
        let value = value
            .to_str()
            .map_err(|_| Problem::bad_request(format!("the header {name} has others than visible ASCII characters")))?;
        // The one boolean among our extensions; everything in a header is text.
        let value = match (attribute, value) {
            ("synthetic", "true") => Value::Bool(true),
            ("synthetic", "false") => Value::Bool(false),
            _ => value.into(),
        };
        event.insert(attribute.to_owned(), value);
    }
    event.insert("datacontenttype".to_owned(), "application/json".into());
    event.insert("data".to_owned(), data);
    Ok(Value::Object(event))
}

/// The byte of a line and column (both from 1) as `serde_json` counts them.
fn offset(body: &[u8], line: usize, column: usize) -> usize {
    let start: usize = body.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    (start + column.saturating_sub(1)).min(body.len())
}
