//! Processes that end with their test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A process that ends with the test, however that ends.
pub(crate) struct Running(Child);

impl Running {
    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Starts a program and takes the first lines of its standard output.
pub(crate) fn start(command: &mut Command, lines: usize) -> (Running, Vec<String>) {
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::piped()).spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let lines = output.lines().take(lines).map(Result::unwrap).collect();
    (Running(child), lines)
}

/// The address that a program said it listens on.
pub(crate) fn address(line: &str) -> String {
    line.split("http://").nth(1).unwrap_or_else(|| panic!("no address in {line:?}")).trim().to_owned()
}
