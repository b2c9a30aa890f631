//! `cargo xtask fuzz`: libFuzzer on what the core takes in, on the stable toolchain, from seeds that the tests keep.
//! Here: the seeds, the dictionary, the call. Not here: what is checked (`crates/crossdock-core/fuzz/fuzz_targets`).

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let seconds: u32 = match arguments {
        [] => 600,
        [seconds] => seconds.parse().map_err(|_| format!("`{seconds}` is no number of seconds"))?,
        _ => return Err("fuzz takes a number of seconds, nothing else".to_owned()),
    };
    super::need("fuzz")?;
    let package = root.join("crates/crossdock-core");
    seed(&package).map_err(|error| format!("the seeds: {error}"))?;
    let mut fuzz = Command::new("cargo");
    fuzz.current_dir(&package);
    fuzz.args(["fuzz", "run", "--sanitizer", "none", "decide", "--"]);
    fuzz.args([&format!("-max_total_time={seconds}"), "-max_len=20000", "-timeout=20", "-rss_limit_mb=4096"]);
    fuzz.args(["-dict=fuzz/corpus/words.dict", "-print_final_stats=1", "-verbosity=1"]);
    let status = super::execute(&mut fuzz)?;
    if status.success() {
        Ok(())
    } else {
        Err("an input was found: the line above says how to run it again".to_owned())
    }
}

/// A seed for each kept ledger: its facts, and good answers between them. The words of all are the dictionary.
fn seed(package: &Path) -> std::io::Result<()> {
    let corpus = package.join("fuzz/corpus/decide");
    std::fs::create_dir_all(&corpus)?;
    let mut words = BTreeSet::new();
    for version in std::fs::read_dir(package.join("tests/data/ledgers"))? {
        for ledger in std::fs::read_dir(version?.path())? {
            let path = ledger?.path();
            if path.extension().is_none_or(|extension| extension != "jsonl") {
                continue;
            }
            let text = std::fs::read_to_string(&path)?;
            let facts = text.lines().filter(|line| !line.contains("\"/crossdock/hub\""));
            let answers = "{\"do\":\"answer\",\"status\":200}\n".repeat(6);
            let seed: String = facts.flat_map(|fact| [fact, "\n", &answers]).collect();
            std::fs::write(corpus.join(path.file_stem().unwrap_or_default()), seed)?;
            words.extend(text.split('"').filter(|word| !word.is_empty() && word.len() < 40).map(ToOwned::to_owned));
        }
    }
    let plain = |word: &String| word.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let dictionary: String = words.iter().filter(|word| plain(word)).flat_map(|word| ["\"", word, "\"\n"]).collect();
    std::fs::write(package.join("fuzz/corpus/words.dict"), dictionary)
}
