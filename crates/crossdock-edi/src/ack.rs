//! What a receiver owes the sender of a file: TA1 for interchanges, 997 for functional groups and their sets.
//! Here: the answer as texts (`TA1:R/022`, `AK9:R/5`, `AK5:R/4`) and as an interchange ready to send. Not here: what is wrong (`read`, `guide`).
//! Invariant: an acknowledgement is never acknowledged, so two systems cannot answer each other for ever.

use jiff::Timestamp;

use crate::envelope::{Envelope, NewGroup};
use crate::error::{Code, EdiError, Severity};
use crate::tree::{File, Group, Interchange, Segment, Set};
use crate::write::write;

/// Codes that one AK5 or AK9 has room for.
const CODES_MAX: usize = 5;

/// The control numbers and the time of the answer. Further interchanges of the same answer count on from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckNumbers {
    /// ISA13 of the first interchange of the answer; GS06 is the same.
    pub interchange_control: u32,
    /// When the answer is made.
    pub at: Timestamp,
}

/// The answer to a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acks {
    /// Each outcome once, in order: `LEVEL:STATUS` or `LEVEL:STATUS/CODE`. Of a refused interchange and of groups that get no answer
    /// (997) only refusals are listed.
    pub codes: Vec<String>,
    /// The interchanges to send back, one after the other; empty where nothing is owed.
    pub interchange: String,
}

/// Answers a file that was read and checked.
pub fn acknowledge(file: &File<'_>, numbers: &AckNumbers) -> Acks {
    let mut acks = Acks::default();
    // Without a readable header there is nobody to answer; the code still says what happened.
    for finding in file.findings.iter().filter(|finding| finding.is_refusal()) {
        acks.say("TA1", "R", &[finding.code.code()]);
    }
    let mut control = numbers.interchange_control;
    for interchange in &file.interchanges {
        let services: Vec<Segment<'static>> = acks.interchange_answer(interchange).into_iter().collect();
        let sets: Vec<Vec<Segment<'static>>> = acks.group_answers(interchange);
        if sets.is_empty() && services.is_empty() {
            continue;
        }
        let envelope = Envelope {
            group_control: control,
            usage: interchange.usage(),
            ..Envelope::new(interchange.receiver(), interchange.sender(), control, numbers.at)
        };
        let groups = if sets.is_empty() {
            Vec::new()
        } else {
            let sets = sets.into_iter().map(|body| ("997", body)).collect();
            vec![NewGroup { functional_id: "FA", control, sets }]
        };
        control = control.wrapping_add(1);
        // What cannot be written (ids with our delimiters in them) cannot have been understood either: the codes say so.
        if let Ok(bytes) = write(&envelope.wrap(services, groups)) {
            acks.interchange.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    acks
}

/// The status of a part: refused, accepted with errors noted, accepted.
fn status(findings: &[EdiError]) -> &'static str {
    match findings.iter().map(|finding| finding.severity).max() {
        Some(Severity::Refused) => "R",
        Some(Severity::Tolerated) => "E",
        None => "A",
    }
}

/// The distinct codes of the findings that decide the status: refusals where there are any, else the notes.
fn deciding(findings: &[EdiError], code: impl Fn(&EdiError) -> &'static str) -> Vec<&'static str> {
    let severity = findings.iter().map(|finding| finding.severity).max();
    let mut codes = Vec::new();
    for finding in findings.iter().filter(|finding| Some(finding.severity) == severity) {
        let code = code(finding);
        if !codes.contains(&code) && codes.len() < CODES_MAX {
            codes.push(code);
        }
    }
    codes
}

/// The code that a set's AK5 says for a finding: errors of segments and elements are all `5`.
fn set_code(finding: &EdiError) -> &'static str {
    match finding.code {
        Code::Segment(_) | Code::Element(_) => "5",
        _ => finding.code.code(),
    }
}

impl Acks {
    fn say(&mut self, level: &str, status: &str, codes: &[&str]) {
        let texts = match codes {
            [] => vec![format!("{level}:{status}")],
            codes => codes.iter().map(|code| format!("{level}:{status}/{code}")).collect(),
        };
        for text in texts {
            if !self.codes.contains(&text) {
                self.codes.push(text);
            }
        }
    }

    /// The TA1, where one is owed.
    fn interchange_answer(&mut self, interchange: &Interchange<'_>) -> Option<Segment<'static>> {
        let status = status(&interchange.findings);
        let codes = deciding(&interchange.findings, |finding| finding.code.code());
        self.say("TA1", status, &codes);
        let only_ta1 = interchange.groups.is_empty() && !interchange.services.is_empty();
        let owed = (status == "R" || interchange.ack_requested()) && !only_ta1;
        let note = codes.first().copied().unwrap_or("000");
        let header = |element: usize| interchange.isa.get(element).trim().to_owned();
        owed.then(|| Segment::new("TA1", [header(13), header(9), header(10), status.to_owned(), note.to_owned()]))
    }

    /// One 997 for each group that gets one.
    fn group_answers(&mut self, interchange: &Interchange<'_>) -> Vec<Vec<Segment<'static>>> {
        let mut answers = Vec::new();
        for group in &interchange.groups {
            let is_ack = group.functional_id() == "FA";
            let silent = is_ack || interchange.is_refused();
            let (answer, outcomes) = group_answer(group);
            for (level, status, codes) in outcomes {
                if !silent || status == "R" {
                    self.say(level, status, &codes);
                }
            }
            if !silent {
                answers.push(answer);
            }
        }
        answers
    }
}

type Outcome = (&'static str, &'static str, Vec<&'static str>);

fn group_answer(group: &Group<'_>) -> (Vec<Segment<'static>>, Vec<Outcome>) {
    let mut segments = vec![Segment::new("AK1", [echo(group.functional_id(), 2), echo(group.control_number(), 9)])];
    let mut outcomes: Vec<Outcome> = Vec::new();
    let refused_group = group.is_refused();
    let mut accepted = 0;
    for set in &group.sets {
        let status = status(&set.findings);
        let codes = deciding(&set.findings, set_code);
        accepted += usize::from(status != "R");
        // Sets that are right but fall with their group are not named: AK9 says that none was accepted.
        if !refused_group || status == "R" {
            segments.extend(set_answer(set, status, &codes));
            outcomes.push(("AK5", status, codes));
        }
    }
    let own = status(&group.findings);
    let noted = own == "E" || group.sets.iter().any(|set| status(&set.findings) == "E");
    let status = match accepted {
        _ if refused_group => "R",
        0 if !group.sets.is_empty() => "R",
        n if n < group.sets.len() => "P",
        _ if noted => "E",
        _ => "A",
    };
    let codes = deciding(&group.findings, |finding| finding.code.code());
    let said = group.ge.as_ref().map_or("", |ge| ge.get(1));
    let included = if said.parse::<u32>().is_ok() { clean(said) } else { group.sets.len().to_string() };
    let accepted = if refused_group { 0 } else { accepted };
    let mut ak9 = vec![status.to_owned(), included, group.sets.len().to_string(), accepted.to_string()];
    ak9.extend(codes.iter().map(|&code| code.to_owned()));
    segments.push(Segment::new("AK9", ak9));
    outcomes.insert(0, ("AK9", status, codes));
    (segments, outcomes)
}

fn set_answer(set: &Set<'_>, status: &str, codes: &[&str]) -> Vec<Segment<'static>> {
    let mut segments = vec![Segment::new("AK2", [echo(set.id(), 3), echo(set.control_number(), 9)])];
    let mut named: Option<usize> = None;
    let mut details: Vec<&EdiError> =
        set.findings.iter().filter(|finding| matches!(finding.code, Code::Segment(_) | Code::Element(_))).collect();
    // Segment codes before element codes of the same segment, elements in their order.
    details
        .sort_by_key(|finding| (finding.place.in_set, matches!(finding.code, Code::Element(_)), finding.place.element));
    for finding in details {
        let position = finding.place.in_set.unwrap_or(0);
        let id = echo(&finding.place.segment_id, 3);
        match finding.code {
            Code::Segment(code) => {
                segments.push(Segment::new("AK3", [id, position.to_string(), String::new(), code.code().to_owned()]));
                named = (code.code() == "8").then_some(position);
            }
            Code::Element(code) => {
                if named != Some(position) {
                    segments.push(Segment::new("AK3", [id, position.to_string(), String::new(), "8".to_owned()]));
                    named = Some(position);
                }
                let element = finding.place.element.unwrap_or(0).to_string();
                let found = clean(finding.found.as_deref().unwrap_or(""));
                segments.push(Segment::new("AK4", [element, String::new(), code.code().to_owned(), found]));
            }
            _ => {}
        }
    }
    let mut ak5 = vec![status.to_owned()];
    ak5.extend(codes.iter().map(|&code| code.to_owned()));
    segments.push(Segment::new("AK5", ak5));
    segments
}

/// What names a part, as it was received: cut to its element; `0` where there was nothing, because the element is mandatory.
fn echo(text: &str, max: usize) -> String {
    let cut: String = clean(text).chars().take(max).collect();
    if cut.trim().is_empty() { "0".to_owned() } else { cut }
}

/// A foreign value inside our answer: without anything that our delimiters would be mistaken for.
fn clean(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '*' | '~' | '>') && !c.is_control()).collect()
}
