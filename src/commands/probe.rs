//! `crossdock probe …`

pub(crate) mod once;

/// Synthetic transactions.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Run one transaction now: the smoke test after a deployment
    Once(once::Args),
}
