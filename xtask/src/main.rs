//! Repository tasks: what is generated from the code, and the long checks of the core.

mod fuzz;
mod generate;
mod mutants;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const TASKS: &str = "\
cargo xtask generate                    writes schemas/ and docs/reference/
cargo xtask fuzz [SECONDS]              no input makes the core panic or break an invariant (600 s without a number)
cargo xtask mutants [K/N]               are the core's rules held by its tests? Every N-th mutant, from the K-th (0/8 without)
cargo xtask mutants --in-diff [REF]     only mutants of what changed since REF (HEAD~1 without)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest: Vec<&str> = arguments.iter().skip(1).map(String::as_str).collect();
    let done = match arguments.first().map_or("", String::as_str) {
        "generate" => generate::run(&root()),
        "fuzz" => fuzz::run(&root(), &rest),
        "mutants" => mutants::run(&root(), &rest),
        other => Err(format!("no task is called `{other}`. There are:\n{TASKS}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            #[expect(clippy::print_stderr, reason = "a task of the repository, read by a person")]
            {
                eprintln!("xtask: {why}");
            }
            ExitCode::from(2)
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Runs a command to its end; what it prints is printed.
fn execute(command: &mut Command) -> Result<std::process::ExitStatus, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    command.status().map_err(|error| format!("{program}: {error}"))
}

/// A cargo subcommand that is not part of Rust: says how to get it.
fn need(tool: &str) -> Result<(), String> {
    let found = Command::new("cargo").args([tool, "--version"]).output().is_ok_and(|output| output.status.success());
    if found { Ok(()) } else { Err(format!("there is no cargo-{tool}: cargo install cargo-{tool} --locked")) }
}
