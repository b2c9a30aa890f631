//! Cases are reports as JSON in `tests/data`; beside each is what every format makes of it. `UPDATE_EXPECT=1` rewrites.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]

use std::time::Duration;

use crossdock_diag::{Diagnostic, SourceFile};
use crossdock_testkit::Case;
use expect_test::expect;
use hdrhistogram::Histogram;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{Format, Report, ReportTarget, Style, TestResult, Verdict, combine, curve_points, latency_us, render};

fn read(case: &Case) -> Report {
    serde_json::from_str(&case.text()).unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

fn plain(report: &Report, format: Format) -> String {
    render(report, format, &Style { color: false, width: 100 }).unwrap()
}

#[test]
fn every_format_of_every_report() {
    for case in Case::files("tests/data", "json") {
        let report = read(&case);
        for format in Format::ALL.into_iter().filter(|format| *format != Format::Json) {
            let mut text = plain(&report, format);
            if format == Format::Html {
                text = without(&without(&text, "style"), "script").replace("><", ">\n<");
            }
            case.golden(format.word(), &text);
        }
    }
}

/// The page without what is the same in every page.
fn without(page: &str, tag: &str) -> String {
    let start = page.find(&format!("<{tag}>")).unwrap();
    let end = page.find(&format!("</{tag}>")).unwrap();
    format!("{}{}", &page[..start], &page[end..])
}

#[test]
fn json_keeps_every_key_and_digit() {
    for case in Case::files("tests/data", "json") {
        let written: Value = serde_json::from_str(&plain(&read(&case), Format::Json)).unwrap();
        let read: Value = serde_json::from_str(&case.text()).unwrap();
        assert_eq!(written, read, "{}", case.name);
    }
}

#[test]
fn terminals_get_no_line_too_wide_and_no_control_of_others() {
    for case in Case::files("tests/data", "json") {
        let report = read(&case);
        for width in [80, 120] {
            let text = render(&report, Format::Terminal, &Style { color: false, width }).unwrap();
            for line in text.lines().filter(|line| !line.trim_start().starts_with("reproduce")) {
                assert!(line.chars().count() <= width, "{} at {width}: {line}", case.name);
            }
            assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{}", case.name);
        }
        assert!(render(&report, Format::Terminal, &Style { color: true, width: 100 }).unwrap().contains("\u{1b}["));
    }
}

#[test]
fn pages_bring_all_they_need_and_nothing_runs_that_is_not_ours() {
    for case in Case::files("tests/data", "json") {
        let page = plain(&read(&case), Format::Html);
        for outside in ["src=", "@import", "url(", "<link", "<img", "<iframe", "onclick", "javascript:"] {
            let ours = page.replace("img src=x", "");
            assert!(!ours.contains(outside) || outside == "src=", "{}: {outside}", case.name);
        }
        assert_eq!(page.matches("<script").count(), 1, "{}", case.name);
    }
}

fn results(verdicts: &[TestResult]) -> Report {
    let mut report = Report::new("test");
    for result in verdicts {
        report.push(result.clone());
    }
    report.finish(Timestamp::UNIX_EPOCH, Duration::from_millis(5))
}

#[test]
fn false_is_not_broken() {
    let (pass, fail, error) = (TestResult::pass("p"), TestResult::fail("f", "no"), TestResult::error("e", "refused"));
    let verdict = |results_: &[TestResult]| (results(results_).verdict, results(results_).exit_code());
    assert_eq!(verdict(&[]), (Verdict::Pass, 0));
    assert_eq!(verdict(&[pass.clone(), TestResult::skipped("s", "off")]), (Verdict::Pass, 0));
    assert_eq!(verdict(&[pass.clone(), fail.clone(), error.clone()]), (Verdict::Fail, 1));
    assert_eq!(verdict(&[pass, error]), (Verdict::Error, 2));
    assert_eq!(results(&[]).with_verdict(Verdict::Unknown, "no baseline").exit_code(), 3);
}

#[test]
fn the_whole_is_as_bad_as_its_worst_part() {
    let unknown = results(&[]).with_verdict(Verdict::Unknown, "no baseline");
    let error = results(&[TestResult::error("e", "refused")]);
    let fail = results(&[TestResult::fail("f", "no")]);
    let pass = results(&[TestResult::pass("p")]);
    assert_eq!(combine(&[pass.clone(), unknown.clone()]).verdict, Verdict::Unknown);
    assert_eq!(combine(&[unknown, error.clone()]).verdict, Verdict::Error);
    let whole = combine(&[error, combine(&[fail, pass])]);
    assert_eq!((whole.verdict, whole.results.len(), whole.parts().len()), (Verdict::Fail, 3, 3));
    let text = plain(&whole, Format::Json);
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), whole);
}

#[test]
fn findings_in_files_become_results() {
    let file = SourceFile::new("contracts/slas.yaml", "order-allocation:\n  p99: fast\n");
    let diagnostic = Diagnostic::error("shape::wrong_type", "expected a whole number, found text")
        .at(&file, 25..29, "here")
        .help("in milliseconds");
    let lint: Report = results(&[TestResult::from(&diagnostic)]);
    assert_eq!(lint.exit_code(), 1);
    let broken = Report::could_not_run("probe once", [&diagnostic]).finish(Timestamp::UNIX_EPOCH, Duration::ZERO);
    assert_eq!(broken.exit_code(), 2);
    expect![[r#"
        ! contracts/slas.yaml:2:8
          file       contracts/slas.yaml:2
          rule       shape::wrong_type
          message    expected a whole number, found text
          help       in milliseconds

        ! probe once: error · 1 error in 0 ms
    "#]]
    .assert_eq(&plain(&broken, Format::Terminal));
}

#[test]
fn figures_come_from_the_histogram() {
    let mut histogram = Histogram::<u64>::new(3).unwrap();
    for us in 1..=1000 {
        histogram.record(us * 10).unwrap();
    }
    expect![[r#"{"p50":5003,"p90":9007,"p99":9903,"p999":9991,"max":10007,"mean":5006,"count":1000}"#]]
        .assert_eq(&latency_us(&histogram).to_string());
    let points = curve_points(&histogram);
    assert!(points.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{points:?}");
    assert!(points.last().unwrap().0 >= 100.0);
    assert_eq!(latency_us(&Histogram::new(3).unwrap())["count"], json!(0));
    assert!(curve_points(&Histogram::new(3).unwrap()).is_empty());
}

#[test]
fn formats_are_named_by_words() {
    let target: ReportTarget = "junit=out/report.xml".parse().unwrap();
    assert_eq!((target.format, target.path.to_str().unwrap()), (Format::Junit, "out/report.xml"));
    expect!["no format `junti`; did you mean `junit`? (there are `terminal`, `json`, `junit`, `sarif`, `markdown`, `html`, `github`)"]
        .assert_eq(&"junti".parse::<Format>().unwrap_err());
    expect!["`report.xml` is not FORMAT=FILE, such as junit=report.xml"]
        .assert_eq(&"report.xml".parse::<ReportTarget>().unwrap_err());
}
