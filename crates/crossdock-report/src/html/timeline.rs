//! The timeline of an order across systems: one lane a system, time to the right, each step and event where it happened.
//! Here: the drawing. Labels never overlap: what would is moved to another row of its lane.

use maud::{Markup, html};

use crate::model::Report;
use crate::sections::{self, Moment};
use crate::words;

const WIDTH: f64 = 940.0;
const LEFT: f64 = 8.0;
const RIGHT: f64 = 16.0;
const AXIS: f64 = 26.0;
const ROW: f64 = 20.0;
const PAD: f64 = 7.0;
const BAR: f64 = 12.0;
/// Width of a letter, on average; fonts differ, so a little more than it is.
const LETTER: f64 = 6.4;
const LABEL: usize = 30;
/// Room that the words of a tick need.
const TICK: f64 = 50.0;

/// Something placed in a lane.
struct Placed<'m> {
    moment: &'m Moment,
    row: usize,
    x: f64,
    width: f64,
    label: String,
    side: Side,
}

enum Side {
    Inside,
    Right,
    Left,
}

struct Lane<'m> {
    name: &'m str,
    top: f64,
    height: f64,
    placed: Vec<Placed<'m>>,
}

/// The panel, or nothing where a report has no moments.
pub(super) fn draw(report: &Report) -> Markup {
    let mut moments = sections::timeline(report);
    moments.sort_by(|a, b| a.at.total_cmp(&b.at));
    let Some(began) = moments.first().map(|moment| moment.at) else { return html! {} };
    let ended = moments.iter().map(|moment| moment.at + moment.duration_ms).fold(began, f64::max);
    let span = (ended - began).max(1.0);
    let x = |at: f64| LEFT + (at - began) / span * (WIDTH - LEFT - RIGHT);
    let lanes = lanes(&moments, &x);
    let height = lanes.last().map_or(AXIS, |lane| lane.top + lane.height);
    let kinds = kinds(&moments);
    html! {
        div.panel {
            h3 { "Timeline" small { (words::millis(span)) " across " (words::count(lanes.len(), "system", "systems")) } }
            div.timeline {
                div.lanes {
                    div style={ "height:" (AXIS) "px;border-top:0" } {}
                    @for lane in &lanes { div style={ "height:" (lane.height) "px" } { (lane.name) } }
                }
                div.scroll {
                    svg viewBox={ "0 0 " (WIDTH) " " (height) } width=(WIDTH) height=(px(height)) role="img" aria-label="Timeline of the run across systems" {
                        (axis(span, began, &x, height))
                        @for lane in &lanes { (draw_lane(lane, began, &kinds)) }
                    }
                }
            }
            div.legend { @for (kind, class) in &kinds { @if !kind.is_empty() { span { i class=(class) {} (kind) } } } }
        }
    }
}

fn axis(span: f64, began: f64, x: &impl Fn(f64) -> f64, height: f64) -> Markup {
    let step = nice_step(span / 8.0);
    let ticks: Vec<f64> = (0..=10_u32).map(|index| f64::from(index) * step).take_while(|at| *at <= span).collect();
    html! {
        @for tick in &ticks {
            @let at = x(began + tick);
            line.grid x1=(px(at)) x2=(px(at)) y1=(AXIS - 6.0) y2=(px(height)) {}
            @if at + TICK < WIDTH { text.soft x=(px(at + 3.0)) y="14" { "+" (words::millis(*tick)) } }
        }
    }
}

fn draw_lane(lane: &Lane<'_>, began: f64, kinds: &[(String, String)]) -> Markup {
    html! {
        line.grid x1="0" x2=(WIDTH) y1=(px(lane.top + 0.5)) y2=(px(lane.top + 0.5)) {}
        @for placed in &lane.placed {
            @let y = lane.top + PAD + placed.row as f64 * ROW;
            @let class = kinds.iter().find(|(kind, _)| *kind == placed.moment.kind).map_or("k6", |(_, class)| class.as_str());
            g {
                title { (hover(placed.moment, began)) }
                @if placed.width >= 4.0 {
                    rect class={ "mark " (class) } x=(px(placed.x)) y=(px(y)) width=(px(placed.width)) height=(BAR) rx="3" {}
                } @else {
                    circle class={ "mark " (class) } cx=(px(placed.x)) cy=(px(y + BAR / 2.0)) r="5" {}
                }
                @match placed.side {
                    Side::Inside => text.inside x=(px(placed.x + 5.0)) y=(px(y + 10.0)) style="font-size:10.5px" { (placed.label) },
                    Side::Right => text x=(px(placed.x + placed.width.max(5.0) + 4.0)) y=(px(y + 10.5)) { (placed.label) },
                    Side::Left => text x=(px(placed.x - 9.0)) y=(px(y + 10.5)) text-anchor="end" { (placed.label) },
                }
            }
        }
    }
}

fn hover(moment: &Moment, began: f64) -> String {
    let took =
        if moment.duration_ms > 0.0 { format!(", took {}", words::millis(moment.duration_ms)) } else { String::new() };
    let kind = if moment.kind.is_empty() { String::new() } else { format!(" ({})", moment.kind) };
    format!("{} {}{kind}\nat +{}{took}", moment.lane, moment.label, words::millis(moment.at - began))
}

/// Lanes in the order the systems were first seen.
fn lanes<'m>(moments: &'m [Moment], x: &impl Fn(f64) -> f64) -> Vec<Lane<'m>> {
    let mut lanes: Vec<Lane<'m>> = Vec::new();
    for moment in moments {
        if !lanes.iter().any(|lane| lane.name == moment.lane) {
            lanes.push(Lane { name: &moment.lane, top: 0.0, height: 0.0, placed: Vec::new() });
        }
    }
    let mut top = AXIS;
    for lane in &mut lanes {
        let mut rows: Vec<Vec<(f64, f64)>> = Vec::new();
        for moment in moments.iter().filter(|moment| moment.lane == lane.name) {
            lane.placed.push(place(moment, x, &mut rows));
        }
        lane.top = top;
        lane.height = rows.len().max(1) as f64 * ROW + 2.0 * PAD - (ROW - BAR);
        top += lane.height;
    }
    lanes
}

/// The first row where the mark and its label are free.
fn place<'m>(moment: &'m Moment, x: &impl Fn(f64) -> f64, rows: &mut Vec<Vec<(f64, f64)>>) -> Placed<'m> {
    let start = x(moment.at);
    let width = x(moment.at + moment.duration_ms) - start;
    let label = words::cut(&moment.label, LABEL);
    let label_width = label.chars().count() as f64 * LETTER + 6.0;
    let mark_end = start + width.max(6.0);
    let side = if width > label_width + 4.0 {
        Side::Inside
    } else if mark_end + label_width < WIDTH {
        Side::Right
    } else {
        Side::Left
    };
    let (from, to) = match side {
        Side::Inside => (start - 3.0, mark_end + 3.0),
        Side::Right => (start - 7.0, mark_end + label_width + 4.0),
        Side::Left => (start - label_width - 10.0, mark_end + 3.0),
    };
    let is_free =
        |row: &Vec<(f64, f64)>| row.iter().all(|(taken_from, taken_to)| to <= *taken_from || from >= *taken_to);
    let row = rows.iter().position(is_free).unwrap_or(rows.len());
    if row == rows.len() {
        rows.push(Vec::new());
    }
    rows[row].push((from, to));
    Placed { moment, row, x: start, width, label, side }
}

/// A colour for each kind; verdicts have their own.
fn kinds(moments: &[Moment]) -> Vec<(String, String)> {
    let mut kinds: Vec<(String, String)> = Vec::new();
    let mut next = 0;
    for moment in moments {
        if kinds.iter().any(|(kind, _)| *kind == moment.kind) {
            continue;
        }
        let class = match moment.kind.as_str() {
            "pass" | "passed" | "ok" => "k-pass".to_owned(),
            "fail" | "failed" | "late" | "exception" | "dead_letter" => "k-fail".to_owned(),
            "error" | "retry" => "k-error".to_owned(),
            "skipped" => "k-skipped".to_owned(),
            _ => {
                next += 1;
                format!("k{}", (next - 1) % 7)
            }
        };
        kinds.push((moment.kind.clone(), class));
    }
    kinds
}

/// 1, 2 or 5 times a power of ten, at least `least`.
pub(super) fn nice_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(1e-9).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= least).unwrap_or(power * 10.0)
}

/// A coordinate with one digit after the point: enough, and the file stays small.
pub(super) fn px(value: f64) -> String {
    format!("{value:.1}")
}
