//! The folders that travel inside the binary, so that one file is enough to begin.
//! Here: contracts, simulated systems and scenarios of the demo, the starter set, the default configuration.

use std::path::Path;

use include_dir::{Dir, include_dir};

/// The contracts of the demo world.
pub static CONTRACTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/contracts");
/// Its simulated systems.
pub static MOCKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/mocks");
/// Its scenarios and environments.
pub static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenarios");
/// What `crossdock init` writes.
pub static STARTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/starter");
/// The annotated default configuration.
pub const CONFIGURATION: &str = include_str!("../crossdock.toml");

/// Writes a folder to disk, whole.
///
/// # Errors
/// What the operating system says, with the path.
pub fn unpack(dir: &Dir<'_>, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    dir.extract(to)
}
