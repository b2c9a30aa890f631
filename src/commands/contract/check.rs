//! `crossdock contract check`: one message held to its contract.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crossdock_contract::Contracts;
use crossdock_diag::{Limits, Syntax};
use crossdock_edi::{GuideChoice, Strictness};
use crossdock_report::{Report, TestResult};

use crate::exit::Failure;
use crate::output::{self, OutputArgs};

/// Arguments of `contract check`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The message: a CloudEvent as JSON (its type names its contract), or an X12 interchange
    pub file: PathBuf,
    /// X12: `base` holds it to the envelope and the mandatory segments only; by default the guides of the contracts
    #[arg(long, value_parser = ["base", "contracts"], default_value = "contracts")]
    pub guide: String,
    /// The contracts
    #[arg(long, default_value = "contracts", value_name = "FOLDER")]
    pub contracts: PathBuf,
    /// X12: refuse what real senders get wrong and readers usually tolerate
    #[arg(long)]
    pub strict: bool,
    /// Output
    #[command(flatten)]
    pub output: OutputArgs,
}

/// A message larger than this is not read: nothing of ours is.
const MAX_BYTES: u64 = 64 << 20;

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let (started, began) = (jiff::Timestamp::now(), Instant::now());
    let name = args.file.display();
    let unreadable = |error: std::io::Error| Failure::chain(&format!("{name} cannot be read"), &error);
    let size = std::fs::metadata(&args.file).map_err(unreadable)?.len();
    if size > MAX_BYTES {
        return Err(Failure::new(format!("{name} has {size} bytes; {MAX_BYTES} are the limit")));
    }
    let bytes = std::fs::read(&args.file).map_err(unreadable)?;
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xEF | 0xBB | 0xBF));
    let mut report = Report::new("contract check");
    if first == Some(&b'{') {
        event(args, &bytes, &mut report)?;
    } else {
        x12(args, &bytes, &mut report)?;
    }
    if report.results.is_empty() {
        report.push(TestResult::pass(name.to_string()));
    }
    output::finish(&report.finish(started, began.elapsed()), &args.output)
}

fn event(args: &Args, bytes: &[u8], report: &mut Report) -> Result<(), Failure> {
    let name = args.file.display().to_string();
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Failure::new(format!("{name}: byte {} is not UTF-8", error.valid_up_to())))?;
    let document = crossdock_diag::parse(&name, text, Syntax::Json, &Limits::default())?;
    let contracts = Contracts::load(&args.contracts)?;
    let value = document.root.to_value();
    let event_type = value.get("type").and_then(serde_json::Value::as_str);
    let Some(event_type) = event_type else {
        return Err(Failure::new(format!("{name} is no CloudEvent: it has no `type`")));
    };
    let Some(contract) = contracts.event(event_type) else {
        let near = crossdock_diag::did_you_mean(event_type, contracts.events().keys().map(String::as_str));
        let failure = Failure::new(format!("no contract is for events of type `{event_type}`"));
        return Err(match near {
            Some(near) => failure.help(format!("did you mean `{near}`?")),
            None => failure,
        });
    };
    for violation in contract.check(&value) {
        let place = document.root.nearest(&violation.pointer).span.start;
        let mut result = TestResult::fail(format!("{event_type} {}", violation.pointer), violation.message)
            .rule(violation.rule)
            .pointer(violation.pointer);
        result.file = Some(name.clone());
        result.line = Some(document.file.line_col(place).0);
        report.push(result);
    }
    Ok(())
}

fn x12(args: &Args, bytes: &[u8], report: &mut Report) -> Result<(), Failure> {
    let strictness = if args.strict { Strictness::strict() } else { Strictness::tolerant() };
    let checked = if args.guide == "base" {
        crossdock_edi::check(bytes, GuideChoice::Base, &strictness)
    } else {
        let contracts = Contracts::load(&args.contracts)?;
        let guides: Vec<_> = contracts.guides().values().cloned().collect();
        crossdock_edi::check(bytes, GuideChoice::Guides(&guides), &strictness)
    };
    for (errors, refused) in [(&checked.errors, true), (&checked.warnings, false)] {
        for error in errors {
            let place = error.place.to_string();
            let mut result = if refused {
                TestResult::fail(place, error.message.clone())
            } else {
                let mut tolerated = TestResult::pass(place);
                tolerated.message = Some(error.message.clone());
                tolerated
            };
            result.file = Some(args.file.display().to_string());
            report.push(result.rule(error.code.to_string()));
        }
    }
    report.set("acks", &checked.acks.codes);
    Ok(())
}
