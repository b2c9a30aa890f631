//! Exit codes, and the one way a command ends without a report.

use std::process::ExitCode;

use crossdock_diag::Diagnostics;

use crate::output;

/// Could not run: a bad file or usage, no answer at all.
pub(crate) const COULD_NOT_RUN: u8 = 2;
/// Interrupted, after clean-up.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command could not run.
pub(crate) enum Failure {
    /// Mistakes in files, each with its place.
    Files(Diagnostics),
    /// Anything else, in plain words; what to do about it, where that is known.
    Other {
        /// What happened.
        message: String,
        /// What would be right.
        help: Option<String>,
    },
    /// The person pressed Ctrl-C, and everything is cleaned up; nothing was reported yet.
    Interrupted,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Other { message: message.into(), help: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        match self {
            Self::Other { message, .. } => Self::Other { message, help: Some(help.into()) },
            other => other,
        }
    }

    /// An error with all its causes, outermost first.
    pub(crate) fn chain(what: &str, error: &dyn std::error::Error) -> Self {
        let mut message = format!("{what}: {error}");
        let mut cause = error.source();
        while let Some(inner) = cause {
            let text = inner.to_string();
            if !message.ends_with(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = inner.source();
        }
        Self::new(message)
    }

    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Self::Interrupted => INTERRUPTED.into(),
            Self::Files(_) | Self::Other { .. } => COULD_NOT_RUN.into(),
        }
    }
}

/// How a command ends whose report is out: 130 if it was cut short, so that nobody takes part of a run for all of it.
pub(crate) fn reported(code: ExitCode, interrupted: bool) -> ExitCode {
    if interrupted {
        output::note("interrupted; everything was cleaned up");
        return INTERRUPTED.into();
    }
    code
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Files(diagnostics)
    }
}
