//! Latency figures from a histogram of microseconds, as reports carry them.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// `{"p50","p90","p99","p999","max","mean","count"}` in microseconds; all 0 when nothing was recorded.
pub fn latency_us(histogram: &Histogram<u64>) -> Value {
    let at = |quantile| histogram.value_at_quantile(quantile);
    json!({
        "p50": at(0.5),
        "p90": at(0.9),
        "p99": at(0.99),
        "p999": at(0.999),
        "max": histogram.max(),
        "mean": histogram.mean().round() as u64,
        "count": histogram.len(),
    })
}

/// One series of the latency curve: `{"name", "points": [[percentile, microseconds], …]}`.
pub fn curve(name: &str, histogram: &Histogram<u64>) -> Value {
    json!({"name": name, "points": curve_points(histogram)})
}

/// Percentiles and microseconds, denser towards the end, where people look: some points per halving of what is left.
pub fn curve_points(histogram: &Histogram<u64>) -> Vec<(f64, u64)> {
    const PER_HALVING: u32 = 4;
    let mut points: Vec<(f64, u64)> = Vec::new();
    for value in histogram.iter_quantiles(PER_HALVING) {
        let percentile = (value.quantile_iterated_to() * 100.0 * 1e6).round() / 1e6;
        let point = (percentile, histogram.highest_equivalent(value.value_iterated_to()).min(histogram.max()));
        match points.last_mut() {
            // The iterator may stop twice at one percentile: the later value is the greater one.
            Some(last) if (last.0 - point.0).abs() < f64::EPSILON => *last = point,
            _ => points.push(point),
        }
    }
    points
}
