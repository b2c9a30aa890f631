//! `crossdock init`: a starter set to be edited into one's own.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::exit::Failure;
use crate::{embedded, output};

/// Arguments of `init`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The folder; it is made, and must be empty if it exists
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let dir = args.dir.display();
    // Nothing of anybody's is overwritten.
    if std::fs::read_dir(&args.dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Failure::new(format!("`{dir}` is not empty")).help("name a folder that does not exist yet"));
    }
    embedded::unpack(&embedded::STARTER, &args.dir)
        .map_err(|error| Failure::chain(&format!("`{dir}` cannot be written"), &error))?;
    output::print(&format!(
        "A starter set is in {dir}: one API, one event, one scenario, one simulated system, one environment.\n\n\
         Next:\n  cd {dir}\n  crossdock contract lint\n  crossdock keys commerce > keys.env && set -a && . ./keys.env && set +a\n  \
         crossdock mock & sleep 1\n  crossdock contract test -e local\n  crossdock probe once scenarios/first-order.yaml -e local\n\n\
         Then put your own URL into scenarios/environments/local.yaml, and your own contract into contracts/apis.\n"
    ));
    Ok(ExitCode::SUCCESS)
}
