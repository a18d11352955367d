//! Typed values: instants as text, folding, and the order of values.

use std::cmp::Ordering;

use rollcall_scim::schema::{Attribute, AttributeType};
use rollcall_scim::value::{Scalar, compare, fold, is_case_exact, parse_instant};
use serde_json::json;

const SECOND: i128 = 1_000_000_000;

#[test]
fn instants_are_read() {
    let cases: &[(&str, i128)] = &[
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00", 0),
        ("1970-01-01t00:00:01z", SECOND),
        ("1970-01-01T00:00:00.1Z", SECOND / 10),
        ("1970-01-01T00:00:00.123456789Z", 123_456_789),
        ("1970-01-01T00:00:00.1234567899999Z", 123_456_789),
        ("1969-12-31T23:59:59.5Z", -SECOND / 2),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1969-12-31T16:30:00-07:30", 0),
        ("1970-01-01T14:00:00+14:00", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("2011-05-13T04:42:34Z", 1_305_261_754 * SECOND),
        ("2024-02-29T12:00:00Z", 1_709_208_000 * SECOND),
        ("2000-02-29T00:00:00Z", 951_782_400 * SECOND),
        ("0001-01-03T00:00:00.0000000Z", -62_135_424_000 * SECOND),
        ("0001-01-01T00:00:00+14:00", -62_135_647_200 * SECOND),
        ("2199-01-01T00:00:00.0000000Z", 7_226_582_400 * SECOND),
        ("9999-12-31T23:59:59.999999999Z", 253_402_300_800 * SECOND - 1),
        ("9999-12-31T23:59:59-14:00", 253_402_351_199 * SECOND),
    ];
    for (text, expected) in cases {
        assert_eq!(parse_instant(text), Some(*expected), "{text}");
    }
}

#[test]
fn what_is_no_instant() {
    let cases = [
        "",
        "2011-05-13",
        "2011-05-13 04:42:34Z",
        "2011-05-13T04:42Z",
        "2011-05-13T04:42:34+25:00",
        "2011-05-13T04:42:34+14:01",
        "2011-05-13T04:42:34+02:60",
        "2011-05-13T04:42:34+0200",
        "2011-05-13T04:42:34+02",
        "2011-05-13T04:42:34 +02:00",
        "2011-05-13T04:42:34ZZ",
        "2011-05-13T04:42:34.Z",
        "2011-05-13T04:42:34.",
        "2011-05-13T04:42:34,5Z",
        "2011-05-13T04:42:34[UTC]",
        "2011-05-13T04[u]5678",
        "2011-05-13T24:00:00Z",
        "2011-05-13T04:60:00Z",
        "2011-05-13T04:42:60Z",
        "2011-13-01T00:00:00Z",
        "2011-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2011-04-31T00:00:00Z",
        "2011-00-10T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        "+011-01-01T00:00:00Z",
        "20-0011-13T04:42:34Z",
        "2011-W19-5T04:42:34Z",
        "12011-05-13T04:42:34Z",
        "２011-05-13T04:42Z",
        "2011-05-13T04:42:3é",
    ];
    for text in cases {
        assert_eq!(parse_instant(text), None, "{text}");
    }
}

#[test]
fn folding_is_by_character() {
    let cases =
        [("Ann", "ann"), ("ÅSA", "åsa"), ("ΟΔΟΣ", "οδοσ"), ("οδος", "οδοσ"), ("İ", "i\u{307}"), ("ß1", "ß1")];
    for (text, folded) in cases {
        assert_eq!(fold(text, false), folded);
        assert_eq!(fold(text, true), text);
        assert_eq!(fold(folded, false), folded);
    }
}

#[test]
fn values_compare_within_their_type() {
    let text = |text: &str| Scalar::Text(text.to_owned());
    let cases = [
        (text("a"), text("B"), false, Some(Ordering::Less)),
        (text("a"), text("B"), true, Some(Ordering::Greater)),
        (text("Å"), text("å"), false, Some(Ordering::Equal)),
        (Scalar::Integer(2), Scalar::Integer(10), true, Some(Ordering::Less)),
        (Scalar::Integer(2), Scalar::Decimal(1.5), true, Some(Ordering::Greater)),
        (Scalar::Decimal(2.0), Scalar::Integer(2), true, Some(Ordering::Equal)),
        (Scalar::Boolean(false), Scalar::Boolean(true), true, Some(Ordering::Less)),
        (Scalar::Instant(1), Scalar::Instant(-1), true, Some(Ordering::Greater)),
        (Scalar::Decimal(f64::NAN), Scalar::Decimal(0.0), true, None),
        (text("1"), Scalar::Integer(1), true, None),
        (Scalar::Boolean(true), Scalar::Integer(1), true, None),
    ];
    for (left, right, case_exact, expected) in cases {
        assert_eq!(compare(&left, &right, case_exact), expected, "{left:?} {right:?}");
        assert_eq!(compare(&right, &left, case_exact), expected.map(Ordering::reverse));
    }
}

#[test]
fn stored_values_are_read_by_their_type() {
    let cases = [
        (json!("x"), AttributeType::String, Some(Scalar::Text("x".to_owned()))),
        (json!(7), AttributeType::String, None),
        (json!("true"), AttributeType::Boolean, None),
        (json!(true), AttributeType::Boolean, Some(Scalar::Boolean(true))),
        (json!(7), AttributeType::Integer, Some(Scalar::Integer(7))),
        (json!(7), AttributeType::Decimal, Some(Scalar::Decimal(7.0))),
        (json!("7"), AttributeType::Integer, None),
        (json!("1970-01-01T00:00:01Z"), AttributeType::DateTime, Some(Scalar::Instant(SECOND))),
        (json!("soon"), AttributeType::DateTime, None),
        (json!({}), AttributeType::Complex, None),
        (json!(null), AttributeType::String, None),
    ];
    for (value, kind, expected) in cases {
        assert_eq!(Scalar::read(&value, kind), expected, "{value} {kind:?}");
    }
}

#[test]
fn references_and_binary_values_are_always_case_exact() {
    let exact = |kind| is_case_exact(&Attribute::new("a", kind));
    assert!(exact(AttributeType::Reference) && exact(AttributeType::Binary));
    assert!(!exact(AttributeType::String));
    assert!(is_case_exact(&Attribute { case_exact: true, ..Attribute::new("a", AttributeType::String) }));
}
