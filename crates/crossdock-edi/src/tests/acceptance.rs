//! Real files of others, where `CROSSDOCK_ACCEPTANCE` names the folder that holds them. They are never part of the project.

use std::path::PathBuf;

use crate::{GuideChoice, Strictness, check};

/// Files whose label we do not share, with the reason. Empty is the aim.
const ARGUABLE: [(&str, &str); 0] = [];

#[test]
fn real_files_are_judged_as_labelled() {
    let Some(folder) = std::env::var_os("CROSSDOCK_ACCEPTANCE").map(|root| PathBuf::from(root).join("open/x12")) else {
        println!("skipped: CROSSDOCK_ACCEPTANCE is not set");
        return;
    };
    let index = std::fs::read_to_string(folder.join("index.tsv")).unwrap();
    let mut misses = Vec::new();
    for row in index.lines().skip(1) {
        let columns: Vec<&str> = row.split('\t').collect();
        let [file, _, valid, _, expected, ..] = columns[..] else { panic!("broken row {row}") };
        let bytes = std::fs::read(folder.join(file)).unwrap();
        let result = check(&bytes, GuideChoice::Base, &Strictness::tolerant());
        let holds = match valid {
            "yes" => result.holds(),
            "no" => {
                let wanted: Vec<&str> =
                    expected.split([';', ' ', '(', ')']).filter(|word| word.contains(":R/")).collect();
                let coded = wanted.is_empty() || wanted.iter().any(|code| result.acks.codes.iter().any(|c| c == code));
                !result.holds() && coded
            }
            _ => true,
        };
        if !holds && !ARGUABLE.iter().any(|(known, _)| *known == file) {
            let errors: Vec<String> = result.errors.iter().map(ToString::to_string).collect();
            misses.push(format!("{file}: {valid} {expected}\n  {:?}\n  {}", result.acks.codes, errors.join("\n  ")));
        }
    }
    assert!(misses.is_empty(), "{}", misses.join("\n"));
}
