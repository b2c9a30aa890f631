//! `crossdock report`: saved results in another format, several as one.

use std::path::PathBuf;
use std::process::ExitCode;

use crossdock_report::Report;

use crate::exit::Failure;
use crate::output::{self, OutputArgs};

/// Arguments of `report`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Results as JSON, written by `--report json=FILE` or `--format json`
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Output
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let reports = args.files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    match reports.as_slice() {
        [only] => output::finish(only, &args.output),
        several => output::finish(&crossdock_report::combine(several), &args.output),
    }
}

fn read(path: &PathBuf) -> Result<Report, Failure> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| Failure::chain(&format!("{name} cannot be read"), &error))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::chain(&format!("{name} is no report of ours"), &error)
            .help("`crossdock … --report json=FILE` writes one")
    })
}
