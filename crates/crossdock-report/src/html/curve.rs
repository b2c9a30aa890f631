//! The latency percentile curve: percentile to the right on a logarithmic axis, so that each further nine has the same room; time upwards.

use maud::{Markup, html};

use super::timeline::{nice_step, px};
use crate::model::Report;
use crate::sections::{self, Series, Sla};
use crate::words;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 44.0;
/// Where the axis turns logarithmic upwards too: the slowest is this many times the fastest.
const SPREAD: f64 = 25.0;
/// How far beyond the last nine the maximum stands.
const MAX_GAP: f64 = 0.35;

const PERCENTILES: [(f64, &str); 8] = [
    (0.0, "0"),
    (50.0, "50"),
    (75.0, "75"),
    (90.0, "90"),
    (99.0, "99"),
    (99.9, "99.9"),
    (99.99, "99.99"),
    (99.999, "99.999"),
];

struct Scale {
    nines: f64,
    low: f64,
    high: f64,
    is_log: bool,
}

impl Scale {
    fn of(series: &[Series], bounds: &[(f64, f64, &str)]) -> Self {
        let points = || series.iter().flat_map(|series| series.points.iter());
        let values = || points().map(|(_, us)| *us).chain(bounds.iter().map(|(_, us, _)| *us));
        let high = values().fold(1.0, f64::max);
        let low = values().filter(|us| *us > 0.0).fold(high, f64::min);
        let nines = points()
            .map(|(percentile, _)| *percentile)
            .filter(|percentile| *percentile < 100.0)
            .map(nines)
            .fold(2.0, f64::max);
        let is_log = high / low > SPREAD;
        let (low, high) = if is_log { (low * 0.8, high * 1.25) } else { (0.0, high * 1.08) };
        Self { nines: nines.min(5.0), low, high, is_log }
    }

    /// 100 % has no place on a logarithmic axis: it stands a little beyond the last.
    fn x(&self, percentile: f64) -> f64 {
        let at = if percentile >= 100.0 { self.nines + MAX_GAP } else { nines(percentile).min(self.nines) };
        LEFT + at / (self.nines + MAX_GAP) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, us: f64) -> f64 {
        let share =
            if self.is_log { (us.max(self.low) / self.low).ln() / (self.high / self.low).ln() } else { us / self.high };
        HEIGHT - BOTTOM - share.clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
    }

    fn ticks(&self) -> Vec<f64> {
        if self.is_log {
            let first = self.low.log10().floor() as i32;
            let decades = (self.high / self.low).log10();
            let factors: &[f64] = if decades > 3.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
            let all =
                (first..first + 9).flat_map(|power| factors.iter().map(move |factor| factor * 10_f64.powi(power)));
            return all.filter(|us| *us >= self.low && *us <= self.high).collect();
        }
        let step = nice_step(self.high / 6.0);
        (0..=8_u32).map(|index| f64::from(index) * step).take_while(|us| *us <= self.high).collect()
    }
}

/// How many nines: 90 is 1, 99 is 2.
fn nines(percentile: f64) -> f64 {
    -(1.0 - percentile / 100.0).max(1e-7).log10()
}

/// The panel, or nothing where a report has no curve.
pub(super) fn draw(report: &Report) -> Markup {
    let series = sections::curves(report);
    if series.is_empty() {
        return html! {};
    }
    let slas = sections::slas(report);
    let bounds: Vec<(f64, f64, &str)> = slas.iter().filter_map(bound).collect();
    let scale = Scale::of(&series, &bounds);
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    html! {
        div.panel.curve {
            h3 { "Latency by percentile" small { "each further nine has the same room" @if scale.is_log { "; time is logarithmic" } } }
            div.scroll {
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label="Latency by percentile" {
                    @for us in scale.ticks() {
                        @let y = scale.y(us);
                        line.grid x1=(LEFT) x2=(right) y1=(px(y)) y2=(px(y)) {}
                        text.soft x=(LEFT - 8.0) y=(px(y + 4.0)) text-anchor="end" { (words::micros(us)) }
                    }
                    @for (percentile, name) in PERCENTILES.iter().filter(|(percentile, _)| nines(*percentile) <= scale.nines + 0.01) {
                        @let x = scale.x(*percentile);
                        line.grid x1=(px(x)) x2=(px(x)) y1=(TOP) y2=(bottom) {}
                        text.soft x=(px(x)) y=(bottom + 18.0) text-anchor="middle" { (name) }
                    }
                    text.soft x=(px(scale.x(100.0))) y=(bottom + 18.0) text-anchor="middle" { "max" }
                    text.soft x=(px(f64::midpoint(LEFT, right))) y=(bottom + 36.0) text-anchor="middle" { "percentile" }
                    line.axis x1=(LEFT) x2=(right) y1=(bottom) y2=(bottom) {}
                    line.axis x1=(LEFT) x2=(LEFT) y1=(TOP) y2=(bottom) {}
                    @for (percentile, us, name) in &bounds { (draw_bound(&scale, *percentile, *us, name)) }
                    @for (index, series) in series.iter().enumerate() { (draw_series(&scale, series, index)) }
                }
            }
            div.legend {
                @for (index, series) in series.iter().enumerate() { span { i class={ "k" (index % 7) } {} (series.name) } }
                @if !bounds.is_empty() { span { i.dash.k-fail {} "service level" } }
            }
        }
    }
}

fn bound(sla: &Sla) -> Option<(f64, f64, &str)> {
    sla.bound.map(|(percentile, us)| (percentile, us, sla.name.as_str()))
}

/// A line as far as the percentile it binds, with its name.
fn draw_bound(scale: &Scale, percentile: f64, us: f64, name: &str) -> Markup {
    let (x, y) = (scale.x(percentile), scale.y(us));
    html! {
        line.sla x1=(LEFT) x2=(px(x)) y1=(px(y)) y2=(px(y)) {}
        line.sla x1=(px(x)) x2=(px(x)) y1=(px(y - 5.0)) y2=(px(y + 5.0)) {}
        text.sla-text x=(px(LEFT + 8.0)) y=(px(y - 5.0)) { (words::cut(name, 48)) " ≤ " (words::micros(us)) }
    }
}

fn draw_series(scale: &Scale, series: &Series, index: usize) -> Markup {
    let place = |(percentile, us): &(f64, f64)| (scale.x(*percentile), scale.y(*us));
    let path: Vec<String> = series.points.iter().map(place).map(|(x, y)| format!("{},{}", px(x), px(y))).collect();
    html! {
        g class={ "k" (index % 7) } {
            polyline.line points=(path.join(" ")) {}
            @for point in &series.points {
                @let (x, y) = place(point);
                circle.hit cx=(px(x)) cy=(px(y)) r="5" {
                    title { (series.name) " p" (percentile_name(point.0)) ": " (words::micros(point.1)) }
                }
            }
            @if let Some(last) = series.points.last() {
                @let (x, y) = place(last);
                circle.dot cx=(px(x)) cy=(px(y)) r="3" {}
            }
        }
    }
}

fn percentile_name(percentile: f64) -> String {
    let text = format!("{percentile:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
