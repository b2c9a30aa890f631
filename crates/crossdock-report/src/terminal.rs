//! The report in a terminal: figures, what needs attention in full, and the verdict last, where the eye is when a command ends.
//! Invariant: no line is wider than the style says, except a `reproduce` line, which is there to be copied; nothing in a report can move the cursor.

#![expect(
    clippy::format_push_string,
    reason = "reports are small, and `write!` has an error to handle that cannot occur"
)]

use owo_colors::OwoColorize;
use tabled::builder::Builder;
use tabled::settings::object::Rows;
use tabled::settings::peaker::PriorityMax;
use tabled::settings::{Modify, Padding, Style as Borders, Width};

use crate::facts;
use crate::format::Style;
use crate::model::{Report, TestResult};
use crate::sections::{self, Latency};
use crate::verdict::{ResultVerdict, Verdict};
use crate::words;

/// More results than this are not listed when they hold.
const LISTED: usize = 40;
/// Evidence is shown this far; the other formats have all of it.
const EVIDENCE_LINES: usize = 12;
const BAR: usize = 12;

pub(crate) fn render(report: &Report, style: &Style) -> String {
    let writer = Writer { color: style.color, width: style.width.clamp(60, 160) };
    let parts = report.parts();
    let mut blocks: Vec<String> = parts.iter().map(|part| writer.report(part)).collect();
    if parts.len() > 1 {
        blocks.push(writer.overview(&parts));
        blocks.push(writer.verdict(report));
    }
    blocks.join("\n")
}

struct Writer {
    color: bool,
    width: usize,
}

impl Writer {
    fn report(&self, report: &Report) -> String {
        let mut blocks = vec![self.facts(report), self.steps(report), self.latencies(report), self.slas(report)];
        blocks.extend(
            facts::tables(report).iter().map(|table| {
                format!("{}\n{}", self.bold(&table.title), self.table(&table.columns, &self.signed(table)))
            }),
        );
        blocks.push(self.results(report));
        blocks.extend(
            report
                .results
                .iter()
                .filter(|result| result.verdict.needs_attention())
                .map(|result| self.attention(result)),
        );
        blocks.push(self.verdict(report));
        blocks.retain(|block| !block.is_empty());
        blocks.join("\n")
    }

    fn facts(&self, report: &Report) -> String {
        let mut facts = facts::facts(report);
        facts.extend(sections::attribution(report).map(|sentence| ("attribution".to_owned(), sentence)));
        facts.extend(sections::residue(report).map(|(sentence, _)| ("residue".to_owned(), sentence)));
        let widest = facts.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (key, value) in &facts {
            for (index, line) in words::wrap(&words::plain(value), self.width - widest - 2).iter().enumerate() {
                let key = if index == 0 { key.as_str() } else { "" };
                text.push_str(&format!("{}  {line}\n", self.dim(&format!("{key:widest$}"))));
            }
        }
        text
    }

    fn steps(&self, report: &Report) -> String {
        let steps = sections::steps(report);
        // A benchmark's steps have figures instead: `latencies` shows them.
        if steps.iter().all(|step| step.duration_ms.is_none()) {
            return String::new();
        }
        let began = steps.iter().filter_map(|step| step.started).reduce(f64::min);
        let scale = steps.iter().filter_map(|step| step.sla_ms.or(step.duration_ms)).fold(1.0, f64::max);
        let columns = ["", "step", "system", "at", "took", "of its SLA", "SLA"].map(ToOwned::to_owned);
        let rows: Vec<Vec<String>> = steps
            .iter()
            .map(|step| {
                let took = step.duration_ms.unwrap_or(0.0);
                let late = step.sla_ms.is_some_and(|sla| took > sla);
                let share = took / step.sla_ms.unwrap_or(scale);
                vec![
                    self.step_sign(step.verdict.as_deref()),
                    step.name.clone(),
                    step.system.clone(),
                    step.started
                        .zip(began)
                        .map(|(at, began)| format!("+{}", words::millis(at - began)))
                        .unwrap_or_default(),
                    words::millis(took),
                    if step.sla_ms.is_some() { self.bar(share, late) } else { String::new() },
                    step.sla_ms.map(words::millis).unwrap_or_default(),
                ]
            })
            .collect();
        self.table(&columns, &rows)
    }

    fn latencies(&self, report: &Report) -> String {
        let latencies = sections::latencies(report);
        if latencies.is_empty() {
            return String::new();
        }
        let columns = ["latency", "p50", "p90", "p99", "p99.9", "max", "mean", "count"].map(ToOwned::to_owned);
        let row = |(name, latency): &(String, Latency)| {
            let times = [latency.p50, latency.p90, latency.p99, latency.p999, latency.max, latency.mean];
            let times = times.into_iter().map(|time| time.map(words::micros).unwrap_or_default());
            let count = latency.count.map(|count| format!("{count:.0}")).unwrap_or_default();
            std::iter::once(name.clone()).chain(times).chain([count]).collect()
        };
        self.table(&columns, &latencies.iter().map(row).collect::<Vec<_>>())
    }

    fn slas(&self, report: &Report) -> String {
        let slas = sections::slas(report);
        if slas.is_empty() {
            return String::new();
        }
        let columns = ["", "service level", "target", "measured"].map(ToOwned::to_owned);
        let row = |sla: &sections::Sla| {
            let verdict = sla.holds.map_or("unknown", |holds| if holds { "pass" } else { "fail" });
            vec![self.step_sign(Some(verdict)), sla.name.clone(), sla.target.clone(), sla.measured.clone()]
        };
        self.table(&columns, &slas.iter().map(row).collect::<Vec<_>>())
    }

    /// Claims that were each put to the proof, as a table: what was claimed, what was seen, how long it took.
    fn claims(&self, report: &Report) -> String {
        // Both sentences are wrapped here: the table's own way leaves ragged edges.
        let longest = report.results.iter().map(|result| result.name.chars().count()).max().unwrap_or(0);
        let room = self.width - 16;
        let claim = longest.min(room / 2);
        let cell = |text: &str, width: usize| words::wrap(&words::plain(text), width).join("\n");
        let columns = ["", "what was claimed", "what was seen", "took"].map(ToOwned::to_owned);
        let row = |result: &TestResult| {
            let seen = cell(result.message.as_deref().unwrap_or_default(), room - claim);
            let took = sections::took(result).map(words::millis).unwrap_or_default();
            vec![self.sign(result.verdict), cell(&result.name, claim), seen, took]
        };
        self.table(&columns, &report.results.iter().map(row).collect::<Vec<_>>())
    }

    /// What held and what was skipped, by name; what needs attention follows in full.
    fn results(&self, report: &Report) -> String {
        if !report.results.is_empty() && report.results.iter().all(|result| sections::took(result).is_some()) {
            return self.claims(report);
        }
        // The table of steps has shown what held already.
        let has_steps = sections::steps(report).iter().any(|step| step.duration_ms.is_some());
        let is_worth_a_line =
            |result: &&TestResult| !result.verdict.needs_attention() && (!has_steps || result.message.is_some());
        let quiet: Vec<&TestResult> = report.results.iter().filter(is_worth_a_line).collect();
        if quiet.is_empty() || quiet.len() > LISTED {
            return String::new();
        }
        let mut text = String::new();
        // What was skipped for one and the same reason is one line.
        let mut told: Vec<&str> = Vec::new();
        for result in &quiet {
            let why = result.message.as_deref().filter(|_| result.verdict == ResultVerdict::Skipped);
            let same =
                |other: &&&TestResult| other.verdict == ResultVerdict::Skipped && other.message.as_deref() == why;
            let group: Vec<&str> = quiet.iter().filter(same).map(|other| other.name.as_str()).collect();
            if let Some(why) = why.filter(|_| group.len() > 2) {
                if !told.contains(&why) {
                    told.push(why);
                    let line = format!("{} skipped, {why}: {}", group.len(), group.join(", "));
                    for (index, line) in words::wrap(&words::plain(&line), self.width - 2).iter().enumerate() {
                        let sign = if index == 0 { self.sign(ResultVerdict::Skipped) } else { " ".to_owned() };
                        text.push_str(&format!("{sign} {line}\n"));
                    }
                }
                continue;
            }
            let what = [result.message.as_deref(), result.rule.as_deref()].into_iter().flatten().next();
            let is_worth_saying = result.message.is_some() || result.verdict == ResultVerdict::Skipped;
            let what = what.filter(|_| is_worth_saying).map(|what| format!(": {what}")).unwrap_or_default();
            let system = result.system.as_deref().unwrap_or_default();
            let system = if result.name.contains(system) { String::new() } else { format!("{system} ") };
            let is_warning = result.extra.get("level").is_some_and(|level| level == "warning");
            let warning = if is_warning { "warning: " } else { "" };
            let line = words::plain(&format!("{warning}{system}{}{what}", result.name));
            for (index, line) in words::wrap(&line, self.width - 2).iter().enumerate() {
                let sign = if index == 0 { self.sign(result.verdict) } else { " ".to_owned() };
                text.push_str(&format!("{sign} {line}\n"));
            }
        }
        text
    }

    fn attention(&self, result: &TestResult) -> String {
        let mut text = String::new();
        for (index, line) in words::wrap(&words::plain(&result.name), self.width - 2).iter().enumerate() {
            let sign = if index == 0 { self.sign(result.verdict) } else { " ".to_owned() };
            text.push_str(&format!("{sign} {}\n", self.bold(line)));
        }
        let place = result.file.as_ref().map(|file| match result.line {
            Some(line) => format!("{file}:{line}"),
            None => file.clone(),
        });
        let what = [result.system.clone(), result.operation.clone(), result.pointer.clone()];
        let what: Vec<String> = what.into_iter().flatten().collect();
        self.entry(&mut text, "where", &what.join("  "));
        self.entry(&mut text, "file", &place.unwrap_or_default());
        self.entry(&mut text, "rule", result.rule.as_deref().unwrap_or_default());
        let checks = result.evidence.as_ref().map(sections::checks).unwrap_or_default();
        for (expected, seen) in &checks {
            self.entry(&mut text, "expected", expected);
            self.entry(&mut text, "saw", seen);
        }
        if checks.is_empty() {
            self.entry(&mut text, "message", result.message.as_deref().unwrap_or_default());
        }
        for help in result.extra.get("help").and_then(serde_json::Value::as_array).into_iter().flatten() {
            self.entry(&mut text, "help", &words::text(help));
        }
        if let Some(mut evidence) = result.evidence.as_ref().and_then(sections::beside_checks) {
            // Headers push what an answer says out of sight; the other formats have them.
            if let Some(answer) = evidence.as_object_mut().filter(|answer| answer.contains_key("body")) {
                answer.remove("headers");
            }
            let shown = words::text(&evidence);
            let lines: Vec<&str> = shown.lines().collect();
            let rest = lines.len().saturating_sub(EVIDENCE_LINES);
            let more = if rest > 0 { format!("\n… {rest} more lines in the other formats") } else { String::new() };
            self.entry(&mut text, "evidence", &format!("{}{more}", lines[..lines.len() - rest].join("\n")));
        }
        if let Some(line) = &result.reproduce {
            let name = self.dim("reproduce");
            text.push_str(&format!("  {name}  {}\n", words::plain(line)));
        }
        text
    }

    fn entry(&self, text: &mut String, key: &str, value: &str) {
        for (index, line) in words::wrap(&words::plain(value), self.width - 13).iter().enumerate() {
            let key = if index == 0 { key } else { "" };
            text.push_str(&format!("  {}  {line}\n", self.dim(&format!("{key:9}"))));
        }
    }

    fn overview(&self, parts: &[Report]) -> String {
        let columns = ["", "command", "results", "took"].map(ToOwned::to_owned);
        let row = |part: &Report| {
            vec![
                self.verdict_sign(part.verdict),
                sections::heading(part),
                sections::verdict_line(part),
                words::millis(part.duration_ms as f64),
            ]
        };
        self.table(&columns, &parts.iter().map(row).collect::<Vec<_>>())
    }

    fn verdict(&self, report: &Report) -> String {
        let line = format!(
            "{} {}: {}",
            report.verdict.sign(),
            words::plain(&sections::heading(report)),
            sections::verdict_word(report)
        );
        let head = line.clone();
        let line = match report.verdict {
            Verdict::Pass => self.paint(&line, |text| text.green().bold().to_string()),
            Verdict::Fail => self.paint(&line, |text| text.red().bold().to_string()),
            Verdict::Error | Verdict::Unknown => self.paint(&line, |text| text.yellow().bold().to_string()),
        };
        let rest = format!("{} in {}", sections::verdict_line(report), words::millis(report.duration_ms as f64));
        let rest = words::plain(&rest);
        if head.chars().count() + 3 + rest.chars().count() <= self.width {
            return format!("{line} · {rest}\n");
        }
        let rest = words::wrap(&rest, self.width - 2);
        format!("{line}\n  {}\n", rest.join("\n  "))
    }

    /// Rows that begin with a sign get its colour.
    fn signed(&self, table: &facts::Table) -> Vec<Vec<String>> {
        let mut rows = table.rows.clone();
        for cell in rows.iter_mut().filter_map(|row| row.first_mut()) {
            let verdicts = [Verdict::Pass, Verdict::Fail, Verdict::Error];
            if let Some(verdict) = verdicts.into_iter().find(|verdict| verdict.sign() == cell) {
                *cell = self.verdict_sign(verdict);
            }
        }
        rows
    }

    fn table(&self, columns: &[String], rows: &[Vec<String>]) -> String {
        let mut builder = Builder::default();
        builder.push_record(columns.iter().map(|column| self.dim(column)));
        for row in rows {
            builder.push_record(
                row.iter()
                    .map(|cell| if self.color && cell.contains('\u{1b}') { cell.clone() } else { words::plain(cell) }),
            );
        }
        let mut table = builder.build();
        table
            .with(Borders::blank())
            .with(Padding::new(0, 1, 0, 0))
            .with(Modify::new(Rows::new(..)).with(Padding::new(0, 1, 0, 0)))
            .with(Width::wrap(self.width).priority(PriorityMax::right()).keep_words(true));
        let text = table.to_string();
        text.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    fn bar(&self, share: f64, late: bool) -> String {
        let filled = ((share * BAR as f64).ceil() as usize).clamp(usize::from(share > 0.0), BAR);
        let full = "█".repeat(filled);
        let rest = self.dim(&"░".repeat(BAR - filled));
        let full = if late {
            self.paint(&full, |text| text.red().to_string())
        } else {
            self.paint(&full, |text| text.cyan().to_string())
        };
        format!("{full}{rest}")
    }

    fn sign(&self, verdict: ResultVerdict) -> String {
        match verdict {
            ResultVerdict::Pass => self.paint(verdict.sign(), |text| text.green().to_string()),
            ResultVerdict::Fail => self.paint(verdict.sign(), |text| text.red().bold().to_string()),
            ResultVerdict::Error => self.paint(verdict.sign(), |text| text.yellow().bold().to_string()),
            ResultVerdict::Skipped => self.dim(verdict.sign()),
        }
    }

    fn verdict_sign(&self, verdict: Verdict) -> String {
        match verdict {
            Verdict::Pass => self.sign(ResultVerdict::Pass),
            Verdict::Fail => self.sign(ResultVerdict::Fail),
            Verdict::Error => self.sign(ResultVerdict::Error),
            Verdict::Unknown => self.paint(verdict.sign(), |text| text.yellow().to_string()),
        }
    }

    fn step_sign(&self, verdict: Option<&str>) -> String {
        match verdict {
            Some("pass" | "passed" | "ok") => self.sign(ResultVerdict::Pass),
            Some("fail" | "failed" | "late") => self.sign(ResultVerdict::Fail),
            Some("error") => self.sign(ResultVerdict::Error),
            Some("skipped") => self.sign(ResultVerdict::Skipped),
            Some("unknown") => self.verdict_sign(Verdict::Unknown),
            Some(other) => other.to_owned(),
            None => String::new(),
        }
    }

    fn bold(&self, text: &str) -> String {
        self.paint(text, |text| text.bold().to_string())
    }

    fn dim(&self, text: &str) -> String {
        self.paint(text, |text| text.dimmed().to_string())
    }

    fn paint(&self, text: &str, paint: impl Fn(&str) -> String) -> String {
        if self.color && !text.is_empty() { paint(text) } else { text.to_owned() }
    }
}
