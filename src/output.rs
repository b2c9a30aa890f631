//! What goes to standard output and what to standard error.
//! Here: rendering a report in the wanted formats, diagnostics, notes. Results go to standard output, the rest to standard error.
//! Invariant: colour only on a terminal, and never with `NO_COLOR`.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Args;
use crossdock_diag::Diagnostic;
use crossdock_report::{Format, Report, ReportTarget, Style};

use crate::exit::{COULD_NOT_RUN, Failure};

/// How a command that judges something reports.
#[derive(Args, Clone, Debug)]
pub struct OutputArgs {
    /// What is printed to standard output
    #[arg(long, value_name = "FORMAT", default_value = "terminal", global = true, help_heading = "Output",
          value_parser = clap::builder::PossibleValuesParser::new(Format::ALL.map(Format::word)).map(|word| word.parse::<Format>().unwrap_or(Format::Terminal)))]
    pub format: Format,
    /// A report written beside it; may be given several times
    #[arg(long, value_name = "FORMAT=FILE", global = true, help_heading = "Output")]
    pub report: Vec<ReportTarget>,
}

use clap::builder::TypedValueParser as _;

/// Prints a report, writes the wanted files, and says how the process ends.
pub(crate) fn finish(report: &Report, output: &OutputArgs) -> Result<ExitCode, Failure> {
    show(report, output.format)?;
    Ok(write_reports(report, output))
}

/// Prints a report, and says how the process ends.
pub(crate) fn show(report: &Report, format: Format) -> Result<ExitCode, Failure> {
    print(&render(report, format, &stdout_style())?);
    Ok(report.exit_code().into())
}

/// Writes the reports that were asked for beside what is printed, and says how the process ends. One that cannot be written takes
/// neither the others with it nor what was found out.
pub(crate) fn write_reports(report: &Report, output: &OutputArgs) -> ExitCode {
    let mut code = report.exit_code().into();
    for target in &output.report {
        let written = match render(report, target.format, &Style { color: false, width: 120 }) {
            Ok(text) => std::fs::write(&target.path, text).map_err(|error| error.to_string()),
            Err(Failure::Other { message, .. }) => Err(message),
            Err(_) => Err("it cannot be rendered".to_owned()),
        };
        if let Err(why) = written {
            diagnose([&Diagnostic::error("crossdock", format!("{} cannot be written: {why}", target.path.display()))]);
            code = COULD_NOT_RUN.into();
        }
    }
    code
}

fn render(report: &Report, format: Format, style: &Style) -> Result<String, Failure> {
    crossdock_report::render(report, format, style)
        .map_err(|error| Failure::chain("the report cannot be written", &error))
}

/// Says why a command could not run; in a format for machines too, so that a pipeline finds a report in any case.
pub(crate) fn fail(failure: &Failure, command: &str, output: Option<&OutputArgs>) -> ExitCode {
    let machine = output.filter(|output| output.format != Format::Terminal || !output.report.is_empty());
    match failure {
        Failure::Interrupted => note("interrupted; everything was cleaned up"),
        Failure::Files(diagnostics) => diagnose(diagnostics.iter()),
        Failure::Other { message, help } => {
            let mut diagnostic = Diagnostic::error("crossdock", message.clone());
            if let Some(help) = help {
                diagnostic = diagnostic.help(help.clone());
            }
            diagnose([&diagnostic]);
        }
    }
    if let Some(output) = machine {
        let report = match failure {
            Failure::Files(diagnostics) => Report::could_not_run(command, diagnostics.iter()),
            Failure::Other { message, .. } => could_not(command, message),
            Failure::Interrupted => could_not(command, "interrupted"),
        };
        if let Err(Failure::Other { message, .. }) = finish(&report, output) {
            note(&message);
        }
    }
    failure.code()
}

fn could_not(command: &str, message: &str) -> Report {
    let started = jiff::Timestamp::now();
    let mut report = Report::new(command);
    report.push(crossdock_report::TestResult::error(command, message));
    report.finish(started, std::time::Duration::ZERO).with_verdict(crossdock_report::Verdict::Error, message)
}

/// Shows diagnostics on standard error, as a compiler does.
pub(crate) fn diagnose<'a>(diagnostics: impl IntoIterator<Item = &'a Diagnostic>) {
    let list: Vec<Diagnostic> = diagnostics.into_iter().cloned().collect();
    if !list.is_empty() {
        eprint(&crossdock_diag::render(&list, stderr_color()));
    }
}

/// A line for people, on standard error.
pub(crate) fn note(text: &str) {
    eprint(&format!("{text}\n"));
}

/// Text on standard output. A reader that went away (`| head`) is no error of ours.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

fn eprint(text: &str) {
    drop(std::io::stderr().lock().write_all(text.as_bytes()));
}

/// How standard output wants it.
pub(crate) fn stdout_style() -> Style {
    Style { color: std::io::stdout().is_terminal() && !no_color(), width: width() }
}

pub(crate) fn stderr_color() -> bool {
    std::io::stderr().is_terminal() && !no_color()
}

fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let terminal = || console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    columns.or_else(terminal).unwrap_or(100).clamp(60, 200)
}
