//! `cargo xtask mutants`: changes the core in small ways and asks whether its tests notice.
//! Here: which mutants are drawn, and the verdict. Not here: which code is not worth a mutant (`.cargo/mutants.toml`).

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Of the mutants that could be built, so many must be noticed …
const CAUGHT_PERCENT: u64 = 85;
/// … where there are enough of them to speak of a share.
const ENOUGH: u64 = 10;
/// Of a change, so many are drawn at most: with two at a time they take some minutes.
const DRAWN_OF_A_CHANGE: usize = 40;

pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    super::need("mutants")?;
    let output = root.join("target/mutants");
    let mut mutants = Command::new("cargo");
    mutants.current_dir(root);
    // Each copy of the tree builds for itself.
    mutants.env_remove("CARGO_TARGET_DIR");
    // A wrong rule is found early or never: hundreds of runs need not be long ones.
    mutants.env("MODEL_STEPS", "1000").env("PROPTEST_CASES", "30");
    // Nobody reads the steps of a failure that a mutant causes: they are not made shorter.
    mutants.env("PROPTEST_MAX_SHRINK_ITERS", "0");
    mutants.args(["mutants", "--package", "crossdock-core", "--no-shuffle", "--jobs", "2", "--output"]).arg(&output);
    // For the builds, too: without it each of them makes the library once more, for the examples.
    mutants.arg("--cargo-arg=--lib");
    let drawn = match arguments {
        [] => Some(shard(&mut mutants, "0/8")?),
        ["--in-diff"] => in_diff(root, &mut mutants, "HEAD~1")?,
        ["--in-diff", reference] => in_diff(root, &mut mutants, reference)?,
        [which] => Some(shard(&mut mutants, which)?),
        _ => return Err("mutants takes K/N, or --in-diff and a git reference".to_owned()),
    };
    let Some(drawn) = drawn else { return Ok(()) };
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

/// `None`: nothing of it can be changed in a way that a test would see.
fn in_diff(root: &Path, command: &mut Command, reference: &str) -> Result<Option<String>, String> {
    let known = Command::new("git").current_dir(root).args(["rev-parse", "--verify", "--quiet", reference]).output();
    if !known.is_ok_and(|known| known.status.success()) {
        #[expect(clippy::print_stdout, reason = "a task of the repository, read by a person")]
        {
            println!("this checkout does not know {reference}: there is no change to look at");
        }
        return Ok(None);
    }
    let diff = Command::new("git").current_dir(root).args(["diff", reference, "--", "crates/crossdock-core"]).output();
    let diff = diff.map_err(|error| format!("git: {error}"))?;
    if !diff.status.success() {
        return Err(format!("git diff {reference}: {}", String::from_utf8_lossy(&diff.stderr).trim()));
    }
    let path = root.join("target/mutants.diff");
    std::fs::create_dir_all(root.join("target"))
        .and_then(|()| std::fs::write(&path, diff.stdout))
        .map_err(|error| format!("{}: {error}", path.display()))?;
    let list = Command::new("cargo")
        .current_dir(root)
        .args(["mutants", "--package", "crossdock-core", "--list", "--in-diff"])
        .arg(&path)
        .output()
        .map_err(|error| format!("cargo mutants: {error}"))?;
    let all = list.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    command.arg("--in-diff").arg(path);
    let of = all.div_ceil(DRAWN_OF_A_CHANGE).max(1);
    command.args(["--sharding", "round-robin", "--shard", &format!("0/{of}")]);
    Ok((all > 0).then(|| format!("what changed since {reference} ({all} mutants, shard 0 of {of}, round-robin)")))
}

fn verdict(output: &Path, drawn: &str) -> Result<(), String> {
    let path = output.join("mutants.out/outcomes.json");
    if !path.exists() {
        return Err(format!("{}: no mutant was tested", path.display()));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let outcomes: Value = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let count = |name: &str| outcomes[name].as_u64().unwrap_or(0);
    // A mutant that makes a test run for ever is noticed too.
    let (caught, missed) = (count("caught") + count("timeout"), count("missed"));
    let judged = caught + missed;
    let percent = (caught * 100).checked_div(judged).unwrap_or(100);
    #[expect(clippy::print_stdout, reason = "a task of the repository, read by a person")]
    {
        println!("{drawn}: {caught} of {judged} mutants caught ({percent} %), {} did not build", count("unviable"));
    }
    if percent < CAUGHT_PERCENT && judged >= ENOUGH {
        return Err(format!("{percent} % caught, {CAUGHT_PERCENT} are wanted: target/mutants/mutants.out/missed.txt"));
    }
    Ok(())
}
