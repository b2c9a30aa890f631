//! Where a command finds contracts and systems: the files of a person, or the built-in demo landscape.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossdock_contract::Contracts;
use crossdock_scenario::Environment;

use super::landscape::Landscape;
use crate::exit::Failure;
use crate::output;

/// The word for the built-in landscape.
const DEMO: &str = "demo";

/// Where the systems are.
#[derive(clap::Args, Clone, Debug)]
pub struct EnvironmentArgs {
    /// A file under scenarios/environments, by name or path; `demo` starts the built-in landscape for this run
    #[arg(long, short, env = "CROSSDOCK_ENVIRONMENT", value_name = "NAME")]
    pub environment: Option<String>,
    /// The contracts of the systems
    #[arg(long, default_value = "contracts", value_name = "FOLDER")]
    pub contracts: PathBuf,
}

/// Contracts and systems, ready to be talked to.
pub(crate) struct Place {
    pub(crate) contracts: Arc<Contracts>,
    pub(crate) environment: Environment,
    landscape: Option<Landscape>,
}

impl EnvironmentArgs {
    /// Loads the files, or starts the demo landscape.
    pub(crate) async fn open(&self) -> Result<Place, Failure> {
        let name = self.environment.as_deref().unwrap_or_else(|| {
            output::note("no --environment: the built-in demo landscape is started for this run");
            DEMO
        });
        if name == DEMO {
            let landscape = Landscape::start().await?;
            let environment = landscape.environment()?;
            return Ok(Place { contracts: landscape.contracts(), environment, landscape: Some(landscape) });
        }
        let environment = Environment::load(&find(name)?)?;
        let contracts = Arc::new(Contracts::load(&self.contracts)?);
        Ok(Place { contracts, environment, landscape: None })
    }
}

impl Place {
    /// Stops what was started for this run.
    pub(crate) async fn close(self) {
        if let Some(landscape) = self.landscape {
            landscape.stop().await;
        }
    }
}

fn find(name: &str) -> Result<PathBuf, Failure> {
    let folder = Path::new("scenarios/environments");
    let candidates = [PathBuf::from(name), folder.join(name), folder.join(format!("{name}.yaml"))];
    if let Some(found) = candidates.iter().find(|path| path.is_file()) {
        return Ok(found.clone());
    }
    let known: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(ToOwned::to_owned))
        .chain([DEMO.to_owned()])
        .collect();
    let help = match crossdock_diag::did_you_mean(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? there are: {}", known.join(", ")),
        None => format!("there are: {}", known.join(", ")),
    };
    Err(Failure::new(format!("no environment is called `{name}`")).help(help))
}
