//! `crossdock probe once`: one synthetic transaction, each step timed, cleaned up.

use std::path::PathBuf;
use std::process::ExitCode;

use crossdock_probe::ProbeOptions;
use crossdock_scenario::{RunnerOptions, Scenario};

use crate::commands::environment::EnvironmentArgs;
use crate::exit::{self, Failure};
use crate::interrupt;
use crate::output::{self, OutputArgs};

/// Arguments of `probe once`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The scenario
    pub scenario: PathBuf,
    /// Where the systems are
    #[command(flatten)]
    pub environment: EnvironmentArgs,
    /// Where clean-ups are written down before they become necessary, so that a crash is cleaned up by `--recover`
    #[arg(long, value_name = "FILE")]
    pub intent_log: Option<PathBuf>,
    /// First undo what a crashed run left, by its log
    #[arg(long, value_name = "FILE")]
    pub recover: Option<PathBuf>,
    /// Output
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let place = args.environment.open().await?;
    let scenario = match Scenario::load(&args.scenario, &place.contracts, Some(&place.environment)) {
        Ok(scenario) => scenario,
        Err(problems) => {
            place.close().await;
            return Err(problems.into());
        }
    };
    output::diagnose(scenario.warnings().iter());
    let options = ProbeOptions {
        runner: RunnerOptions { intent_log: args.intent_log, ..RunnerOptions::default() },
        recover: args.recover,
        cancel: interrupt::on_ctrl_c(),
    };
    let cancel = options.cancel.clone();
    let report =
        crossdock_probe::once(std::sync::Arc::clone(&place.contracts), &place.environment, &scenario, options).await;
    place.close().await;
    let code = output::finish(&report, &args.output)?;
    Ok(exit::reported(code, cancel.is_cancelled()))
}
