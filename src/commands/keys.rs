//! `crossdock keys`: new keys for a configuration, as environment variables. Nothing is stored.

use std::process::ExitCode;

use crate::output;

/// The systems of the default configuration, and the operator.
const HOLDERS: [&str; 9] =
    ["operator", "commerce", "erp", "wms-east", "wms-west", "procurement", "supplier-acme", "carrier-swift", "ap"];

/// Arguments of `keys`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Whose keys; by default the systems of the default configuration and the operator
    #[arg(value_name = "SYSTEM")]
    pub holders: Vec<String>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let holders = if args.holders.is_empty() { HOLDERS.map(str::to_owned).to_vec() } else { args.holders.clone() };
    for holder in &holders {
        output::print(&format!("{}={}\n", variable(holder), new_key()));
    }
    ExitCode::SUCCESS
}

/// The environment variable of a system's key: `CROSSDOCK_KEY_WMS_EAST`.
pub(crate) fn variable(system: &str) -> String {
    format!("CROSSDOCK_KEY_{}", system.to_uppercase().replace('-', "_"))
}

/// 244 random bits.
pub(crate) fn new_key() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}
