//! `crossdock man`: the manual pages.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::exit::Failure;
use crate::{generate, output};

/// Arguments of `man`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Write a page for every command into this folder, instead of printing the first
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let pages = generate::man_pages().map_err(|error| Failure::chain("a manual page cannot be made", &error))?;
    match &args.out {
        None => output::print(pages.first().map_or("", |(_, text)| text)),
        Some(folder) => {
            let write = || -> std::io::Result<()> {
                std::fs::create_dir_all(folder)?;
                pages.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))
            };
            write().map_err(|error| Failure::chain(&format!("{} cannot be written", folder.display()), &error))?;
            output::note(&format!("{} pages in {}", pages.len(), folder.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}
