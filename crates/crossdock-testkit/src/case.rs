//! A test case that is a file or a folder.
//! Here: which cases there are, and the goldens beside them. Not here: what is done with a case.
//! Invariant: cases come in the order of their names; a folder without cases fails, so that a renamed one is noticed.

use std::path::{Path, PathBuf};

use crossdock_diag::{Diagnostics, Document, Limits};

/// One case of a folder of test data.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name: the file name without its extension, or the folder's.
    pub name: String,
    /// The file or folder.
    pub path: PathBuf,
}

impl Case {
    /// The files with an extension in a folder of the package, such as `tests/data/decide`. `CASE=name` leaves only that one.
    ///
    /// # Panics
    /// If the folder is missing or has no such file.
    pub fn files(folder: impl AsRef<Path>, extension: &str) -> Vec<Self> {
        Self::list(folder.as_ref(), |path| path.is_file() && path.extension().is_some_and(|found| found == extension))
    }

    /// The folders in a folder of the package. `CASE=name` leaves only that one.
    ///
    /// # Panics
    /// If the folder is missing or has no folders.
    pub fn folders(folder: impl AsRef<Path>) -> Vec<Self> {
        Self::list(folder.as_ref(), Path::is_dir)
    }

    fn list(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<Self> {
        let folder = package_dir().join(folder);
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("no cases in {}: {error}", folder.display()));
        let mut paths: Vec<PathBuf> =
            entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| wanted(path)).collect();
        assert!(!paths.is_empty(), "no cases in {}", folder.display());
        paths.sort();
        let only = std::env::var("CASE").ok();
        paths
            .into_iter()
            .filter_map(|path| Some(Self { name: path.file_stem()?.to_str()?.to_owned(), path }))
            .filter(|case| only.as_deref().is_none_or(|only| only == case.name))
            .collect()
    }

    /// The text of the case's file.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn text(&self) -> String {
        std::fs::read_to_string(&self.path).unwrap_or_else(|error| panic!("{}: {error}", self.path.display()))
    }

    /// The bytes of the case's file, for cases that are not text.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap_or_else(|error| panic!("{}: {error}", self.path.display()))
    }

    /// The case's file as a document that is named by its file name alone, so that goldens have no path of the machine.
    ///
    /// # Errors
    /// What is wrong with the file: often what the case is about.
    ///
    /// # Panics
    /// If it is neither YAML nor JSON by its name.
    pub fn document(&self) -> Result<Document, Diagnostics> {
        let name = self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let syntax =
            crossdock_diag::Syntax::of(&self.path).unwrap_or_else(|| panic!("{name} is neither YAML nor JSON"));
        crossdock_diag::parse_bytes(&name, &self.bytes(), syntax, &Limits::default())
    }

    /// The file beside the case, by its extension: `short-pick.yaml` has `short-pick.events`. In a case that is a folder: the file of that name.
    pub fn beside(&self, extension: &str) -> PathBuf {
        if self.path.is_dir() { self.path.join(extension) } else { self.path.with_extension(extension) }
    }

    /// Holds the text against the file beside the case. `UPDATE_EXPECT=1` rewrites it.
    ///
    /// # Panics
    /// If they differ.
    #[track_caller]
    pub fn golden(&self, extension: &str, actual: &str) {
        expect_test::expect_file![self.beside(extension)].assert_eq(actual);
    }
}

/// The package whose tests run: cargo and nextest both say.
fn package_dir() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default()
}
