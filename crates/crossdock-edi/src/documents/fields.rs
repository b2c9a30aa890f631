//! Reads and writes single facts of a set: dates, times, numbers, product ids, references.
//! Invariant: a fact that is there and cannot be understood is an error, also where the fact is optional.

use std::fmt::Display;
use std::ops::Range;
use std::str::FromStr;

use crossdock_model::{Amount, ProductId, Quantity, RunId, Timestamp};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::error::{Code, EdiError, ElementCode, SegmentCode};
use crate::tree::{Segment, Set};
use crate::write::WriteError;

/// Which product id of a line counts, where it carries several: the buyer's own first, then the supplier's, then trade numbers.
const PRODUCT_QUALIFIERS: [&str; 10] = ["BP", "IN", "CB", "SK", "VP", "VN", "VC", "UP", "UK", "EN"];

/// Reads one set and collects everything that is wrong with it.
pub(super) struct Fields<'s, 'a> {
    pub(super) set: &'s Set<'a>,
    pub(super) errors: Vec<EdiError>,
}

impl<'s, 'a> Fields<'s, 'a> {
    pub(super) fn new(set: &'s Set<'a>) -> Self {
        Self { set, errors: Vec::new() }
    }

    /// All or nothing: the document, or every error.
    pub(super) fn finish<T>(self, document: Option<T>) -> Result<T, Vec<EdiError>> {
        match document {
            Some(document) if self.errors.is_empty() => Ok(document),
            _ => Err(self.errors),
        }
    }

    pub(super) fn text(&self, segment: usize, element: usize) -> &'s str {
        self.set.segments.get(segment).map_or("", |found| found.get(element).trim())
    }

    /// Is segment `index` one of this id?
    pub(super) fn is(&self, index: usize, id: &str) -> bool {
        self.set.segments.get(index).is_some_and(|segment| segment.id == id)
    }

    /// The first segment of an id in a range of the set.
    pub(super) fn first(&self, id: &str, within: Range<usize>) -> Option<usize> {
        within.into_iter().find(|&index| self.is(index, id))
    }

    /// The first segment of an id whose first element is one of `qualifiers`, in the order of the qualifiers.
    pub(super) fn qualified(&self, id: &str, qualifiers: &[&str], within: &Range<usize>) -> Option<usize> {
        qualifiers.iter().find_map(|qualifier| {
            within.clone().find(|&index| {
                self.set
                    .segments
                    .get(index)
                    .is_some_and(|segment| segment.id == id && segment.get(1).trim() == *qualifier)
            })
        })
    }

    /// The segment that the document cannot be without.
    pub(super) fn required_segment(&mut self, id: &'static str) -> Option<usize> {
        let found = self.first(id, 0..self.set.segments.len());
        if found.is_none() {
            self.missing_segment(id, &format!("the set has no {id} segment"), 0);
        }
        found
    }

    pub(super) fn missing_segment(&mut self, id: &str, message: &str, at: usize) {
        let mut place = self.set.place(at, None);
        id.clone_into(&mut place.segment_id);
        self.errors.push(EdiError::refused(Code::Segment(SegmentCode::MandatoryMissing), place, message));
    }

    pub(super) fn error(&mut self, code: ElementCode, segment: usize, element: usize, message: String) {
        let found = self.text(segment, element);
        let place = self.set.place(segment, Some(element));
        self.errors.push(EdiError::refused(Code::Element(code), place, message).with_found(found));
    }

    /// A value that must be there.
    pub(super) fn required<T: FromStr>(&mut self, segment: usize, element: usize, what: &str) -> Option<T>
    where
        T::Err: Display,
    {
        if self.text(segment, element).is_empty() {
            self.error(ElementCode::MandatoryMissing, segment, element, format!("the {what} is missing"));
            return None;
        }
        self.optional(segment, element, what)
    }

    /// A value that may be absent, but not broken.
    pub(super) fn optional<T: FromStr>(&mut self, segment: usize, element: usize, what: &str) -> Option<T>
    where
        T::Err: Display,
    {
        let text = self.text(segment, element);
        if text.is_empty() {
            return None;
        }
        match text.parse() {
            Ok(value) => Some(value),
            Err(why) => {
                self.error(
                    ElementCode::InvalidCharacter,
                    segment,
                    element,
                    format!("the {what} cannot be read: {why}"),
                );
                None
            }
        }
    }

    pub(super) fn quantity(&mut self, segment: usize, element: usize) -> Option<Quantity> {
        self.number(segment, element, "quantity")
    }

    pub(super) fn price(&mut self, segment: usize, element: usize) -> Option<Amount> {
        if self.text(segment, element).is_empty() { None } else { self.number(segment, element, "price") }
    }

    /// A decimal as X12 writes it: the zero before the point, and the point itself, may be left out.
    fn number<T: FromStr>(&mut self, segment: usize, element: usize, what: &str) -> Option<T>
    where
        T::Err: Display,
    {
        let text = self.text(segment, element);
        let text = text.strip_suffix('.').unwrap_or(text);
        let padded = match text.strip_prefix('.') {
            Some(fraction) => format!("0.{fraction}"),
            None => text.to_owned(),
        };
        if padded.is_empty() {
            self.error(ElementCode::MandatoryMissing, segment, element, format!("the {what} is missing"));
            return None;
        }
        match padded.parse() {
            Ok(value) => Some(value),
            Err(why) => {
                self.error(
                    ElementCode::InvalidCharacter,
                    segment,
                    element,
                    format!("the {what} cannot be read: {why}"),
                );
                None
            }
        }
    }

    /// The line number of a line: the element, or its ordinal where the sender left it out.
    pub(super) fn line_number(&mut self, segment: usize, element: usize, ordinal: usize) -> Option<u32> {
        if self.text(segment, element).is_empty() {
            return u32::try_from(ordinal).ok();
        }
        self.required(segment, element, "line number")
    }

    /// The product of a line, from its pairs of qualifier and id that start at element `first`.
    pub(super) fn product(&mut self, segment: usize, first: usize) -> Option<ProductId> {
        let count = self.set.segments.get(segment).map_or(0, |found| found.elements.len());
        let pairs: Vec<usize> =
            (first..count).step_by(2).filter(|&at| !self.text(segment, at + 1).is_empty()).collect();
        let chosen = PRODUCT_QUALIFIERS
            .iter()
            .find_map(|qualifier| pairs.iter().copied().find(|&at| self.text(segment, at) == *qualifier))
            .or_else(|| pairs.first().copied());
        self.required(segment, chosen.unwrap_or(first) + 1, "product id")
    }

    /// The synthetic run (REF*ZZ) of the header, where there is one.
    pub(super) fn run_id(&mut self, header: &Range<usize>) -> Option<RunId> {
        let reference = self.qualified("REF", &["ZZ"], header)?;
        self.optional(reference, 2, "run id")
    }

    pub(super) fn date(&mut self, segment: usize, element: usize, what: &str) -> Option<Date> {
        let text = self.text(segment, element);
        if text.is_empty() {
            self.error(ElementCode::MandatoryMissing, segment, element, format!("the {what} is missing"));
            return None;
        }
        let date = parse_date(text);
        if date.is_none() {
            self.error(ElementCode::InvalidDate, segment, element, format!("the {what} is no date as CCYYMMDD"));
        }
        date
    }

    /// A date and, where there is one, a time. Times without a zone are UTC: that is what our guides ask for.
    pub(super) fn moment(&mut self, segment: usize, date: usize, time: usize, what: &str) -> Option<Timestamp> {
        let day = self.date(segment, date, what)?;
        let text = self.text(segment, time);
        let clock = if text.is_empty() { Some(Time::midnight()) } else { parse_time(text) };
        if clock.is_none() {
            self.error(ElementCode::InvalidTime, segment, time, format!("the time of the {what} is no time as HHMMSS"));
        }
        let moment = Offset::UTC.to_timestamp(DateTime::from_parts(day, clock?)).ok();
        if moment.is_none() {
            self.error(ElementCode::InvalidDate, segment, date, format!("the {what} is out of range"));
        }
        moment
    }

    /// A moment given by a DTM with one of these qualifiers.
    pub(super) fn dated(&mut self, qualifiers: &[&str], within: &Range<usize>, what: &str) -> Option<Timestamp> {
        let found = self.qualified("DTM", qualifiers, within)?;
        self.moment(found, 2, 3, what)
    }
}

/// `CCYYMMDD`, or `YYMMDD` of the years 1970 to 2069.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match text.len() {
        8 => (text.get(..4)?.parse::<i16>().ok()?, text.get(4..)?),
        6 => {
            let short = text.get(..2)?.parse::<i16>().ok()?;
            (if short < 70 { 2000 + short } else { 1900 + short }, text.get(2..)?)
        }
        _ => return None,
    };
    Date::new(year, rest.get(..2)?.parse().ok()?, rest.get(2..)?.parse().ok()?).ok()
}

/// `HHMM`, `HHMMSS`, `HHMMSSD` or `HHMMSSDD` with decimal seconds.
pub(crate) fn parse_time(text: &str) -> Option<Time> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(text.len(), 4 | 6 | 7 | 8) {
        return None;
    }
    let part = |from: usize| text.get(from..from + 2).map_or(Some(0), |part| part.parse::<i8>().ok());
    let fraction = text.get(6..).unwrap_or("");
    let nanos = match fraction.len() {
        0 => 0,
        1 => fraction.parse::<i32>().ok()? * 100_000_000,
        _ => fraction.parse::<i32>().ok()? * 10_000_000,
    };
    Time::new(part(0)?, part(2)?, part(4)?, nanos).ok()
}

/// `CCYYMMDD` in UTC.
pub(super) fn date_text(at: Timestamp) -> String {
    Offset::UTC.to_datetime(at).strftime("%Y%m%d").to_string()
}

/// `HHMMSSDD` in UTC: hundredths are the finest that X12 has.
pub(super) fn time_text(at: Timestamp) -> String {
    let civil = Offset::UTC.to_datetime(at);
    format!("{}{:02}", civil.strftime("%H%M%S"), civil.subsec_nanosecond() / 10_000_000)
}

/// A DTM segment with a moment in UTC.
pub(super) fn moment_segment(qualifier: &str, at: Timestamp) -> Segment<'static> {
    Segment::new("DTM", [qualifier.to_owned(), date_text(at), time_text(at), "UT".to_owned()])
}

/// An ISO date (`2026-03-01`) as X12 writes it.
pub(super) fn iso_date_text(what: &str, date: &str) -> Result<String, WriteError> {
    let parsed: Date = date.parse().map_err(|why: jiff::Error| unfit(what, why.to_string()))?;
    Ok(parsed.strftime("%Y%m%d").to_string())
}

/// The value, if it fits into the room that its element has.
pub(super) fn fit(what: &str, value: impl Display, max: usize) -> Result<String, WriteError> {
    let text = value.to_string();
    let length = text.chars().count();
    if text.is_empty() {
        return Err(unfit(what, "it is empty".to_owned()));
    }
    if length > max {
        return Err(unfit(what, format!("`{text}` has {length} characters; its element has room for {max}")));
    }
    Ok(text)
}

pub(super) fn unfit(what: &str, why: String) -> WriteError {
    WriteError::Unfit { what: what.to_owned(), why }
}

/// Room for a reference: 004010 has 30, 005010 has 50; our guides allow 50 because a run id has 36.
pub(super) const REFERENCE_MAX: usize = 50;

/// REF*ZZ with the synthetic run.
pub(super) fn run_segment(run_id: Option<&RunId>) -> Result<Option<Segment<'static>>, WriteError> {
    run_id
        .map(|run| Ok(Segment::new("REF", ["ZZ".to_owned(), fit("run id", run.as_str(), REFERENCE_MAX)?])))
        .transpose()
}

/// A party by our code for it (N103 `92`: assigned by the buyer).
pub(super) fn party_segment(role: &str, what: &str, id: &str) -> Result<Segment<'static>, WriteError> {
    Ok(Segment::new("N1", [role.to_owned(), String::new(), "92".to_owned(), fit(what, id, 80)?]))
}
