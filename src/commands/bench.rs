//! `crossdock bench …`

pub(crate) mod run;

/// The benchmarks.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Run a scenario at its declared rate and hold what is measured to the service levels
    Run(run::Args),
}
