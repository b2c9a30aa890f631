//! `crossdock bench run`: a scenario under load, held to the service levels.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crossdock_bench::BenchOptions;
use crossdock_bench::engine::Progress;
use crossdock_scenario::Scenario;
use crossdock_scenario::spelling::DurationText;
use indicatif::{ProgressBar, ProgressStyle};

use crate::commands::environment::EnvironmentArgs;
use crate::exit::{self, Failure};
use crate::interrupt;
use crate::output::{self, OutputArgs};

/// Arguments of `bench run`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The scenario, with a `load:` block
    pub scenario: PathBuf,
    /// Where the systems are
    #[command(flatten)]
    pub environment: EnvironmentArgs,
    /// Another rate, in arrivals a second
    #[arg(long, value_name = "PER_SECOND", value_parser = rate)]
    pub rate: Option<f64>,
    /// Another time to hold the rate, such as 30s
    #[arg(long, value_parser = duration)]
    pub hold: Option<Duration>,
    /// Lateness (p99) of the generator that is tolerated; else max(2 ms, 2 % of the tightest service level)
    #[arg(long, value_parser = duration)]
    pub late_tolerance: Option<Duration>,
    /// Do an invalid run again so often
    #[arg(long, default_value_t = 0)]
    pub repeat_invalid: u32,
    /// Start of random arrivals
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Output
    #[command(flatten)]
    pub output: OutputArgs,
}

fn duration(text: &str) -> Result<Duration, String> {
    DurationText(text.to_owned()).parse().map_err(|error| error.help.to_owned())
}

/// As scenarios write it, `20/s`, or the bare number.
fn rate(text: &str) -> Result<f64, String> {
    text.strip_suffix("/s").unwrap_or(text).parse().map_err(|_| "arrivals a second, such as 20 or 20/s".to_owned())
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let place = args.environment.open().await?;
    let scenario = Scenario::load(&args.scenario, &place.contracts, Some(&place.environment));
    let scenario = match scenario {
        Ok(scenario) => Arc::new(scenario),
        Err(problems) => {
            place.close().await;
            return Err(problems.into());
        }
    };
    output::diagnose(scenario.warnings().iter());
    let options = BenchOptions {
        rate_per_s: args.rate,
        hold: args.hold,
        late_tolerance: args.late_tolerance,
        repeat_invalid: args.repeat_invalid,
        seed: args.seed,
        cancel: interrupt::on_ctrl_c(),
        ..BenchOptions::default()
    };
    let cancel = options.cancel.clone();
    let bar = progress_bar();
    let show = |progress: Progress| show(&bar, &progress);
    let measured =
        crossdock_bench::run(Arc::clone(&place.contracts), &place.environment, scenario, options, &show).await;
    bar.finish_and_clear();
    place.close().await;
    let report = measured.map_err(|error| Failure::chain("the bench could not run", &error))?;
    let code = output::finish(&report, &args.output)?;
    Ok(exit::reported(code, cancel.is_cancelled()))
}

/// A bar on standard error, cut to the terminal's width; nothing where that is no terminal.
pub(crate) fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:20} {percent:>3} %  {wide_msg}");
    ProgressBar::new(100).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Shows how a bench is going.
pub(crate) fn show(bar: &ProgressBar, progress: &Progress) {
    let share = progress.elapsed.as_secs_f64() / progress.lasting.as_secs_f64().max(0.001);
    bar.set_position((share * 100.0).min(100.0) as u64);
    let p99 = progress.latency_us_p99.map_or("-".to_owned(), |us| format!("{:.1} ms", us as f64 / 1000.0));
    let stage = if progress.draining { "(last flows)" } else { "" };
    bar.set_message(format!(
        "{:.0}/s · {} in flight · {} done · {} not done · p99 {p99}  {stage}",
        progress.rate_per_s, progress.in_flight, progress.completed, progress.not_completed
    ));
}
