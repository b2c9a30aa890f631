//! The guides work as printed: their shell blocks are run, line for line, with `set -e`.
//! The only thing that is changed is the port of the starter set's simulated system: a test takes a free one.

use std::process::Command;

use crate::support::{PROGRAM, root};

/// The first shell block of a page that contains `mark`.
fn block(page: &str, mark: &str) -> String {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let mut blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.find(|block| block.contains(mark)).unwrap_or_else(|| panic!("{page} has no block with {mark}")).to_owned()
}

/// Runs the lines in a folder of their own, where `crossdock` is the program under test.
fn works(script: &str) {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(PROGRAM, bin.join("crossdock")).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let free = format!("sed -i s/7201/{port}/ mocks/commerce.yaml scenarios/environments/local.yaml");
    let entered = script.find("cd my-checks").unwrap() + "cd my-checks".len();
    let script = format!("set -em\n{}\n{free}\n{}", &script[..entered], &script[entered..]);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-c", &script]).current_dir(folder.path()).env("PATH", path);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CROSSDOCK_")) {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let (said, seen) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n$ {script}\n{said}\n{seen}", output.status);
}

#[test]
fn the_front_page_leads_to_your_own_systems() {
    works(&block("README.md", "crossdock init my-checks"));
}

#[test]
fn a_first_true_answer_works_as_printed() {
    let page = "docs/guides/first-answer.md";
    works(&format!("{}\n{}", block(page, "crossdock init my-checks"), block(page, "crossdock probe once")));
}
