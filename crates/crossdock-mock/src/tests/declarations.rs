//! Files under `mocks/` with mistakes: what a person sees. All mistakes of a file at once, each with its line.

use crossdock_testkit::{Case, Scratch};

use super::support::contracts;
use crate::faults::FaultFile;
use crate::{Declaration, Landscape};

#[test]
fn mistakes_are_explained() {
    for case in Case::files("tests/data/declarations", "yaml") {
        let document = case.document().unwrap_or_else(|wrong| panic!("{wrong}"));
        let wrong = if case.name.starts_with("faults") {
            FaultFile::read(&document, &["erp".to_owned(), "commerce".to_owned()]).err()
        } else {
            Declaration::read(&document).err()
        };
        let wrong = wrong.unwrap_or_else(|| panic!("{} has no mistake", case.name));
        case.golden("explained", &crossdock_diag::render(wrong.as_slice(), false));
    }
}

#[test]
fn a_folder_is_checked_as_a_whole() {
    let folder = Scratch::with(&[
        ("ap.yaml", "crossdock: 1\nsystem: ap\nlisten: 127.0.0.1:1\nap: {suppliers: []}\n"),
        ("copy.yaml", "crossdock: 1\nsystem: ap\nlisten: 127.0.0.1:1\nap: {suppliers: []}\n"),
        ("crm.yaml", "crossdock: 1\nsystem: crm\nlisten: 127.0.0.1:1\nap: {suppliers: []}\n"),
        ("broken.yaml", "crossdock: [1\n"),
    ]);
    let wrong = Landscape::load(folder.path(), contracts()).unwrap_err();
    let codes: Vec<&str> = wrong.iter().map(|one| one.code.as_ref()).collect();
    assert!(codes.contains(&"mock::system_twice"), "{codes:?}");
    assert!(codes.contains(&"mock::no_contract"), "{codes:?}");
    assert_eq!(codes.len(), 3, "{codes:?}");
    let empty = Scratch::with(&[("README.md", "")]);
    let wrong = Landscape::load(empty.path(), contracts()).unwrap_err();
    assert!(wrong.to_string().contains("declares no simulated system"), "{wrong}");
}
