//! `crossdock contract test`: live systems held to their contracts.

use std::process::ExitCode;

use crossdock_verify::TestOptions;

use crate::commands::environment::EnvironmentArgs;
use crate::exit::{self, Failure};
use crate::interrupt;
use crate::output::{self, OutputArgs};

/// Arguments of `contract test`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where the systems are
    #[command(flatten)]
    pub environment: EnvironmentArgs,
    /// Only this system; may be given several times
    #[arg(long, value_name = "SYSTEM")]
    pub system: Vec<String>,
    /// Only the declared examples, no generated cases
    #[arg(long)]
    pub examples_only: bool,
    /// Which generated cases, where there are more than are tried
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Send documents that start an exchange with other systems (X12) too
    #[arg(long)]
    pub documents: bool,
    /// Output
    #[command(flatten)]
    pub output: OutputArgs,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let place = args.environment.open().await?;
    let options = TestOptions {
        systems: (!args.system.is_empty()).then(|| args.system.clone()),
        generated: !args.examples_only,
        seed: args.seed,
        documents: args.documents,
        cancel: interrupt::on_ctrl_c(),
        ..TestOptions::default()
    };
    let tested = crossdock_verify::test(&place.contracts, &place.environment, &options).await;
    place.close().await;
    let report = tested.map_err(|error| Failure::chain("nothing could be tested", &error))?;
    let code = output::finish(&report, &args.output)?;
    Ok(exit::reported(code, options.cancel.is_cancelled()))
}
