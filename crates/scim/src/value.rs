//! Typed scalar values, the one comparator that filters, uniqueness and the index share.

use std::borrow::Cow;
use std::cmp::Ordering;

/// A typed value (RFC 7643 §2.3).
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// Text, binary or reference, as stored.
    Text(String),
    /// A boolean.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A decimal.
    Decimal(f64),
    /// An instant: nanoseconds since 1970-01-01T00:00:00Z.
    Instant(i128),
}

/// Folds text for comparison: as it is when case counts, lower case otherwise (RFC 7643 §2.2 `caseExact`).
pub fn fold(text: &str, case_exact: bool) -> Cow<'_, str> {
    if case_exact || !text.chars().any(|c| c.is_uppercase() || !c.is_ascii()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.to_lowercase())
}

/// Reads an `xsd:dateTime` as nanoseconds since the epoch; one without an offset is taken as UTC (ours).
///
/// Years 0001 to 9999, any number of fraction digits (those past nine are dropped).
pub fn parse_instant(text: &str) -> Option<i128> {
    let civil_end = text.get(10..)?.find(['Z', 'z', '+', '-']).map(|at| at + 10);
    let (civil, offset) = text.split_at(civil_end.unwrap_or(text.len()));
    if !civil.get(10..11).is_some_and(|t| t.eq_ignore_ascii_case("T")) {
        return None;
    }
    let fraction_end = civil.find('.').map_or(civil.len(), |dot| civil.len().min(dot + 10));
    let fraction = civil.get(19..).unwrap_or_default();
    if !(fraction.is_empty()
        || fraction.len() > 1
            && fraction.starts_with('.')
            && fraction[1..].bytes().all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let civil: jiff::civil::DateTime = civil.get(..fraction_end)?.parse().ok()?;
    let instant = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_nanosecond();
    Some(instant - i128::from(parse_offset(offset)?) * 1_000_000_000)
}

/// Seconds east of UTC of `Z`, `+hh:mm`, `-hh:mm`, or nothing.
fn parse_offset(text: &str) -> Option<i64> {
    if text.is_empty() || text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = (if text.starts_with('-') { -1 } else { 1 }, text.get(1..)?);
    let (hours, minutes) = rest.split_once(':')?;
    let two_digits = |part: &str, most: i64| -> Option<i64> {
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        part.parse().ok().filter(|number| digits && *number <= most)
    };
    Some(sign * (two_digits(hours, 14)? * 3600 + two_digits(minutes, 59)? * 60))
}

/// Compares two values of one attribute; `None` when their types differ.
pub fn compare(left: &Scalar, right: &Scalar, case_exact: bool) -> Option<Ordering> {
    match (left, right) {
        (Scalar::Text(a), Scalar::Text(b)) => Some(fold(a, case_exact).cmp(&fold(b, case_exact))),
        (Scalar::Boolean(a), Scalar::Boolean(b)) => Some(a.cmp(b)),
        (Scalar::Integer(a), Scalar::Integer(b)) => Some(a.cmp(b)),
        (Scalar::Decimal(a), Scalar::Decimal(b)) => a.partial_cmp(b),
        #[expect(clippy::cast_precision_loss, reason = "comparison across number types is by value")]
        (Scalar::Integer(a), Scalar::Decimal(b)) => (*a as f64).partial_cmp(b),
        #[expect(clippy::cast_precision_loss, reason = "comparison across number types is by value")]
        (Scalar::Decimal(a), Scalar::Integer(b)) => a.partial_cmp(&(*b as f64)),
        (Scalar::Instant(a), Scalar::Instant(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
