//! `cargo xtask generate`: writes what is generated from the code. A test fails when a file is not what the code makes.

use std::path::Path;

pub(crate) fn run(root: &Path) -> Result<(), String> {
    for (path, text) in crossdock::generate::files().map_err(|error| error.to_string())? {
        let path = root.join(path);
        let folder = path.parent().ok_or("a file without a folder")?;
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
