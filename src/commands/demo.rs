//! `crossdock demo`: the main job, end to end, on this machine, with nothing installed.
//! Here: the order of the stages, progress, the table at the end. Not here: what a stage does (`demo/stages.rs`).

mod proof;
mod stages;
mod talk;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crossdock_report::{Format, Report};
use indicatif::{ProgressBar, ProgressStyle};

use super::landscape::Landscape;
use crate::exit::Failure;
use crate::output::{self, OutputArgs};
use crate::{interrupt, output::note};
use proof::Proofs;

/// Arguments of `demo`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Keep the temporary folder: contracts, scenarios, configuration and the ledger
    #[arg(long)]
    pub keep: bool,
    /// Where the HTML report goes; by default `reports/demo.html` where there is such a folder, else the temporary folder
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Output
    #[command(flatten)]
    pub output: OutputArgs,
}

impl Default for Args {
    fn default() -> Self {
        Self { keep: false, html: None, output: OutputArgs { format: Format::Terminal, report: Vec::new() } }
    }
}

/// What the stages work with.
pub(crate) struct Demo {
    landscape: Landscape,
    proofs: Proofs,
    bar: ProgressBar,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (started, began) = (jiff::Timestamp::now(), Instant::now());
    let cancel = interrupt::on_ctrl_c();
    let bar = spinner();
    bar.set_message("starting eight simulated systems and a hub on free ports");
    let landscape = tokio::select! {
        landscape = Landscape::start() => landscape?,
        () = cancel.cancelled() => return Err(Failure::Interrupted),
    };
    let mut demo = Demo { landscape, proofs: Proofs::default(), bar };
    let told = tokio::select! {
        told = stages::all(&mut demo) => told,
        () = cancel.cancelled() => Err(Failure::Interrupted),
    };
    demo.bar.finish_and_clear();
    let Demo { landscape, proofs, .. } = demo;
    // Whatever happened, nothing is left running, and nothing is left on disk that was not asked for.
    let kept = landscape.stop_keeping(args.keep && told.is_ok()).await;
    told?;
    let mut parts = proofs.parts;
    // What a reader wants to see first: the order's way, then the load, then the hundreds of cases.
    parts.sort_by_key(|part| ["probe once", "bench run"].iter().position(|first| part.command == *first).unwrap_or(2));
    let mut report = Report::new("demo");
    proofs.rows.into_iter().for_each(|row| report.push(row));
    let report = report.finish(started, began.elapsed());
    parts.insert(0, report.clone());
    let whole = Report { command: report.command.clone(), ..crossdock_report::combine(&parts) };
    let html = write_html(&whole, args.html.as_deref())?;
    let code = output::finish(&report, &args.output)?;
    if args.output.format == Format::Terminal {
        output::print(&farewell(&html, kept.as_deref()));
    }
    Ok(code)
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4}  {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(120));
    bar
}

/// The page with the charts. It outlives the demo's own folder.
fn write_html(report: &Report, wanted: Option<&Path>) -> Result<PathBuf, Failure> {
    let path = match wanted {
        Some(path) => path.to_path_buf(),
        None if Path::new("reports").is_dir() => PathBuf::from("reports/demo.html"),
        None => std::env::temp_dir().join("crossdock-demo.html"),
    };
    let html = crossdock_report::render(report, Format::Html, &output::stdout_style());
    let html = html.map_err(|error| Failure::chain("the report cannot be written", &error))?;
    std::fs::write(&path, html)
        .map_err(|error| Failure::chain(&format!("{} cannot be written", path.display()), &error))?;
    Ok(path)
}

fn farewell(html: &Path, kept: Option<&Path>) -> String {
    let folder = match kept {
        Some(folder) => format!("\nThe demo's folder, with its ledger: {}", folder.display()),
        None => String::new(),
    };
    // As it was called, so that a line can be pasted whether or not it is on the path.
    let program = std::env::args().next().unwrap_or_else(|| "crossdock".to_owned());
    let next = [
        ("one synthetic order, step by step", "probe once scenarios/order-to-receipt.yaml"),
        ("every system held to its contract", "contract test"),
        ("latency against the service level", "bench run scenarios/order-allocation.yaml"),
        ("a starter set for your own systems", "init my-contracts"),
    ];
    let next: Vec<String> = next.iter().map(|(what, command)| format!("  # {what}\n  {program} {command}\n")).collect();
    format!("\nThe order's timeline and the latency curve: {}{folder}\n\nTry next:\n{}", html.display(), next.concat())
}

impl Demo {
    fn say(&self, text: &str) {
        self.bar.set_message(text.to_owned());
        if self.bar.is_hidden() {
            note(&format!("· {text}"));
        }
    }
}
