//! The program as a test runs it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The program that was built for this test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_crossdock");

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program, told nothing by the environment of whoever runs the tests.
pub(crate) fn crossdock(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).current_dir(root()).env("COLUMNS", "100").env("NO_COLOR", "1");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CROSSDOCK_")) {
        command.env_remove(name);
    }
    command
}

/// Every file of a folder, without what git ignores.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if entry.is_dir() && !["target", ".git", "node_modules"].contains(&name.as_str()) {
                folders.push(entry);
            } else if entry.is_file() {
                found.push(entry);
            }
        }
    }
    found.sort();
    found
}

/// Held by tests that run a whole landscape: what is measured in one must not be the load of another.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // A test that failed while it held the lock is no reason for the next to fail.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
