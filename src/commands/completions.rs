//! `crossdock completions`: a shell's completions.

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::output;

/// Arguments of `completions`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The shell
    pub shell: clap_complete::Shell,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "crossdock", &mut text);
    output::print(&String::from_utf8_lossy(&text));
    ExitCode::SUCCESS
}
