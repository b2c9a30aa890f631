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

    /// The files with an extension in the folders of a folder of the package, each named by folder and file: `orders/short-pick`.
    /// `CASE=short-pick` or `CASE=orders/short-pick` leaves only that one, `CASE=orders` the whole folder.
    ///
    /// # Panics
    /// If the folder is missing, or one of its folders has no such file.
    pub fn tree(folder: impl AsRef<Path>, extension: &str) -> Vec<Self> {
        let of_extension = |path: &Path| path.is_file() && path.extension().is_some_and(|found| found == extension);
        let areas = Self::all(folder.as_ref(), Path::is_dir);
        let cases = areas.into_iter().flat_map(|area| {
            let in_area = Self::all(&area.path, of_extension).into_iter();
            in_area.map(move |case| Self { name: format!("{}/{}", area.name, case.name), path: case.path })
        });
        let only = Self::only();
        let wanted = |name: &str| {
            let (area, file) = name.split_once('/').unwrap_or(("", name));
            only.as_deref().is_none_or(|only| [name, area, file].contains(&only))
        };
        cases.filter(|case| wanted(&case.name)).collect()
    }

    /// What `CASE` leaves, where it is set: what looks at all cases together has nothing to say then.
    pub fn only() -> Option<String> {
        std::env::var("CASE").ok()
    }

    fn list(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<Self> {
        let only = Self::only();
        let cases = Self::all(folder, wanted).into_iter();
        cases.filter(|case| only.as_deref().is_none_or(|only| only == case.name)).collect()
    }

    fn all(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<Self> {
        let folder = package_dir().join(folder);
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("no cases in {}: {error}", folder.display()));
        let mut paths: Vec<PathBuf> =
            entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| wanted(path)).collect();
        assert!(!paths.is_empty(), "no cases in {}", folder.display());
        paths.sort();
        let named = |path: PathBuf| Some(Self { name: path.file_stem()?.to_str()?.to_owned(), path });
        paths.into_iter().filter_map(named).collect()
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

    /// Holds the text against the last key of the case's own YAML file, a block of text. `UPDATE_EXPECT=1` rewrites it.
    ///
    /// # Panics
    /// If they differ, or the file has text behind the block.
    #[track_caller]
    pub fn golden_block(&self, key: &str, actual: &str) {
        let text = self.text();
        let at_key = |line: &&str| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':'));
        let head: String = text.split_inclusive('\n').take_while(|line| !at_key(line)).collect();
        let behind = text[head.len()..].lines().skip(1).find(|line| !line.is_empty() && !line.starts_with(' '));
        assert!(behind.is_none(), "{}: `{key}` is the last key of a case, and {behind:?} follows", self.name);
        let indented: String =
            actual.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect();
        let wanted = format!("{}\n{key}: {BLOCK}\n{indented}", head.trim_end());
        expect_test::expect_file![&self.path].assert_eq(&wanted);
    }
}

/// A block scalar whose indentation is said: what is kept may begin with spaces.
const BLOCK: &str = "|2";

/// The package whose tests run: cargo and nextest both say.
fn package_dir() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default()
}
