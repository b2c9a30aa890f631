//! `crossdock contract …`

pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod lint;
pub(crate) mod test;

/// The commands on contracts.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Judge the contracts of a folder: valid, complete, and of one meaning
    Lint(lint::Args),
    /// Hold live systems to their contracts
    Test(test::Args),
    /// Compare two versions: what breaks, and whom
    Diff(diff::Args),
    /// Hold a message to its contract: JSON, CloudEvents, X12
    Check(check::Args),
}
