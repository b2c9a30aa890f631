//! What a person sees who runs a command: the line, the exit code, both outputs, in one text.
//! Here: running and writing down. Not here: which binary (`env!("CARGO_BIN_EXE_crossdock")` is known to the test only).

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::redact::Redactor;

/// A command that ran to its end.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// The command line, by the file name of the program.
    pub line: String,
    /// The exit code; none after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Transcript {
    /// Runs the command to its end, with colour off and nothing on standard input.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn of(command: &mut Command) -> Self {
        let output = command
            .env("NO_COLOR", "1")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let line =
            command.get_args().map(OsStr::to_string_lossy).fold(program, |line, argument| line + " " + &argument);
        Self {
            line,
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// All of it, redacted, for a golden.
    pub fn text(&self, redactor: &Redactor) -> String {
        let code = self.code.map_or("none: ended by a signal".to_owned(), |code| code.to_string());
        let mut text = format!("$ {}\nexit code: {code}\n", self.line);
        for (name, output) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !output.is_empty() {
                let end = if output.ends_with('\n') { "" } else { "\n" };
                write!(text, "--- {name} ---\n{output}{end}").expect("a string takes all");
            }
        }
        redactor.apply(&text)
    }
}
