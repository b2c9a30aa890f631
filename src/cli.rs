//! The command line, declared. A command's file is where its words say: `crossdock contract lint` is
//! `src/commands/contract/lint.rs`.

use clap::{Parser, Subcommand};

use crate::commands::{bench, completions, contract, demo, init, keys, man, mock, probe, report, schema, serve};

/// Keeps orders, stock and purchase orders in step across ERP, warehouses, commerce, suppliers, carriers and accounts
/// payable, and proves that it does.
#[derive(Parser, Debug)]
#[command(name = "crossdock", version, about, long_about = None, arg_required_else_help = false, infer_subcommands = false)]
#[command(
    after_help = "Without a command, the demo runs.\nExit codes: 0 all holds · 1 something is false · 2 could not run · 3 cannot tell · 130 interrupted"
)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What is said on standard error while it runs: error, warn, info, debug, trace
    #[arg(
        long,
        global = true,
        env = "CROSSDOCK_LOG",
        default_value = "warn",
        value_name = "LEVEL",
        help_heading = "Output"
    )]
    pub log: tracing::Level,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Show the main job, end to end, on free ports in a temporary folder
    Demo(demo::Args),
    /// Write a starter set: one API, one event, one scenario, one simulated system, one environment
    Init(init::Args),
    /// Run the hub
    Serve(serve::Args),
    /// Run simulated systems, or a stub of a contract's examples
    Mock(mock::Args),
    /// Contracts: lint, test, compare, check
    #[command(subcommand)]
    Contract(contract::Command),
    /// Benchmarks
    #[command(subcommand)]
    Bench(bench::Command),
    /// Synthetic transactions
    #[command(subcommand)]
    Probe(probe::Command),
    /// Render saved results in another format, several as one
    Report(report::Args),
    /// Print the JSON Schema of a file that people write, for editors
    Schema(schema::Args),
    /// Print new keys for every system of a configuration, as environment variables
    Keys(keys::Args),
    /// Print a shell's completions
    Completions(completions::Args),
    /// Print the manual page, or write all of them into a folder
    Man(man::Args),
}
