//! Typed scalar values, the one comparator that filters, uniqueness and the index share.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use crate::schema::{Attribute, AttributeType};

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

impl Scalar {
    /// Reads a stored value as one of type `kind`; `None` when it has another type.
    ///
    /// An integer past 64 bits is a decimal. Complex values are no scalars.
    pub fn read(value: &Value, kind: AttributeType) -> Option<Self> {
        match kind {
            AttributeType::String | AttributeType::Binary | AttributeType::Reference => {
                value.as_str().map(|text| Self::Text(text.to_owned()))
            }
            AttributeType::Boolean => value.as_bool().map(Self::Boolean),
            AttributeType::Integer => {
                value.as_i64().map(Self::Integer).or_else(|| value.as_f64().map(Self::Decimal))
            }
            AttributeType::Decimal => value.as_f64().map(Self::Decimal),
            AttributeType::DateTime => value.as_str().and_then(parse_instant).map(Self::Instant),
            AttributeType::Complex => None,
        }
    }
}

/// Whether case counts when values of this attribute are compared: as the schema says for strings,
/// always for binary values and references (RFC 7643 §2.3.6, §2.3.7).
pub fn is_case_exact(attribute: &Attribute) -> bool {
    attribute.case_exact || matches!(attribute.kind, AttributeType::Binary | AttributeType::Reference)
}

/// Folds text for comparison: as it is when case counts, lower case otherwise (RFC 7643 §2.2 `caseExact`).
///
/// Folds each character alone, so that the fold of a part is a part of the fold: `co` and `eq` agree.
///
/// ```
/// use rollcall_scim::value::fold;
///
/// assert_eq!(fold("Ann.ÅS", false), "ann.ås");
/// assert_eq!(fold("Ann.ÅS", true), "Ann.ÅS");
/// ```
pub fn fold(text: &str, case_exact: bool) -> Cow<'_, str> {
    if case_exact || !text.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    // The final sigma is a lower-case letter of its own that only differs by its place in a word.
    let lower = text.chars().flat_map(char::to_lowercase);
    Cow::Owned(lower.map(|c| if c == 'ς' { 'σ' } else { c }).collect())
}

const EPOCH: jiff::civil::DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);

/// Reads an `xsd:dateTime` as nanoseconds since the epoch; one without an offset is taken as UTC (ours).
///
/// Years 0001 to 9999, any number of fraction digits (those past nine are dropped), offsets up to 14
/// hours. `t` and `z` may be in lower case (RFC 3339 §5.6).
///
/// ```
/// use rollcall_scim::value::parse_instant;
///
/// assert_eq!(parse_instant("1970-01-01T02:00:00.5+02:00"), Some(500_000_000));
/// assert_eq!(parse_instant("1970-01-01"), None);
/// ```
pub fn parse_instant(text: &str) -> Option<i128> {
    let (civil, rest) = text.split_at_checked(19)?;
    let (date, time) = civil.split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time.strip_prefix(['T', 't'])?, ':', [2, 2, 2])?;
    let small = |number: i16| i8::try_from(number).ok();
    let date = jiff::civil::Date::new(year, small(month)?, small(day)?).ok().filter(|_| year > 0)?;
    let time = jiff::civil::Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    // Civil, because a `Timestamp` ends a day before the year 9999 does.
    let whole = EPOCH.duration_until(date.to_datetime(time)).as_secs();
    let (nanosecond, offset) = parse_fraction(rest)?;
    Some((i128::from(whole) - i128::from(parse_offset(offset)?)) * 1_000_000_000 + i128::from(nanosecond))
}

/// Three numbers of these widths between separators: `2011-05-13`, `04:42:34`.
fn numbers(text: &str, separator: char, widths: [usize; 3]) -> Option<[i16; 3]> {
    let mut parts = text.split(separator);
    let [first, second, third] = widths.map(|width| {
        let part = parts.next().filter(|part| part.len() == width)?;
        part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()))
    });
    parts.next().is_none().then_some([first?, second?, third?])
}

/// Nanoseconds of a leading fraction such as `.25`, and what follows it.
fn parse_fraction(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = rest.get(..rest.len() - after.len()).filter(|digits| !digits.is_empty())?;
    let nine = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
    Some((nine.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')), after))
}

/// Seconds east of UTC of `Z`, `+hh:mm`, `-hh:mm`, or nothing.
fn parse_offset(text: &str) -> Option<i64> {
    if text.is_empty() || text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) =
        text.strip_prefix('-').map(|rest| (-1, rest)).or(text.strip_prefix('+').map(|r| (1, r)))?;
    let (hours, minutes) = rest.split_once(':')?;
    let two_digits = |part: &str| -> Option<i64> {
        let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| digits)
    };
    let minutes = two_digits(minutes).filter(|minutes| *minutes < 60)? + two_digits(hours)? * 60;
    Some(sign * minutes * 60).filter(|_| minutes <= 14 * 60)
}

/// Compares two values of one attribute; `None` when their types differ.
///
/// ```
/// use std::cmp::Ordering;
/// use rollcall_scim::value::{Scalar, compare};
///
/// let text = |text: &str| Scalar::Text(text.to_owned());
/// assert_eq!(compare(&text("ANN"), &text("ann"), false), Some(Ordering::Equal));
/// assert_eq!(compare(&text("1"), &Scalar::Integer(1), false), None);
/// ```
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
