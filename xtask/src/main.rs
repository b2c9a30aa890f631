//! Repository tasks: `cargo xtask generate` writes what is generated from the code.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let task = std::env::args().nth(1);
    let done = match task.as_deref() {
        Some("generate") => generate(),
        other => Err(format!("no task is called {:?}; there is: generate", other.unwrap_or(""))),
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

fn generate() -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("xtask has no parent folder")?;
    for (path, text) in crossdock::generate::files().map_err(|error| error.to_string())? {
        let path = root.join(path);
        let folder = path.parent().ok_or("a file without a folder")?;
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
