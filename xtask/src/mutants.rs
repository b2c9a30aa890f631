//! `cargo xtask mutants`: changes the core in small ways and asks whether its tests notice.
//! Here: which mutants are drawn, and the verdict. Not here: which code is not worth a mutant (`.cargo/mutants.toml`).

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Of the mutants that could be built, so many must be noticed.
const CAUGHT_PERCENT: u64 = 85;

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    super::need("mutants")?;
    let output = root.join("target/mutants");
    let mut mutants = Command::new("cargo");
    mutants.current_dir(root);
    mutants.args(["mutants", "--package", "crossdock-core", "--no-shuffle", "--jobs", "2", "--output"]).arg(&output);
    let drawn = match arguments {
        [] => shard(&mut mutants, "0/8")?,
        ["--in-diff"] => in_diff(root, &mut mutants, "HEAD~1")?,
        ["--in-diff", reference] => in_diff(root, &mut mutants, reference)?,
        [which] => shard(&mut mutants, which)?,
        _ => return Err("mutants takes K/N, or --in-diff and a git reference".to_owned()),
    };
    mutants.args(["--", "--lib"]);
    // 2: some were missed, 3: some timed out; both are judged below. Anything else could not run.
    let status = super::execute(&mut mutants)?;
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        return Err(format!("cargo mutants ended with {status}"));
    }
    verdict(&output, &drawn)
}

fn shard(command: &mut Command, which: &str) -> Result<String, String> {
    let parsed = which.split_once('/').and_then(|(k, n)| Some((k.parse::<u32>().ok()?, n.parse::<u32>().ok()?)));
    let (k, n) = parsed.filter(|(k, n)| k < n).ok_or_else(|| format!("`{which}` is no shard such as 0/8"))?;
    command.args(["--sharding", "round-robin", "--shard", which]);
    Ok(format!("shard {k} of {n}, round-robin"))
}

fn in_diff(root: &Path, command: &mut Command, reference: &str) -> Result<String, String> {
    let diff = Command::new("git").current_dir(root).args(["diff", reference, "--", "crates/crossdock-core"]).output();
    let diff = diff.map_err(|error| format!("git: {error}"))?;
    if !diff.status.success() {
        return Err(format!("git diff {reference}: {}", String::from_utf8_lossy(&diff.stderr).trim()));
    }
    let path = root.join("target/mutants.diff");
    std::fs::create_dir_all(root.join("target"))
        .and_then(|()| std::fs::write(&path, diff.stdout))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    command.arg("--in-diff").arg(path);
    Ok(format!("what changed since {reference}"))
}

fn verdict(output: &Path, drawn: &str) -> Result<(), String> {
    let path = output.join("mutants.out/outcomes.json");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let outcomes: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let count = |name: &str| outcomes[name].as_u64().unwrap_or(0);
    // A mutant that makes a test run for ever is noticed too.
    let (caught, missed) = (count("caught") + count("timeout"), count("missed"));
    let judged = caught + missed;
    let percent = if judged == 0 { 100 } else { caught * 100 / judged };
    #[expect(clippy::print_stdout, reason = "a task of the repository, read by a person")]
    {
        println!("{drawn}: {caught} of {judged} mutants caught ({percent} %), {} did not build", count("unviable"));
    }
    if percent < CAUGHT_PERCENT {
        return Err(format!("{percent} % caught, {CAUGHT_PERCENT} are wanted: target/mutants/mutants.out/missed.txt"));
    }
    Ok(())
}
