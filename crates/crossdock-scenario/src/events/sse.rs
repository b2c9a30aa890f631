//! Server-sent events as bytes come in: fields, multi-line data, ids, comments, any line break, a BOM.
//! Here: the incremental reader. Not here: what the data means, or reconnecting.
//! Invariant: memory is bounded by one event of [`MAX_EVENT`] bytes, whatever is sent.

/// The largest event that is read, in bytes.
pub const MAX_EVENT: usize = 4 << 20;

/// One event of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The last id that the stream has given, with this event or before.
    pub id: Option<String>,
    /// The event's type; empty where the stream gives none.
    pub event: String,
    /// The data lines, joined by line breaks.
    pub data: String,
}

/// The stream sent more than is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {MAX_EVENT} bytes")]
pub struct TooLarge;

/// The reader: bytes in, events out.
#[derive(Debug, Default)]
pub struct Reader {
    line: Vec<u8>,
    after_cr: bool,
    begun: bool,
    id: Option<String>,
    event: String,
    data: String,
    has_data: bool,
}

impl Reader {
    /// Takes bytes in any portions and calls `found` for each whole event.
    pub fn take(&mut self, bytes: &[u8], mut found: impl FnMut(Message)) -> Result<(), TooLarge> {
        for &byte in bytes {
            match byte {
                // The LF of a CR LF whose CR has ended the line already.
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    self.end_line(&mut found);
                }
                _ => {
                    self.after_cr = false;
                    self.line.push(byte);
                    if self.line.len() + self.data.len() > MAX_EVENT {
                        return Err(TooLarge);
                    }
                }
            }
        }
        Ok(())
    }

    fn end_line(&mut self, found: &mut impl FnMut(Message)) {
        let bytes = std::mem::take(&mut self.line);
        let mut line = &bytes[..];
        if !self.begun {
            self.begun = true;
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch(found);
        } else {
            let text = String::from_utf8_lossy(line);
            let (field, value) = text.split_once(':').unwrap_or((&text, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" => {
                    if self.has_data {
                        self.data.push('\n');
                    }
                    self.has_data = true;
                    self.data.push_str(value);
                }
                "event" => value.clone_into(&mut self.event),
                "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
                // A comment (empty field name), `retry`, or a word of a later version.
                _ => {}
            }
        }
        // The allocation is kept for the next line.
        self.line = bytes;
        self.line.clear();
    }

    fn dispatch(&mut self, found: &mut impl FnMut(Message)) {
        let event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        if std::mem::take(&mut self.has_data) {
            found(Message { id: self.id.clone(), event, data });
        }
    }
}
