//! The intent log: what will have to be undone, on disk before it is done.
//! Here: its lines, the writer (one thread, one fsync for all that wait), the reader that forgives a torn last line.
//! Not here: undoing (`cleanup`).
//! Invariant: [`IntentLog::write`] returns when the line is on disk; only then is the call made that the line is about.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use crate::caller::{CallRequest, Identity, RequestBody};
use crate::request::RequestText;

/// How many lines may wait for the writer; those who come later wait, too.
const QUEUE: usize = 1024;

/// One line of the log. Externally tagged: serde's other forms buffer numbers and lose their literal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// A call is about to be made that will have to be undone.
    Begun(Box<Begun>),
    /// The call took place: this is what the clean-up may read.
    Ready { id: String, context: Value },
    /// Nothing is left to undo.
    Closed { id: String, why: String },
}

/// Everything that is needed to undo a call without the scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) id: String,
    pub(crate) scenario: String,
    pub(crate) step: String,
    pub(crate) run_id: String,
    pub(crate) correlation_id: String,
    pub(crate) synthetic: bool,
    pub(crate) call: CallText,
    pub(crate) captures: Map<String, Value>,
    pub(crate) context: Value,
    pub(crate) cleanup: CleanupText,
}

/// A clean-up as the scenario wrote it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CleanupText {
    pub(crate) request: RequestText,
    pub(crate) until: Option<String>,
    pub(crate) within_ms: u64,
}

/// A call as it was about to be sent. The token is not in it: the environment gives it again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CallText {
    pub(crate) system: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<(String, String)>,
    pub(crate) keyed: bool,
}

impl CallText {
    pub(crate) fn of(call: &CallRequest, keyed: bool) -> Self {
        Self {
            system: call.system.clone(),
            method: call.method.to_string(),
            path: call.path.clone(),
            query: call.query.clone(),
            headers: call.headers.clone(),
            body: call
                .body
                .as_ref()
                .map(|body| (body.content_type.clone(), String::from_utf8_lossy(&body.bytes).into_owned())),
            keyed,
        }
    }

    pub(crate) fn request(&self, identity: Identity) -> CallRequest {
        let method = http::Method::from_bytes(self.method.as_bytes()).unwrap_or_default();
        let mut call = CallRequest::new(self.system.clone(), method, self.path.clone());
        call.query.clone_from(&self.query);
        call.headers.clone_from(&self.headers);
        call.body = self
            .body
            .as_ref()
            .map(|(content_type, text)| RequestBody { content_type: content_type.clone(), bytes: text.clone().into() });
        call.identity = Some(identity);
        call
    }
}

/// A line, and whom to tell when it is on disk.
type Waiting = (String, oneshot::Sender<Result<(), Arc<io::Error>>>);

/// The log of one file. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct IntentLog {
    lines: mpsc::Sender<Waiting>,
}

/// The log cannot be written: the call that needs it is not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum IntentError {
    /// The disk said no.
    #[error("the clean-up log {} cannot be written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<io::Error>,
    },
    /// A line that is not ours.
    #[error("line {line} of the clean-up log {} is not one of ours", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
    },
    /// The writer has ended.
    #[error("the writer of the clean-up log has ended")]
    Ended,
}

impl IntentLog {
    /// Opens the file for appending, makes it and its folder if they are not there.
    pub(crate) fn open(path: &Path) -> Result<Self, IntentError> {
        let wrong = |source: io::Error| IntentError::Io { path: path.to_owned(), source: Arc::new(source) };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(wrong)?;
        }
        let file = OpenOptions::new().create(true).append(true).read(true).open(path).map_err(wrong)?;
        end_torn_line(&file, path).map_err(wrong)?;
        let (lines, queue) = mpsc::channel(QUEUE);
        // A thread of its own: fsync blocks, and must not hold up the runs.
        std::thread::Builder::new()
            .name("cleanup-log".to_owned())
            .spawn(move || write_lines(file, queue))
            .map_err(wrong)?;
        Ok(Self { lines })
    }

    /// Appends a line and returns when it is on disk.
    pub(crate) async fn write(&self, line: &Line) -> Result<(), IntentError> {
        let text = serde_json::to_string(line).map_err(|_| IntentError::Ended)?;
        let (tell, told) = oneshot::channel();
        self.lines.send((text, tell)).await.map_err(|_| IntentError::Ended)?;
        match told.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(source)) => Err(IntentError::Io { path: PathBuf::new(), source }),
            Err(_) => Err(IntentError::Ended),
        }
    }
}

/// After a crash the last line may be torn; a new line must not be glued to it.
fn end_torn_line(mut file: &File, path: &Path) -> io::Result<()> {
    let bytes = std::fs::read(path)?;
    if bytes.last().is_some_and(|last| *last != b'\n') { file.write_all(b"\n") } else { Ok(()) }
}

fn write_lines(mut file: File, mut queue: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::new();
    while queue.blocking_recv_many(&mut batch, QUEUE) > 0 {
        let mut bytes = Vec::new();
        for (line, _) in &batch {
            bytes.extend_from_slice(line.as_bytes());
            bytes.push(b'\n');
        }
        let written = file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(Arc::new);
        for (_, tell) in batch.drain(..) {
            // Nobody waits any more for a line of a run that was dropped.
            tell.send(written.clone()).ok();
        }
    }
}

/// What a log says is still to be undone, the newest first.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) begun: Begun,
    /// `None`: it is not known whether the call took place.
    pub(crate) context: Option<Value>,
}

/// Reads a log. A line that is not JSON is forgiven where a crash can have torn it; anything else is not our file.
pub(crate) fn read_open(path: &Path) -> Result<Vec<Open>, IntentError> {
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(IntentError::Io { path: path.to_owned(), source: Arc::new(error) }),
    };
    let mut open: Vec<Open> = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(Line::Begun(begun)) => open.push(Open { begun: *begun, context: None }),
            Ok(Line::Ready { id, context }) => {
                if let Some(known) = open.iter_mut().find(|known| known.begun.id == id) {
                    known.context = Some(context);
                }
            }
            Ok(Line::Closed { id, .. }) => open.retain(|known| known.begun.id != id),
            // Torn: it begins as ours does and does not end. The call it was about had not been made.
            Err(error) if error.is_eof() => {
                tracing::warn!(line = number + 1, "a torn line of the clean-up log is skipped");
            }
            Err(_) => return Err(IntentError::Foreign { path: path.to_owned(), line: number + 1 }),
        }
    }
    open.reverse();
    Ok(open)
}
