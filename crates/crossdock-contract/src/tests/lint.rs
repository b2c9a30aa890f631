//! Lint: a folder under `tests/data/lint/` is a contracts folder with mistakes, `NAME.txt` beside it what a person sees.

use std::path::Path;

use expect_test::expect_file;

#[test]
fn folders_with_mistakes() {
    let root = Path::new("tests/data/lint");
    let mut cases: Vec<_> = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    for case in cases {
        let found = crate::lint(&case);
        let golden = std::env::current_dir().unwrap().join(case.with_extension("txt"));
        expect_file![golden].assert_eq(&crossdock_diag::render(found.as_slice(), false));
        for one in &found {
            assert!(one.file().is_some() && one.line().is_some(), "without a place: {one:?}");
        }
    }
}
