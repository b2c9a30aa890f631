//! `crossdock schema`: the JSON Schema of a file that people write, for editors.

use std::process::ExitCode;

use crate::exit::Failure;
use crate::{generate, output};

/// Arguments of `schema`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Which file; without it, all are listed
    pub name: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let Some(name) = &args.name else {
        for (name, about, _) in generate::schemas() {
            output::print(&format!("{name:<14} {about}\n"));
        }
        return Ok(ExitCode::SUCCESS);
    };
    let all = generate::schemas();
    let Some((_, _, schema)) = all.iter().find(|(known, _, _)| known == name) else {
        let names: Vec<&str> = all.iter().map(|(name, _, _)| *name).collect();
        let near = crossdock_diag::did_you_mean(name, names.iter().copied());
        let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
        return Err(
            Failure::new(format!("no file is called `{name}`")).help(format!("{near}there are: {}", names.join(", ")))
        );
    };
    output::print(&generate::pretty(schema));
    Ok(ExitCode::SUCCESS)
}
