//! The commands, one file each; the tree is that of the command line.

pub(crate) mod bench;
pub(crate) mod completions;
pub(crate) mod contract;
pub(crate) mod demo;
mod environment;
pub(crate) mod init;
pub(crate) mod keys;
mod landscape;
pub(crate) mod man;
pub(crate) mod mock;
pub(crate) mod probe;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod serve;

use std::process::ExitCode;

use crate::cli::{Cli, Command};
use crate::exit::Failure;
use crate::output::{self, OutputArgs};

/// Runs one command line.
pub(crate) fn run(cli: Cli) -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(output::stderr_color())
        .with_max_level(cli.log)
        .with_target(false)
        .init();
    // Before the first client: TLS by ring, whoever asks for it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let command = cli.command.unwrap_or_else(|| Command::Demo(demo::Args::default()));
    let (name, output) = (name(&command), output_of(&command).cloned());
    match dispatch(command) {
        Ok(code) => code,
        Err(failure) => output::fail(&failure, name, output.as_ref()),
    }
}

fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo(args) => block_on(demo::run(args)),
        Command::Init(args) => init::run(&args),
        Command::Serve(args) => block_on(serve::run(args)),
        Command::Mock(args) => block_on(mock::run(args)),
        Command::Contract(contract::Command::Lint(args)) => contract::lint::run(&args),
        Command::Contract(contract::Command::Diff(args)) => contract::diff::run(&args),
        Command::Contract(contract::Command::Check(args)) => contract::check::run(&args),
        Command::Contract(contract::Command::Test(args)) => block_on(contract::test::run(args)),
        Command::Bench(bench::Command::Run(args)) => block_on(bench::run::run(args)),
        Command::Probe(probe::Command::Once(args)) => block_on(probe::once::run(args)),
        Command::Report(args) => report::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Keys(args) => Ok(keys::run(&args)),
        Command::Completions(args) => Ok(completions::run(&args)),
        Command::Man(args) => man::run(&args),
    }
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Demo(_) => "demo",
        Command::Init(_) => "init",
        Command::Serve(_) => "serve",
        Command::Mock(_) => "mock",
        Command::Contract(contract::Command::Lint(_)) => "contract lint",
        Command::Contract(contract::Command::Diff(_)) => "contract diff",
        Command::Contract(contract::Command::Check(_)) => "contract check",
        Command::Contract(contract::Command::Test(_)) => "contract test",
        Command::Bench(bench::Command::Run(_)) => "bench run",
        Command::Probe(probe::Command::Once(_)) => "probe once",
        Command::Report(_) => "report",
        Command::Schema(_) => "schema",
        Command::Keys(_) => "keys",
        Command::Completions(_) => "completions",
        Command::Man(_) => "man",
    }
}

fn output_of(command: &Command) -> Option<&OutputArgs> {
    match command {
        Command::Demo(args) => Some(&args.output),
        Command::Contract(contract::Command::Lint(args)) => Some(&args.output),
        Command::Contract(contract::Command::Diff(args)) => Some(&args.output),
        Command::Contract(contract::Command::Check(args)) => Some(&args.output),
        Command::Contract(contract::Command::Test(args)) => Some(&args.output),
        Command::Bench(bench::Command::Run(args)) => Some(&args.output),
        Command::Probe(probe::Command::Once(args)) => Some(&args.output),
        Command::Report(args) => Some(&args.output),
        _ => None,
    }
}

fn block_on(work: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::chain("the runtime cannot start", &error))?;
    let result = runtime.block_on(work);
    // What still waits on a socket somewhere does not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    result
}
