//! The first thing a newcomer runs.

use crate::support::{alone, crossdock};

/// Long on purpose: it is the whole product in a minute.
#[test]
fn the_demo_proves_what_it_says_and_leaves_nothing_behind() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let html = folder.path().join("demo.html");
    let output = crossdock(&["demo", "--format", "json", "--html", html.to_str().unwrap()])
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{said}"));
    assert_eq!(output.status.code(), Some(0), "{report:#}\n{said}");
    assert_eq!(report["verdict"], "pass");
    assert_eq!(report["summary"]["failed"], 0);
    assert!(report["results"].as_array().unwrap().len() >= 10);
    let page = std::fs::read_to_string(&html).unwrap();
    assert!(page.contains("<svg"), "the page has its charts inside");
    for outside in ["<link", "<script src", "<img", "@import", "url("] {
        assert!(!page.contains(outside), "the page needs nothing from outside, but has {outside}");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["demo.html"], "nothing but the report is left");
}
