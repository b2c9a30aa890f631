//! The `crossdock` command line: what a person types, and what becomes of it.
//! Here: the command tree (`commands/`, one file a command), output and exit codes. Not here: what the commands do (`crates/`).
//! Invariant: 0 all holds, 1 something is false, 2 it could not run, 3 cannot tell, 130 interrupted after clean-up.

pub mod cli;
mod commands;
pub mod embedded;
mod exit;
pub mod generate;
mod interrupt;
mod output;

use std::process::ExitCode;

use clap::Parser as _;

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    commands::run(cli)
}
